import Diagnostics
import OrderedJSON
import SafeFiles

extension TokenizerDescription {
    /// Reads tokenizer.json. Throws a ``Problem`` (or ``Problems``) that names each part that is wrong or unknown.
    public init(tokenizerJSON path: String) throws {
        let file = try MappedFile(path: path)
        do {
            self = try withExtendedLifetime(file) {
                try JSONParser().withDocument(file.bytes) { try TokenizerDescription(root: $0, file: path) }
            }
        } catch let error as JSONError {
            throw Problem(error.description, file: path, advice: "the file is damaged; get it again")
        }
    }

    /// Reads the text of a tokenizer.json; `file` is its name in messages.
    public init(tokenizerJSON text: String, file: String) throws {
        var text = text
        do {
            self = try text.withUTF8 { bytes in
                try JSONParser().withDocument(UnsafeRawBufferPointer(bytes)) {
                    try TokenizerDescription(root: $0, file: file)
                }
            }
        } catch let error as JSONError {
            throw Problem(error.description, file: file, advice: "the file is damaged; get it again")
        }
    }

    private init(root: JSONNode, file: String) throws {
        guard root.isObject, let model = root["model"] else {
            throw Problem("is no tokenizer.json: it has no \"model\"", file: file)
        }
        var problems: [Problem] = []
        func read<Part>(_ key: StaticString, _ make: (Component) throws(Problem) -> Part) -> Part? {
            guard let value = root[key]?.value, !value.isNull else { return nil }
            do {
                return try make(Component(place: "\(key)", value: value, file: file))
            } catch {
                problems.append(error)
                return nil
            }
        }
        let normalizer = read("normalizer") { (part: Component) throws(Problem) in
            try part.bounded(Normalizer(part))
        }
        let preTokenizer = read("pre_tokenizer") { (part: Component) throws(Problem) in
            try part.bounded(PreTokenizer(part))
        }
        let decoder = read("decoder") { (part: Component) throws(Problem) in
            try part.bounded(TokenDecoder(part))
        }
        let template = read("post_processor") { (part: Component) throws(Problem) in try Self.template(part) }
        let added = read("added_tokens") { (part: Component) throws(Problem) in try Self.addedTokens(part) }
        var tokenModel: TokenModel?
        do throws(Problem) { tokenModel = try TokenModel(model, file: file) } catch { problems.append(error) }
        if problems.count == 1 { throw problems[0] }
        try Problems(problems).throwIfAny()
        guard let tokenModel else { throw Problem("is no tokenizer.json", file: file) }
        self.init(model: tokenModel)
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.decoder = decoder
        self.template = template ?? [.text]
        addedTokens = added ?? []
    }

    private static func addedTokens(_ part: Component) throws(Problem) -> [AddedToken] {
        guard let list = part.value.arrayValue else { throw part.problem("is not a list") }
        var tokens: [AddedToken] = []
        for (at, value) in list.enumerated() {
            let entry = Component(place: "added_tokens[\(at)]", value: value, file: part.file)
            guard let id = value["id"]?.intValue, (0..<Vocabulary.largestID).contains(id) else {
                throw entry.problem("has no \"id\" between 0 and \(Vocabulary.largestID - 1)")
            }
            tokens.append(
                AddedToken(
                    try entry.string("content"), id: Int32(id),
                    singleWord: try entry.bool("single_word", default: false),
                    stripsLeft: try entry.bool("lstrip", default: false),
                    stripsRight: try entry.bool("rstrip", default: false),
                    matching: try entry.bool("normalized", default: true) ? .normalized : .plain,
                    special: try entry.bool("special", default: false)))
        }
        return tokens
    }
}
