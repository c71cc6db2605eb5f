import OrderedJSON

/// All the parts of a tokenizer, read from a file or put together by hand; ``Tokenizer/init(_:)`` makes it work.
public struct TokenizerDescription: Sendable {
    /// An element of what encoding with special tokens produces.
    enum TemplateItem: Sendable, Equatable {
        /// The text's own tokens.
        case text
        case token(Int32)
    }

    var model: TokenModel
    var normalizer: Normalizer?
    var preTokenizer: PreTokenizer?
    var decoder: TokenDecoder?
    var template: [TemplateItem] = [.text]
    /// Tokens found in the text itself, in the order of their ids.
    public var addedTokens: [AddedToken] = []
    /// The token that begins a text; from tokenizer_config.json, special_tokens_map.json or the file itself.
    public var bosToken: String?
    /// The token that ends a text.
    public var eosToken: String?
    /// The token that fills up a batch.
    public var padToken: String?
    /// The token for what the vocabulary does not have.
    public var unkToken: String?
    /// Whether BOS begins a text even where the file's template has none.
    public var wantsBOS = false
    /// Whether EOS ends a text even where the file's template has none.
    public var wantsEOS = false
    /// Chat templates by name; `default` is the main one.
    public var chatTemplates: [String: String] = [:]
    /// tokenizer_config.json as read.
    public var configuration: JSONValue = .object(JSONObject())

    init(model: TokenModel) { self.model = model }
}
