import Kernels

/// Every bound the tests of this module hold results to, in one place. All are relative: ‖ours − reference‖ /
/// ‖reference‖.
struct Tolerances {
    /// An op's outputs against its formula in Double.
    let forward: Double
    /// Gradients against central differences of that formula.
    let gradient: Double

    /// f32: a few units in the last place, amplified by sums. bf16: operands carry 8 bits, so 2⁻⁹ each.
    static func of(_ type: ElementType) -> Tolerances {
        switch type {
        case .f32: Tolerances(forward: 5e-6, gradient: 3e-5)
        case .bf16: Tolerances(forward: 6e-3, gradient: 1.2e-2)
        }
    }

    /// Step of the central differences, in Double.
    static let step = 1e-5
    /// A gradient of a nearly certain row may be off by this much in bf16 (the reason the target's column is left out).
    static let certainRow = 3e-3
}
