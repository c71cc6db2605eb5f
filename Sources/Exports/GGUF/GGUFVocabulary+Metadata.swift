import Diagnostics
import Tokenizers
import WeightFiles

extension GGUFVocabulary {
    /// The vocabulary in a GGUF file's metadata.
    public init(_ metadata: GGUFMetadata, file: String) throws(Problem) {
        func value(_ key: String) -> GGUFValue? { metadata["tokenizer.ggml.\(key)"] }
        guard let model = value("model")?.stringValue, let tokens = value("tokens")?.arrayValue?.strings else {
            throw Problem("has no vocabulary (tokenizer.ggml.tokens)", file: file)
        }
        self.init(model: model, tokens: tokens)
        scores = value("scores")?.arrayValue?.doubles?.map(Float.init) ?? []
        kinds = value("token_type")?.arrayValue?.integers ?? []
        merges = value("merges")?.arrayValue?.strings ?? []
        preTokenizer = value("pre")?.stringValue
        bosID = value("bos_token_id")?.intValue
        eosID = value("eos_token_id")?.intValue
        padID = value("padding_token_id")?.intValue
        unkID = value("unknown_token_id")?.intValue
        addsBOS = value("add_bos_token")?.boolValue
        addsEOS = value("add_eos_token")?.boolValue
        addsSpacePrefix = value("add_space_prefix")?.boolValue ?? true
        stripsBehindTokens = Self.isNamedPhi3(metadata["general.name"]?.stringValue ?? "")
        if let template = metadata["tokenizer.chat_template"]?.stringValue { chatTemplates["default"] = template }
        for key in metadata.keys where key.hasPrefix("tokenizer.chat_template.") {
            chatTemplates[String(key.dropFirst("tokenizer.chat_template.".count))] = metadata[key]?.stringValue
        }
    }
}

extension Tokenizer {
    /// The tokenizer of a GGUF file; `chatTemplate` takes the place of all its templates.
    public static func load(gguf path: String, chatTemplate: String? = nil) throws -> Tokenizer {
        let file = try GGUFFile.open(path)
        var description = try TokenizerDescription(gguf: GGUFVocabulary(file.metadata, file: path), file: path)
        if let chatTemplate { description.chatTemplates = ["default": chatTemplate] }
        return try Tokenizer(description)
    }
}
