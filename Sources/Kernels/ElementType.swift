/// The type of numbers that are computed with: activations, gradients, operands of products.
public enum ElementType: UInt8, Sendable, CaseIterable {
    /// 32-bit IEEE floats.
    case f32
    /// bfloat16: the upper half of a float, rounded to nearest, ties to even.
    case bf16

    /// Bytes of a number.
    public var size: Int { self == .f32 ? 4 : 2 }
    /// The flag C kernels take.
    public var isBF16: Int32 { self == .bf16 ? 1 : 0 }
}
