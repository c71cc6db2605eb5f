import Foundation
import Models
import OrderedJSON
import Tokenizers

/// The tokens at which answers end.
public enum StopTokens {
    /// Every id that a model's files name as the end: `eos_token_id` of generation_config.json and config.json, the
    /// tokenizer's EOS, and the end of the assistant's turn in its chat template.
    ///
    /// - Parameter endOfTurn: what the template writes behind an answer; counts when it is one token.
    /// - Throws: ``Problem`` when generation_config.json is no JSON.
    public static func ids(of files: ModelFiles, tokenizer: Tokenizer?, endOfTurn: String?) throws -> Set<Int32> {
        var found = ids(in: files.configuration).union(ids(in: files.configuration["text_config"]))
        let path = files.path + "/generation_config.json"
        if FileManager.default.fileExists(atPath: path) {
            found.formUnion(ids(in: try JSONValue(contentsOfFile: path)))
        }
        if let id = tokenizer?.eosID { found.insert(id) }
        if let endOfTurn, let id = tokenizer?.id(of: endOfTurn) { found.insert(id) }
        return found
    }

    private static func ids(in configuration: JSONValue?) -> Set<Int32> {
        let value = configuration?["eos_token_id"]
        let numbers = value?.arrayValue?.compactMap(\.intValue) ?? value?.intValue.map { [$0] } ?? []
        return Set(numbers.compactMap { Int32(exactly: $0) })
    }
}
