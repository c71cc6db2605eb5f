import Kernels

/// What the tests of our own product multiply, and what Double makes of it.
struct OwnTilesProblem {
    let shape: OwnTilesShape
    let type: ElementType
    let format: ElementFormat
    let transposed: Bool
    let (a, low, wide): (Buffer, Buffer, Buffer)
    /// B as it is stored, rows of `stride` numbers, and its numbers.
    private let stored: Storage
    private let b: Buffer
    private let stride: Int

    init(_ shape: OwnTilesShape, _ type: ElementType, _ format: ElementFormat, transposed: Bool) {
        self.shape = shape
        self.type = type
        self.format = format
        self.transposed = transposed
        let bf16 = type == .bf16
        a = Buffer(random: shape.rows * shape.inner, 1, bf16: bf16)
        low = Buffer(random: shape.rows * shape.rank, 3, bf16: bf16)
        wide = Buffer(random: shape.rank * shape.columns, 4, bf16: bf16)
        let rows = transposed ? shape.columns : shape.inner
        stride = transposed ? shape.inner : shape.columns
        let numbers = Buffer(random: rows * stride, 2)
        stored = Storage(byteCount: rows * format.rowBytes(stride))
        BlockFormats.quantizeRows(format, numbers.floats, columns: stride, rows: rows, into: stored.base)
        b = Buffer(zeros: rows * stride)
        BlockFormats.expandRows(format, stored.base, columns: stride, rows: 0..<rows, into: b.floats)
    }

    private var left: Operand { Operand(a.pointer, stride: shape.inner, type: type) }
    private var term: [LowRankTerm] {
        if shape.rank == 0 { return [] }
        return [
            LowRankTerm(
                Operand(low.pointer, stride: shape.rank, type: type),
                Operand(wide.pointer, stride: shape.columns, type: type), rank: shape.rank)
        ]
    }

    /// The kernel's result; nil when it refused.
    func computed(accumulate: Bool) -> [Float]? {
        let result = Buffer([Float](repeating: 0.5, count: shape.rows * shape.columns), bf16: false)
        let isOwn = Product.ownTiles(
            left, StoredOperand(stored.base, stride: stride, format: format, transposed: transposed),
            into: Destination(result.pointer, stride: shape.columns), rows: shape.rows, columns: shape.columns,
            inner: shape.inner, accumulate: accumulate, plus: term, engine: .graft)
        return isOwn ? result.values : nil
    }

    /// The result by whatever engine is chosen; B must be stored in the operand type.
    func multiplied() -> [Float] {
        let result = Buffer(zeros: shape.rows * shape.columns)
        Product.multiply(
            left, Operand(stored.base, stride: stride, type: type, transposed: transposed),
            into: Destination(result.pointer, stride: shape.columns), rows: shape.rows, columns: shape.columns,
            inner: shape.inner, plus: term)
        return result.values
    }

    func expected(accumulate: Bool) -> [Double] {
        let x = a.values.map(Double.init)
        let w = b.values.map { Double(type == .bf16 ? float(bf16($0)) : $0) }
        let (l, v) = (low.values.map(Double.init), wide.values.map(Double.init))
        return (0..<shape.rows * shape.columns).map { at in
            let (r, c) = (at / shape.columns, at % shape.columns)
            var sum = accumulate ? 0.5 : 0
            for k in 0..<shape.inner {
                sum += x[r * shape.inner + k] * w[transposed ? c * shape.inner + k : k * shape.columns + c]
            }
            for k in 0..<shape.rank { sum += l[r * shape.rank + k] * v[k * shape.columns + c] }
            return sum
        }
    }
}

struct OwnTilesShape: Sendable, CustomStringConvertible {
    let rows: Int
    let columns: Int
    let inner: Int
    let rank: Int
    var description: String { "\(rows)×\(columns)×\(inner) rank \(rank)" }

    /// Odd sizes, several blocks of the inner dimension, rows 4 KB from each other, and no rank or any the kernel adds.
    static let odd = [
        (48, 64, 256, 2), (61, 95, 515, 16), (60, 401, 1027, 8), (49, 130, 2048, 48), (200, 64, 300, 256),
        (77, 130, 1030, 0),
    ].map { OwnTilesShape(rows: $0, columns: $1, inner: $2, rank: $3) }
    /// Whole blocks of 256 in either direction, more of them than a packed block is wide or deep.
    static let whole = [(50, 768, 1280, 16), (53, 256, 768, 0)].map {
        OwnTilesShape(rows: $0, columns: $1, inner: $2, rank: $3)
    }
}
