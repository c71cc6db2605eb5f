import Models
import Tensors

/// What llama.cpp's graph of an architecture computes, where models of its families differ; what is not said is as for
/// Llama. Source: `src/llama-model.cpp` and `src/models/` of llama.cpp.
struct LlamaGraph {
    /// Whether something may or must be there.
    enum Presence { case never, optional, always }
    /// Which layers see only a part of the text.
    enum Reach: Equatable {
        /// None; sliding windows are ignored.
        case everything
        /// All but each `every`th, if any or, when `always`, in every model.
        case windows(every: Int, always: Bool)
        /// Those that the file lists.
        case listedWindows
        /// Those that are rotated, in chunks of so many tokens.
        case chunks(Int)
    }
    /// What scores are multiplied by.
    enum ScoreScale {
        case inverseRootOfHeadDim
        /// The same, but in models of so many layers 1/√(width of the model ÷ heads).
        case inverseRootOfHeadShare(layers: Int)
        case stored
    }
    /// Where a mixture may have layers without experts.
    enum DenseLayers { case nowhere, first, between }
    /// The network beside the experts.
    enum SharedExpert { case none, asWideAsOne, asWideAsSeveral, gated }
    /// A second rotary table, for layers that slide.
    enum SecondTable { case none, unscaled, unscaledOfSameBase }

    var projection = AttentionConfig.Projection.separate
    var arrangements: [LayerConfig.Arrangement] = [.pre]
    var feedForward = DenseConfig.Kind.gated
    var activation = Activation.silu
    /// Biases of attention's output, of feed-forward networks and, where they must be, of routers and experts.
    var biases = Presence.never
    /// Whether the head may be the embedding.
    var canTieHead = true
    /// Whether heads are together as wide as the model.
    var headsFillWidth = false
    /// Whether several query heads may share a key head.
    var groupsHeads = true
    var hasLatentAttention = false
    /// Whether norms of queries and keys are written, if a model has them.
    var hasQueryKeyNorms = true
    /// Whether the results of query, key and value can be clamped.
    var canClampProjections = false
    var canHaveSinks = false
    var reach = Reach.everything
    var scoreScale = ScoreScale.inverseRootOfHeadDim
    /// Every which layer is not rotated; nil for none.
    var unrotatedEvery: Int?
    var secondTable = SecondTable.none
    /// Whether LongRoPE's two lists of divisors are read, chosen by the length of the context.
    var readsTwoFactorLists = false
    var denseLayers = DenseLayers.nowhere
    var routings: [ExpertsConfig.Routing] = []
    /// Whether experts can be chosen in groups, or by a sigmoid with a correction.
    var canGroupExperts = false
    var canScaleExperts = false
    var sharedExpert = SharedExpert.none
    var expertLimit: Float?

    private init(_ change: (inout LlamaGraph) -> Void) { change(&self) }

    /// The graph of an architecture.
    static func of(_ architecture: GGUFArchitecture) -> LlamaGraph { all[architecture.name] ?? LlamaGraph { _ in } }

    private static let all: [String: LlamaGraph] = [
        "llama": LlamaGraph {
            $0.biases = .optional
            $0.routings = [.softmaxFirst(normalized: true)]
        },
        "qwen2": LlamaGraph { $0.headsFillWidth = true },
        "qwen2moe": LlamaGraph {
            $0.headsFillWidth = true
            $0.canTieHead = false
            $0.routings = [.softmaxFirst(normalized: false)]
            $0.sharedExpert = .gated
        },
        "qwen3moe": LlamaGraph { $0.routings = [.softmaxFirst(normalized: true)] },
        "gemma": LlamaGraph { $0.activation = .geluTanh },
        "gemma2": LlamaGraph {
            $0.activation = .geluTanh
            $0.arrangements = [.sandwich]
            $0.reach = .windows(every: 2, always: false)
            $0.scoreScale = .inverseRootOfHeadShare(layers: 46)
        },
        "gemma3": LlamaGraph {
            $0.activation = .geluTanh
            $0.arrangements = [.sandwich]
            $0.reach = .windows(every: 6, always: false)
            $0.scoreScale = .inverseRootOfHeadShare(layers: 62)
            $0.secondTable = .unscaled
        },
        "phi3": LlamaGraph {
            $0.projection = .fused
            $0.feedForward = .gatedFused
            $0.headsFillWidth = true
            $0.readsTwoFactorLists = true
        },
        "gptneox": LlamaGraph {
            $0.projection = .fusedByGroup
            $0.arrangements = [.pre, .parallel]
            $0.feedForward = .plain
            $0.activation = .geluTanh
            $0.biases = .optional
            $0.headsFillWidth = true
            $0.canTieHead = false
        },
        "gpt2": LlamaGraph {
            $0.projection = .fused
            $0.feedForward = .plain
            $0.activation = .geluTanh
            $0.biases = .optional
            $0.headsFillWidth = true
            $0.unrotatedEvery = 1
        },
        "starcoder2": LlamaGraph {
            $0.feedForward = .plain
            $0.activation = .geluTanh
            $0.biases = .optional
            $0.headsFillWidth = true
        },
        "olmo": LlamaGraph {
            $0.headsFillWidth = true
            $0.canClampProjections = true
        },
        "olmo2": LlamaGraph {
            $0.arrangements = [.post]
            $0.headsFillWidth = true
            $0.canTieHead = false
            $0.reach = .listedWindows
            $0.secondTable = .unscaledOfSameBase
        },
        "olmoe": LlamaGraph {
            $0.headsFillWidth = true
            $0.groupsHeads = false
            $0.canTieHead = false
            $0.routings = [.softmaxFirst(normalized: false)]
        },
        "smollm3": LlamaGraph { $0.unrotatedEvery = 4 },
        "granite": LlamaGraph {
            $0.biases = .optional
            $0.scoreScale = .stored
        },
        "granitemoe": LlamaGraph {
            $0.biases = .optional
            $0.scoreScale = .stored
            $0.routings = [.choiceFirst]
        },
        "command-r": LlamaGraph {
            $0.arrangements = [.parallelShared]
            $0.headsFillWidth = true
            $0.hasQueryKeyNorms = false
        },
        "cohere2": LlamaGraph {
            $0.arrangements = [.parallelShared]
            $0.headsFillWidth = true
            $0.hasQueryKeyNorms = false
            $0.reach = .windows(every: 4, always: true)
            $0.unrotatedEvery = 4
        },
        "deepseek2": LlamaGraph {
            $0.hasLatentAttention = true
            $0.denseLayers = .first
            $0.routings = [.softmaxFirst(normalized: false)]
            $0.canGroupExperts = true
            $0.canScaleExperts = true
            $0.sharedExpert = .asWideAsSeveral
        },
        "gpt-oss": LlamaGraph {
            $0.biases = .always
            $0.canHaveSinks = true
            $0.canTieHead = false
            $0.reach = .listedWindows
            $0.routings = [.choiceFirst]
            $0.expertLimit = 7
        },
        "llama4": LlamaGraph {
            $0.reach = .chunks(8192)
            $0.unrotatedEvery = 4
            $0.denseLayers = .between
            $0.routings = [.sigmoidOnInput]
            $0.sharedExpert = .asWideAsOne
        },
    ]
}
