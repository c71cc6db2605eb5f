import Tensors

/// What works on each position of a block.
public enum FeedForwardConfig: Sendable, Equatable {
    /// One network for all positions.
    case dense(DenseConfig)
    /// A router that picks a few of many networks for each position.
    case experts(ExpertsConfig)
}

/// One feed-forward network.
public struct DenseConfig: Sendable, Equatable {
    /// Its formula and how it is stored.
    public enum Kind: Sendable, Equatable {
        /// `down(activation(gate(x)) · up(x))` from three modules `gate`, `up`, `down`.
        case gated
        /// The same from `gateUp` (output rows: gate, then up) and `down` (Phi-3).
        case gatedFused
        /// `down(activation(up(x)))` (GPT-2, GPT-NeoX).
        case plain
    }
    /// Its formula and how it is stored.
    public var kind: Kind
    /// Width between the projections.
    public var hidden: Int
    /// The nonlinearity.
    public var activation: Activation
    /// Whether all projections have biases.
    public var bias: Bool

    /// A network; gated with SiLU unless said otherwise.
    public init(_ kind: Kind = .gated, hidden: Int, activation: Activation = .silu, bias: Bool = false) {
        self.kind = kind
        self.hidden = hidden
        self.activation = activation
        self.bias = bias
    }
}

/// A mixture of experts: `Σ weight_e · expert_e(x)` over the chosen experts, plus a shared network for every position.
public struct ExpertsConfig: Sendable, Equatable {
    /// How router scores `s = router(x)` become choices and weights.
    public enum Routing: Sendable, Equatable {
        /// Softmax over all experts, then the best; divided by their sum if `normalized` (Mixtral, Qwen 2/3-MoE).
        case softmaxFirst(normalized: Bool)
        /// The best, then softmax over those (gpt-oss, Granite-MoE).
        case choiceFirst
        /// The best, then a sigmoid of each on the expert's *input* (Llama 4).
        case sigmoidOnInput
        /// Experts in `groups`, the best `chosenGroups` groups only (DeepSeek V2/V3).
        case grouped(GroupedRouting)
    }

    /// DeepSeek's routing among groups of experts.
    public struct GroupedRouting: Sendable, Equatable {
        /// How a group is scored.
        public enum GroupScore: Sendable, Equatable {
            /// By its best expert (V2).
            case best
            /// By the sum of its two best experts (V3).
            case bestTwo
        }
        /// Whether scores are sigmoids (V3) instead of a softmax (V2).
        public var sigmoid: Bool
        /// Whether a stored `routerCorrection` is added to the scores for choosing, not for weighing (V3).
        public var correction: Bool
        /// Groups the experts are in.
        public var groups: Int
        /// Groups that may be chosen from.
        public var chosenGroups: Int
        /// How a group is scored.
        public var groupScore: GroupScore
        /// Whether the chosen weights are divided by their sum.
        public var normalized: Bool
        /// Routing among groups.
        public init(
            sigmoid: Bool, correction: Bool, groups: Int, chosenGroups: Int, groupScore: GroupScore, normalized: Bool
        ) {
            self.sigmoid = sigmoid
            self.correction = correction
            self.groups = groups
            self.chosenGroups = chosenGroups
            self.groupScore = groupScore
            self.normalized = normalized
        }
    }

    /// How the experts' matrices are stored.
    public enum Storage: Sendable, Equatable {
        /// Modules `experts.E.gate`, `.up`, `.down` for each expert.
        case modules
        /// Two tensors: `gateUp` [experts, 2·hidden, width], gate rows first, and `down` [experts, width, hidden].
        case stacked
        /// The same with alternating gate and up rows (gpt-oss in MXFP4).
        case stackedInterleaved
        /// Two tensors with inputs before outputs: `gateUp` [experts, width, 2·hidden] and `down` [experts, hidden,
        /// width]; gate and up columns alternate if `interleaved` (gpt-oss), else gate first (Llama 4).
        case stackedInputsFirst(interleaved: Bool)
    }

    /// Number of experts.
    public var count: Int
    /// Experts chosen for a position.
    public var perToken: Int
    /// One expert.
    public var expert: DenseConfig
    /// How experts are chosen and weighed.
    public var routing: Routing
    /// Factor on the weights of the chosen (DeepSeek `routed_scaling_factor`).
    public var weightScale: Float
    /// Whether the router has a bias (gpt-oss).
    public var routerBias: Bool
    /// A network every position passes (`shared`), or nil.
    public var shared: DenseConfig?
    /// Whether the shared network's output is multiplied by `σ(sharedGate(x))` (Qwen2-MoE).
    public var sharedGate: Bool
    /// How the experts' matrices are stored.
    public var storage: Storage
    /// gpt-oss: gate ≤ limit, −limit ≤ up ≤ limit, `gate · σ(1.702 gate) · (up + 1)`; nil is the usual gated formula.
    public var clampedLimit: Float?

    /// A mixture.
    public init(
        count: Int, perToken: Int, expert: DenseConfig, routing: Routing, weightScale: Float = 1,
        routerBias: Bool = false, shared: DenseConfig? = nil, sharedGate: Bool = false, storage: Storage = .modules,
        clampedLimit: Float? = nil
    ) {
        self.count = count
        self.perToken = perToken
        self.expert = expert
        self.routing = routing
        self.weightScale = weightScale
        self.routerBias = routerBias
        self.shared = shared
        self.sharedGate = sharedGate
        self.storage = storage
        self.clampedLimit = clampedLimit
    }
}
