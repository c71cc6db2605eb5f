import Tokenizers

/// A row as text, before it is cut into tokens.
public struct Rendered: Sendable, Equatable {
    /// The text between the special tokens that are added as ids.
    public var text: String
    /// The bytes of `text` (UTF-8) that carry loss, ascending.
    public var spans: [Range<Int>]
    /// Whether the template writes nothing behind an answer, so that the special token of the next turn is what ends
    /// it.
    public var hasOpenEnds = false
    /// Whether a chat template wrote it: then no special token is added.
    public var isTemplated: Bool
    /// Whether control tokens written in the text (`</s>`) mean the tokens, even where the tokenizer takes them for
    /// text by itself.
    public var hasControlTokens: Bool
    /// Whether BOS goes before the text as an id.
    public var addsBOS = false
    /// Whether EOS goes behind the text as an id, with loss.
    public var addsEOS = false

    /// A rendered row.
    public init(text: String, spans: [Range<Int>] = [], isTemplated: Bool) {
        self.text = text
        self.spans = spans
        self.isTemplated = isTemplated
        hasControlTokens = isTemplated
    }

    /// The text with the special tokens that are added as ids written out: exactly what becomes tokens.
    public func fullText(_ tokenizer: Tokenizer) -> String {
        (addsBOS ? tokenizer.bosToken ?? "" : "") + text + (addsEOS ? tokenizer.eosToken ?? "" : "")
    }
}
