/// The size of one module's tensors, as the decoder sees them: matrices are [outputs, inputs].
public struct ModuleShape: Sendable, Equatable {
    /// Of the weight.
    public var weight: [Int]
    /// Of the bias; nil when the module has none.
    public var bias: Int?
    /// A size.
    public init(_ weight: [Int], bias: Int? = nil) {
        self.weight = weight
        self.bias = bias
    }
}

extension TransformerConfig {
    /// Every module the decoder needs, by logical path. A tied head is left out.
    public var moduleShapes: [String: ModuleShape] {
        var shapes = ["embedding": ModuleShape([vocabularySize, hiddenSize])]
        if learnedPositions { shapes["positions"] = ModuleShape([maximumPositions, hiddenSize]) }
        if !tiedHead { shapes["head"] = ModuleShape([vocabularySize, hiddenSize]) }
        shapes["norm"] = normShape(hiddenSize)
        for (i, layer) in layers.enumerated() {
            let path = "layers.\(i)"
            for norm in layer.arrangement.norms { shapes["\(path).\(norm)"] = normShape(hiddenSize) }
            switch layer.mixer {
            case .attention(let attention):
                for (name, shape) in attentionShapes(attention) { shapes["\(path).attention.\(name)"] = shape }
            case .latentAttention(let attention):
                for (name, shape) in latentShapes(attention) { shapes["\(path).attention.\(name)"] = shape }
            }
            for (name, shape) in feedForwardShapes(layer.feedForward) { shapes["\(path).feedForward.\(name)"] = shape }
        }
        return shapes
    }

    private func matrix(_ outputs: Int, _ inputs: Int, bias: Bool) -> ModuleShape {
        ModuleShape([outputs, inputs], bias: bias ? outputs : nil)
    }

    private func normShape(_ width: Int) -> ModuleShape? {
        norm.hasWeight ? ModuleShape([width], bias: norm.hasBias ? width : nil) : nil
    }

    private func attentionShapes(_ attention: AttentionConfig) -> [(String, ModuleShape)] {
        let queries = attention.heads * attention.headDim
        let keys = attention.keyValueHeads * attention.headDim
        var shapes = [("output", matrix(hiddenSize, queries, bias: attention.outputBias))]
        switch attention.projection {
        case .separate:
            shapes.append(("query", matrix(queries, hiddenSize, bias: attention.inputBias)))
            shapes.append(("key", matrix(keys, hiddenSize, bias: attention.inputBias)))
            shapes.append(("value", matrix(keys, hiddenSize, bias: attention.inputBias)))
        case .fused, .fusedByGroup:
            shapes.append(("queryKeyValue", matrix(queries + 2 * keys, hiddenSize, bias: attention.inputBias)))
        }
        switch attention.queryKeyNorm {
        case .none, .perHeadUnweighted: break
        case .perHead:
            shapes.append(("queryNorm", ModuleShape([attention.headDim])))
            shapes.append(("keyNorm", ModuleShape([attention.headDim])))
        case .eachHead:
            shapes.append(("queryNorm", ModuleShape([attention.heads, attention.headDim])))
            shapes.append(("keyNorm", ModuleShape([attention.keyValueHeads, attention.headDim])))
        case .fullWidth:
            shapes.append(("queryNorm", ModuleShape([queries])))
            shapes.append(("keyNorm", ModuleShape([keys])))
        }
        if attention.sinks { shapes.append(("sinks", ModuleShape([attention.heads]))) }
        return shapes
    }

    private func latentShapes(_ attention: LatentAttentionConfig) -> [(String, ModuleShape)] {
        let queries = attention.heads * (attention.plainDim + attention.rotaryDim)
        var shapes = [
            (
                "keyValueDown",
                matrix(attention.keyValueRank + attention.rotaryDim, hiddenSize, bias: attention.bias)
            ),
            ("keyValueNorm", ModuleShape([attention.keyValueRank])),
            (
                "keyValueUp",
                matrix(attention.heads * (attention.plainDim + attention.valueDim), attention.keyValueRank, bias: false)
            ),
            ("output", matrix(hiddenSize, attention.heads * attention.valueDim, bias: attention.bias)),
        ]
        if let rank = attention.queryRank {
            shapes.append(("queryDown", matrix(rank, hiddenSize, bias: attention.bias)))
            shapes.append(("queryDownNorm", ModuleShape([rank])))
            shapes.append(("queryUp", matrix(queries, rank, bias: false)))
        } else {
            shapes.append(("query", matrix(queries, hiddenSize, bias: false)))
        }
        return shapes
    }

    private func feedForwardShapes(_ feedForward: FeedForwardConfig) -> [(String, ModuleShape)] {
        switch feedForward {
        case .dense(let dense): return denseShapes(dense)
        case .experts(let experts):
            var shapes = [("router", matrix(experts.count, hiddenSize, bias: experts.routerBias))]
            if case .grouped(let grouped) = experts.routing, grouped.correction {
                shapes.append(("routerCorrection", ModuleShape([experts.count])))
            }
            if let shared = experts.shared {
                shapes += denseShapes(shared).map { ("shared." + $0.0, $0.1) }
                if experts.sharedGate { shapes.append(("sharedGate", matrix(1, hiddenSize, bias: false))) }
            }
            return shapes + expertShapes(experts)
        }
    }

    private func denseShapes(_ dense: DenseConfig) -> [(String, ModuleShape)] {
        let down = ("down", matrix(hiddenSize, dense.hidden, bias: dense.bias))
        let up = ("up", matrix(dense.hidden, hiddenSize, bias: dense.bias))
        switch dense.kind {
        case .gated: return [("gate", up.1), up, down]
        case .gatedFused: return [("gateUp", matrix(2 * dense.hidden, hiddenSize, bias: dense.bias)), down]
        case .plain: return [up, down]
        }
    }

    private func expertShapes(_ experts: ExpertsConfig) -> [(String, ModuleShape)] {
        let (count, hidden) = (experts.count, experts.expert.hidden)
        switch experts.storage {
        case .modules:
            return (0..<count).flatMap { e in denseShapes(experts.expert).map { ("experts.\(e)." + $0.0, $0.1) } }
        case .stacked, .stackedInterleaved:
            return [
                ("experts.gateUp", ModuleShape([count, 2 * hidden, hiddenSize])),
                ("experts.down", ModuleShape([count, hiddenSize, hidden])),
            ] + expertBiases(experts)
        case .stackedInputsFirst:
            return [
                ("experts.gateUp", ModuleShape([count, hiddenSize, 2 * hidden])),
                ("experts.down", ModuleShape([count, hidden, hiddenSize])),
            ] + expertBiases(experts)
        }
    }

    private func expertBiases(_ experts: ExpertsConfig) -> [(String, ModuleShape)] {
        guard experts.expert.bias else { return [] }
        return [
            ("experts.gateUpBias", ModuleShape([experts.count, 2 * experts.expert.hidden])),
            ("experts.downBias", ModuleShape([experts.count, hiddenSize])),
        ]
    }
}

extension LayerConfig.Arrangement {
    /// The norms of this arrangement, by the last part of their logical paths.
    public var norms: [String] {
        switch self {
        case .pre, .parallel: ["attentionNorm", "feedForwardNorm"]
        case .post: ["attentionPostNorm", "feedForwardPostNorm"]
        case .sandwich: ["attentionNorm", "attentionPostNorm", "feedForwardNorm", "feedForwardPostNorm"]
        case .parallelShared: ["attentionNorm"]
        }
    }
}
