import Kernels

extension TransformerConfig {
    /// Whether rotary angles depend on the length of the sequence, so that keys kept from a shorter one are not those
    /// of a longer one.
    public var anglesDependOnLength: Bool {
        rotaries.contains { rotary in
            switch rotary.scaling {
            case .dynamic, .longRope: true
            default: false
            }
        }
    }

    /// Whether a sequence that grows from `before` positions to `after` has other angles from its first position on, as
    /// LongRoPE beyond the original length: then its keys are computed again, as transformers does. With dynamic
    /// scaling they stay, there too.
    public func turnsAnew(from before: Int, to after: Int) -> Bool {
        rotaries.contains { rotary in
            guard case .longRope = rotary.scaling else { return false }
            return rotary.effectiveLength(before) != rotary.effectiveLength(after)
        }
    }

    /// Bytes that one position of one sequence takes in a ``KeyValueCache`` of `type`.
    public func cachedBytes(_ type: ElementType) -> Int {
        layers.reduce(0) { sum, layer in
            switch layer.mixer {
            case .attention(let attention): sum + 2 * attention.keyValueHeads * attention.headDim * type.size
            case .latentAttention(let attention):
                sum + attention.heads * (attention.plainDim + attention.rotaryDim + attention.valueDim) * type.size
            }
        }
    }
}
