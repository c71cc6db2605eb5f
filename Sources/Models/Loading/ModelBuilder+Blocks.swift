import Tensors

extension ModelBuilder {
    /// The block of layer `i`.
    func block(_ i: Int, _ config: LayerConfig) -> Block {
        let path = "layers.\(i)"
        let norms = Dictionary(
            uniqueKeysWithValues: config.arrangement.norms.map { ($0, norm("\(path).\($0)") ?? bareNorm()) })
        let mixer: Mixer =
            switch config.mixer {
            case .attention(let attention): .attention(selfAttention("\(path).attention", i, attention))
            case .latentAttention(let attention): .latent(latentAttention("\(path).attention", i, attention))
            }
        let part: PositionPart =
            switch config.feedForward {
            case .dense(let dense): .dense(feedForward("\(path).feedForward", dense))
            case .experts(let experts): .experts(mixture("\(path).feedForward", experts))
            }
        return Block(
            arrangement: config.arrangement, residualScale: config.residualScale, attention: mixer, feedForward: part,
            attentionNorm: norms["attentionNorm"], attentionPostNorm: norms["attentionPostNorm"],
            feedForwardNorm: norms["feedForwardNorm"], feedForwardPostNorm: norms["feedForwardPostNorm"])
    }

    private func selfAttention(_ path: String, _ layer: Int, _ config: AttentionConfig) -> SelfAttention {
        let inputs: [String] =
            switch config.projection {
            case .separate: ["query", "key", "value"]
            case .fused, .fusedByGroup: ["queryKeyValue"]
            }
        // Norms over heads are root-mean-square norms, but where each head has its own.
        func headNorm(_ name: String) -> Norm? {
            guard var norm = config.queryKeyNorm == .perHeadUnweighted ? bareNorm() : norm("\(path).\(name)") else {
                return nil
            }
            norm.centred = norm.centred && config.queryKeyNorm == .eachHead
            norm.epsilon = config.queryKeyNormEpsilon ?? norm.epsilon
            return norm
        }
        return SelfAttention(
            config: config, layer: layer, input: group(inputs.map { "\(path).\($0)" }),
            output: group(["\(path).output"]), queryNorm: headNorm("queryNorm"), keyNorm: headNorm("keyNorm"),
            sinks: numbers("\(path).sinks"))
    }

    private func latentAttention(_ path: String, _ layer: Int, _ config: LatentAttentionConfig) -> LatentAttention {
        func narrowNorm(_ name: String) -> Norm? {
            guard var norm = norm("\(path).\(name)") else { return nil }
            norm.epsilon = config.normEpsilon
            return norm
        }
        guard let keyValueNorm = narrowNorm("keyValueNorm") else {
            preconditionFailure("\(path): the weight plan of latent attention has no keyValueNorm")
        }
        let narrow = config.queryRank != nil
        return LatentAttention(
            config: config, layer: layer,
            input: group(["\(path).\(narrow ? "queryDown" : "query")", "\(path).keyValueDown"]),
            queryNorm: narrow ? narrowNorm("queryDownNorm") : nil,
            queryUp: narrow ? group(["\(path).queryUp"]) : nil, keyValueNorm: keyValueNorm,
            keyValueUp: group(["\(path).keyValueUp"]), output: group(["\(path).output"]))
    }

    private func feedForward(_ path: String, _ config: DenseConfig, expert: Int? = nil) -> FeedForward {
        let inputs: [String] =
            switch config.kind {
            case .gated: ["gate", "up"]
            case .gatedFused: ["gateUp"]
            case .plain: ["up"]
            }
        let places = expert.map { self.slots(path.droppingLastPart, $0, hidden: config.hidden) }
        return FeedForward(
            kind: config.kind, hidden: config.hidden,
            input: group(inputs.map { "\(path).\($0)" }, slots: places?.inputs),
            output: GatedLinear(group: group(["\(path).down"], slots: places?.output), activation: config.activation))
    }

    /// Where gate, up and down of an expert with matrices of its own would be among those of all experts; nil when the
    /// family never has them together.
    private func slots(_ path: String, _ expert: Int, hidden: Int) -> (inputs: [ExpertSlot]?, output: [ExpertSlot]?) {
        func slot(_ parameter: ExpertParameter, _ outputs: Range<Int>) -> ExpertSlot {
            ExpertSlot(parameter: parameter, expert: expert, outputs: outputs, isStacked: false, inputsFirst: false)
        }
        return (
            parameter("\(path).gateUp").map { [slot($0, 0..<hidden), slot($0, hidden..<2 * hidden)] },
            parameter("\(path).down").map { [slot($0, 0..<$0.outputs)] }
        )
    }

    private func mixture(_ path: String, _ config: ExpertsConfig) -> Experts {
        let networks: [Experts.Network] =
            switch config.storage {
            case .modules:
                (0..<config.count).map { .plain(feedForward("\(path).experts.\($0)", config.expert, expert: $0)) }
            case .stacked: stackedNetworks("\(path).experts", config, inputsFirst: false, interleaved: false)
            case .stackedInterleaved:
                stackedNetworks("\(path).experts", config, inputsFirst: false, interleaved: true)
            case .stackedInputsFirst(let interleaved):
                stackedNetworks("\(path).experts", config, inputsFirst: true, interleaved: interleaved)
            }
        return Experts(
            routing: config.routing(correction: numbers("\(path).routerCorrection")),
            weighsInput: config.routing == .sigmoidOnInput, router: group(["\(path).router"]), experts: networks,
            shared: config.shared.map { feedForward("\(path).shared", $0) },
            sharedGate: config.sharedGate ? group(["\(path).sharedGate"]) : nil)
    }

    private func stackedNetworks(
        _ path: String, _ config: ExpertsConfig, inputsFirst: Bool, interleaved: Bool
    ) -> [Experts.Network] {
        let inputs = stacked(
            "\(path).gateUp", parameter: parameter("\(path).gateUp"), experts: config.count, inputsFirst: inputsFirst,
            biases: "\(path).gateUpBias")
        let outputs = stacked(
            "\(path).down", parameter: parameter("\(path).down"), experts: config.count, inputsFirst: inputsFirst,
            biases: "\(path).downBias")
        return zip(inputs, outputs).map { input, output in
            let (gateUp, down) = (attached([input]), attached([output]))
            if let limit = config.clampedLimit {
                return .clamped(gateUp: gateUp, gate: ClampedGate(limit: limit, interleaved: interleaved), down: down)
            }
            precondition(!interleaved, "\(path): alternating gate and up rows have only the clamped formula")
            return .plain(
                FeedForward(
                    kind: .gatedFused, hidden: config.expert.hidden, input: gateUp,
                    output: GatedLinear(group: down, activation: config.expert.activation)))
        }
    }
}

extension String {
    /// `layers.3.feedForward.experts.7` → `layers.3.feedForward.experts`.
    fileprivate var droppingLastPart: String { String(self[..<(lastIndex(of: ".") ?? startIndex)]) }
}
