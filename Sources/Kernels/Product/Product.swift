import CKernels
import COneDNN
import COpenBLAS
import Foundation

/// What multiplies matrices.
public enum ProductEngine: String, Sendable {
    /// OpenBLAS, in f32.
    case openblas
    /// oneDNN, in bf16 where the processor has it and in f32.
    case onednn
    /// Our own kernel for large products, in f32 on processors with AVX2 and in bf16 on those with AVX512-BF16 and
    /// without AMX; oneDNN for the others.
    case graft

    /// The engine of this process: `GRAFT_MATMUL`, or the fastest wherever we measured them (docs/performance.md): our
    /// own kernel where it runs, and oneDNN, which is faster than OpenBLAS in f32 as well.
    public static let chosen: ProductEngine = {
        openblas_set_num_threads(1)  // it runs inside our pool, never beside it
        return ProcessInfo.processInfo.environment["GRAFT_MATMUL"].flatMap(ProductEngine.init)
            ?? (Product.hasOwnTiles(.f32) ? .graft : .onednn)
    }()
}

/// One side of a product: element (r, c) lies at `r·stride + c`, or at `c·stride + r` when `transposed`.
public struct Operand {
    let data: UnsafeRawPointer
    let stride: Int
    let transposed: Bool
    let type: ElementType
    private let owner: Storage?

    /// A matrix in memory, kept alive by `owner` while the product runs; without one by the caller.
    public init(
        _ data: UnsafeRawPointer, stride: Int, type: ElementType, transposed: Bool = false, owner: Storage? = nil
    ) {
        self.data = data
        self.stride = stride
        self.transposed = transposed
        self.type = type
        self.owner = owner
    }

    func moved(rows: Int = 0, columns: Int = 0) -> Operand {
        let elements = transposed ? columns * stride + rows : rows * stride + columns
        return Operand(data + elements * type.size, stride: stride, type: type, transposed: transposed, owner: owner)
    }

    var dnn: graft_dnn_operand {
        graft_dnn_operand(data: data, stride: Int64(stride), transposed: transposed ? 1 : 0)
    }
}

/// Where a product goes: rows of numbers `stride` apart.
public struct Destination {
    let data: UnsafeMutableRawPointer
    let stride: Int
    let type: ElementType

    /// A matrix in memory.
    public init(_ data: UnsafeMutableRawPointer, stride: Int, type: ElementType = .f32) {
        self.data = data
        self.stride = stride
        self.type = type
    }
}

/// Matrix products through one call.
public enum Product {
    /// Products of different shapes that oneDNN has prepared for the calling thread, and the most it keeps: each takes
    /// memory outside the arena.
    public static var prepared: (count: Int, most: Int) {
        (Int(graft_dnn_prepared()), Int(graft_dnn_most_prepared()))
    }

    // From this many rows on a primitive with a run-time row count is as fast as a fixed one, and serves every length.
    private static let runTimeRows = 192

    /// Whether a product takes a primitive that serves every number of rows (or, of a gradient, of rows summed over).
    ///
    /// Making one for a new shape costs 0.2 ms, more than the product of an expert's few rows with an adapter, and
    /// experts get another number of rows each time. Round numbers recur, as batches do, and have their own.
    private static func servesAnyCount(_ a: Operand, _ rows: Int, _ inner: Int) -> Bool {
        if a.transposed { return rows <= 128 && inner % 64 != 0 }
        return rows >= runTimeRows || rows % 16 != 0
    }

    /// `c (+)= a·b` for a [rows × inner] and b [inner × columns], both of one type, plus the products of low rank; sums
    /// are in f32.
    public static func multiply(
        _ a: Operand, _ b: Operand, into c: Destination, rows: Int, columns: Int, inner: Int, accumulate: Bool = false,
        plus terms: [LowRankTerm] = []
    ) {
        precondition(a.type == b.type, "product: operands of types \(a.type) and \(b.type)")
        defer { withExtendedLifetime((a, b)) {} }
        if ownTiles(
            a, b.stored, into: c, rows: rows, columns: columns, inner: inner, accumulate: accumulate, plus: terms)
        {
            return
        }
        if !ofFewRows(a, b, c, rows, columns, inner, accumulate) {
            multiply(
                a, b, into: c, rows: rows, columns: columns, inner: inner, accumulate: accumulate,
                engine: ProductEngine.chosen)
        }
        for term in terms {
            multiply(term.a, term.b, into: c, rows: rows, columns: columns, inner: term.rank, accumulate: true)
        }
    }

    /// The same through a given engine, for tests that compare them.
    package static func multiply(
        _ a: Operand, _ b: Operand, into c: Destination, rows: Int, columns: Int, inner: Int, accumulate: Bool,
        engine: ProductEngine
    ) {
        precondition(a.type == b.type, "product: operands of types \(a.type) and \(b.type)")
        defer { withExtendedLifetime((a, b)) {} }
        if rows == 0 || columns == 0 { return }
        if inner == 0 {
            if !accumulate { clear(c, rows, columns) }
            return
        }
        if a.type == .f32 && c.type == .f32 && engine == .openblas {
            blas(a, b, c, rows, columns, inner, accumulate)
            return
        }
        if ownTiles(
            a, b.stored, into: c, rows: rows, columns: columns, inner: inner, accumulate: accumulate, plus: [],
            engine: engine)
        {
            return
        }
        let dynamic = servesAnyCount(a, rows, inner)
        if let message = graft_dnn_product(
            a.dnn, b.dnn, c.data, Int64(c.stride), Int64(rows), Int64(columns), Int64(inner), a.type.isBF16,
            c.type.isBF16, accumulate ? 1 : 0, dynamic ? 1 : 0)
        {
            preconditionFailure(
                "product \(rows)×\(columns)×\(inner) of \(a.type), strides \(a.stride), \(b.stride), \(c.stride): "
                    + String(cString: message))
        }
    }

    private static func clear(_ c: Destination, _ rows: Int, _ columns: Int) {
        for r in 0..<rows { memset(c.data + r * c.stride * c.type.size, 0, columns * c.type.size) }
    }

    // OpenBLAS runs single-threaded; the larger side of the result is cut into one strip a thread.
    private static func blas(
        _ a: Operand, _ b: Operand, _ c: Destination, _ rows: Int, _ columns: Int, _ inner: Int, _ accumulate: Bool
    ) {
        let strips = graft_in_parallel() != 0 || rows * columns * inner < 1 << 18 ? 1 : Pool.threads
        let long = max(rows, columns)
        let strip = ((long + strips - 1) / strips + 15) / 16 * 16
        Pool.run((long + strip - 1) / strip) { i in
            let start = i * strip
            let length = min(strip, long - start)
            let byRows = rows >= columns
            let left = byRows ? a.moved(rows: start) : a
            let right = byRows ? b : b.moved(columns: start)
            let out = c.data + (byRows ? start * c.stride : start) * 4
            cblas_sgemm(
                CblasRowMajor, left.transposed ? CblasTrans : CblasNoTrans,
                right.transposed ? CblasTrans : CblasNoTrans,
                blasint(byRows ? length : rows), blasint(byRows ? columns : length), blasint(inner), 1,
                left.data.assumingMemoryBound(to: Float.self), blasint(left.stride),
                right.data.assumingMemoryBound(to: Float.self), blasint(right.stride), accumulate ? 1 : 0,
                out.assumingMemoryBound(to: Float.self), blasint(c.stride))
        }
    }
}
