/// How much a rendering may do before it ends with an error. The defaults are far above what published templates need
/// for the longest conversations, and low enough that no template can hang or exhaust the memory or the stack.
public struct ChatTemplateLimits: Sendable, Equatable {
    /// Expressions and statements run, items visited and (per 16) bytes of text handled.
    public var steps: Int
    /// Bytes of the result and of any text on the way.
    public var textBytes: Int
    /// Elements of a list.
    public var items: Int
    /// Nested expressions and statements being run, those of macros that call each other included.
    public var depth: Int
    /// Levels of lists and dictionaries within each other.
    public var valueDepth: Int

    /// Limits; the defaults suit everything but tests.
    public init(
        steps: Int = 10_000_000, textBytes: Int = 64 << 20, items: Int = 4_000_000, depth: Int = 1_200,
        valueDepth: Int = 500
    ) {
        self.steps = steps
        self.textBytes = textBytes
        self.items = items
        self.depth = depth
        self.valueDepth = valueDepth
    }
}
