import CKernels
import Foundation
import Kernels
import Testing

/// All tests of this module run one after the other. Other modules' tests run beside them in the same process, so a
/// test that changes or counts what belongs to the whole process (levels, the arena) runs in a process of its own.
@Suite(.serialized) struct KernelsTests {}

/// Every bound of this module, relative (‖ours − reference‖ / ‖reference‖) unless it says otherwise.
enum Bounds {
    /// One level's kernel against another's, in f32: the order of additions is the same, contraction into FMA is not.
    static let levels = 4e-7
    /// The same where results are stored as bfloat16: a few numbers fall on the other side of a rounding border.
    static let levelsBF16 = 3e-4
    /// A product in f32 sums against Double.
    static let product = 2e-6
    /// A product stored as bfloat16.
    static let productBF16 = 3e-3
    /// e^x, relative, element by element; claimed beside the kernel.
    static let exp = 2.5e-7
    /// tanh, relative.
    static let tanh = 4e-7
    /// GELU, absolute, per unit of |x|: erf's 1.5e-7 and rounding.
    static let gelu = 4e-7
    /// AdamW after 20 steps against torch's formula in Double.
    static let adamw = 2e-6
}

/// SplitMix64.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64 = 1) { state = seed &* 0x2545_f491_4f6c_dd1d }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
    mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -2...2) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
}

/// The nearest bfloat16 by definition: ties to even, NaN stays NaN.
func bf16(_ x: Float) -> UInt16 {
    if x.isNaN { return 0x7fc0 }
    let bits = x.bitPattern
    let (upper, lower) = (UInt16(bits >> 16), bits & 0xffff)
    return lower > 0x8000 || (lower == 0x8000 && upper & 1 == 1) ? upper + 1 : upper
}

func float(_ x: UInt16) -> Float { Float(bitPattern: UInt32(x) << 16) }

/// ‖a − b‖ / ‖b‖ over finite numbers; infinite when one side alone is not finite, or b alone is zero.
func relativeError(_ a: [Float], _ b: [Double]) -> Double {
    precondition(a.count == b.count, "\(a.count) numbers against \(b.count)")
    var (difference, norm) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
        if !y.isFinite && Double(x) == y { continue }
        difference += (Double(x) - y) * (Double(x) - y)
        norm += y * y
    }
    guard difference.isFinite && norm.isFinite else { return .infinity }
    return norm == 0 ? (difference == 0 ? 0 : .infinity) : (difference / norm).squareRoot()
}

/// Runs `body` with the kernels of a level. The level is the whole process's: only for tests in a process of their own.
func atLevel<R>(_ level: Int, _ body: () -> R) -> R {
    let before = graft_use_level(Int32(level))
    defer { _ = graft_use_level(before) }
    return body()
}

/// The levels that can be compared here.
let levels: [Int] = [4, 3, 1].filter { $0 <= Machine.kernelLevel }
