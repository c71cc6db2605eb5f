import Diagnostics
import Foundation
import OrderedJSON
import SafeFiles

extension TokenizerDescription {
    // What stands at the front of the vocabulary when the file does not list it, as in Mistral's first such files.
    private static let usualSpecials = [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]",
        "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]",
        "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
    ]

    /// Reads Mistral's tekken.json: tokens of bytes with ranks, merged in the order of their ranks, ids after those of
    /// the special tokens.
    public init(tekken path: String) throws {
        let file = try MappedFile(path: path)
        let root: JSONValue
        do throws(JSONError) {
            root = try withExtendedLifetime(file) { () throws(JSONError) in try JSONParser().parse(file.bytes) }
        } catch { throw Problem(error.description, file: path) }
        guard let config = root["config"], let list = root["vocab"]?.arrayValue else {
            throw Problem("is no tekken.json: it lacks \"config\" or \"vocab\"", file: path)
        }
        let part = Component(place: "config", value: config, file: path)
        let specialCount = try part.count("default_num_special_tokens")
        let size = try part.count("default_vocab_size")
        guard size > specialCount else { throw part.problem("has no room for tokens beside the special ones") }
        var specials = (0..<specialCount).map {
            $0 < Self.usualSpecials.count ? Self.usualSpecials[$0] : "<SPECIAL_\($0)>"
        }
        for (at, entry) in (root["special_tokens"]?.arrayValue ?? []).enumerated() {
            guard let rank = entry["rank"]?.intValue, specials.indices.contains(rank),
                let text = entry["token_str"]?.stringValue
            else {
                throw Problem("special_tokens[\(at)] has no rank below \(specialCount) or no token_str", file: path)
            }
            specials[rank] = text
        }
        var vocabulary = Vocabulary(capacity: size)
        for (id, text) in specials.enumerated() { try vocabulary.add(text, id: id) }
        for (at, entry) in list.enumerated() {
            guard let rank = entry["rank"]?.intValue, (0..<Vocabulary.largestID).contains(rank),
                let bytes = entry["token_bytes"]?.stringValue.flatMap({ Data(base64Encoded: $0) })
            else { throw Problem("vocab[\(at)] has no rank or no token_bytes in base64", file: path) }
            guard rank + specialCount < size else { continue }
            let letters = bytes.flatMap { ByteAlphabet.utf8[Int($0)] }
            try letters.withUnsafeBufferPointer { try vocabulary.add($0, id: rank + specialCount) }
        }
        let scores = (0..<vocabulary.endID).map { -Double($0) }
        var options = BytePairModel.Options()
        options.ignoresMerges = true
        let merges = vocabulary.merges(scores: scores) { Int($0) >= specialCount }
        self.init(model: .bytePair(BytePairModel(vocabulary: vocabulary, merges: merges, options: options)))
        let pattern = try part.string("pattern")
        do {
            preTokenizer = .sequence([
                .split(.expression(try RegularExpression(pattern)), .isolated, inverted: false),
                .byteLevel(prefixSpace: false, pattern: nil),
            ])
        } catch { throw part.problem(error.message) }
        decoder = .byteLevel
        addedTokens = specials.enumerated().map { AddedToken($0.element, id: Int32($0.offset)) }
        bosToken = specials.contains("<s>") ? "<s>" : nil
        eosToken = specials.contains("</s>") ? "</s>" : nil
        unkToken = specials.contains("<unk>") ? "<unk>" : nil
        padToken = specials.contains("<pad>") ? "<pad>" : nil
        wantsBOS = bosToken != nil
    }
}
