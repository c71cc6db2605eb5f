import CKernels
import Kernels

/// A kernel on fixed random inputs, in one of its type combinations: what levels are compared on and speed is taken of.
struct KernelRun: Sendable, CustomStringConvertible {
    let kernel: String
    let variant: String
    /// Numbers one run goes over, for speeds.
    let elements: Int
    /// Whether results are rounded to bfloat16.
    let roundsToBF16: Bool
    /// Prepares buffers; `run` may be called again and again, `results` reads what the last call wrote.
    let prepare: @Sendable () -> (run: () -> Void, results: () -> [Float])

    var description: String { "\(kernel) \(variant)" }
}

/// Numbers in memory in either type.
final class Buffer {
    let count: Int
    let isBF16: Bool
    let pointer: UnsafeMutableRawPointer

    init(_ values: [Float], bf16 isBF16: Bool) {
        count = values.count
        self.isBF16 = isBF16
        pointer = .allocate(byteCount: max(64, values.count * 4), alignment: 64)
        for (i, x) in values.enumerated() {
            if isBF16 {
                pointer.storeBytes(of: bf16(x), toByteOffset: 2 * i, as: UInt16.self)
            } else {
                pointer.storeBytes(of: x, toByteOffset: 4 * i, as: Float.self)
            }
        }
    }

    convenience init(zeros count: Int, bf16: Bool = false) {
        self.init([Float](repeating: 0, count: count), bf16: bf16)
    }
    convenience init(random count: Int, _ seed: UInt64, bf16: Bool = false, _ range: ClosedRange<Float> = -2...2) {
        var numbers = Numbers(seed)
        self.init(numbers.floats(count, range), bf16: bf16)
    }

    deinit { pointer.deallocate() }

    var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
    var flag: Int32 { isBF16 ? 1 : 0 }
    var values: [Float] {
        (0..<count).map {
            isBF16
                ? float(pointer.load(fromByteOffset: 2 * $0, as: UInt16.self))
                : pointer.load(fromByteOffset: 4 * $0, as: Float.self)
        }
    }
}

/// Every kernel with a body per level, on rows × columns of each type it knows. Columns are odd for comparisons and a
/// model's own for speeds.
func kernelRuns(rows: Int, columns: Int) -> [KernelRun] {
    pointwise(rows, columns) + normsAndRotary(rows, columns) + activations(rows, columns) + softmax(rows, columns)
        + crossEntropy(rows, columns)
}

let kinds = [(false, false), (false, true), (true, false), (true, true)]
func name(_ bf16: Bool) -> String { bf16 ? "bf16" : "f32" }
