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
    /// Token that begins a text, and so on: from tokenizer_config.json, special_tokens_map.json or the file itself.
    public var bosToken: String?
    public var eosToken: String?
    public var padToken: String?
    public var unkToken: String?
    /// Whether BOS or EOS surround a text even where the file's template has none.
    public var wantsBOS = false
    public var wantsEOS = false
    /// Chat templates by name; `default` is the main one.
    public var chatTemplates: [String: String] = [:]
    /// tokenizer_config.json as read.
    public var configuration: JSONValue = .object(JSONObject())

    init(model: TokenModel) { self.model = model }
}
