/// What a recipe or an adapter file says about which layers get an adapter and of what size, in PEFT's terms.
public struct LoRASettings: Sendable, Equatable {
    /// Which modules, by name.
    public enum Selection: Sendable, Equatable {
        /// Every linear layer but the output head and routers.
        case allLinear
        /// Whole names or their last parts.
        case names([String])
        /// One regular expression that matches the whole name.
        case pattern(String)
    }

    /// Rows of A, unless a pattern says otherwise.
    public var rank = 16
    /// The scale's numerator, unless a pattern says otherwise.
    public var alpha = 32.0
    /// Share of an adapter's input that is dropped while training.
    public var dropout = 0.0
    /// Scale alpha/√rank instead of alpha/rank.
    public var useRSLoRA = false
    /// Modules that get an adapter.
    public var targets = Selection.allLinear
    /// Modules that get none all the same.
    public var excluded: Selection?
    /// Tensors of all experts that get an adapter for each, by whole name or the end of it after a full stop (PEFT's
    /// `target_parameters`); `NAME.weight` is the module of that name. Layers and exclusions do not concern them.
    public var parameters: [String] = []
    /// Layers that get adapters; nil for all.
    public var layers: [Int]?
    /// Ranks by pattern; the first that matches counts.
    public var rankPattern: [(pattern: String, value: Int)] = []
    /// Alphas by pattern; the first that matches counts.
    public var alphaPattern: [(pattern: String, value: Double)] = []

    /// The defaults of a recipe.
    public init() {}

    /// Equal when every setting is.
    public static func == (a: LoRASettings, b: LoRASettings) -> Bool {
        a.rank == b.rank && a.alpha == b.alpha && a.dropout == b.dropout && a.useRSLoRA == b.useRSLoRA
            && a.targets == b.targets && a.excluded == b.excluded && a.parameters == b.parameters
            && a.layers == b.layers
            && a.rankPattern.elementsEqual(b.rankPattern, by: ==)
            && a.alphaPattern.elementsEqual(b.alphaPattern, by: ==)
    }
}
