import Kernels

extension TransformerConfig {
    /// Whether rotary angles depend on the length of the sequence. Sequences of such a model run one by one, or company
    /// would change their results.
    public var anglesDependOnLength: Bool { rotaries.contains(where: \.dependsOnLength) }

    /// Bytes that one position of one sequence takes in a ``KeyValueCache`` of `type`.
    public func cachedBytes(_ type: ElementType) -> Int {
        layers.compactMap(\.attention).reduce(0) { $0 + 2 * $1.keyValueHeads * $1.headDim * type.size }
    }
}
