import ChatTemplates
import Datasets
import Foundation
import OrderedJSON
import Tokenizers

/// The folder of test data beside the package, or nil after saying aloud that it is missing.
func sharedFolder() -> String? {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let path =
        ProcessInfo.processInfo.environment["GRAFT_SHARED"]
        ?? root.deletingLastPathComponent().appendingPathComponent("shared").path
    if FileManager.default.fileExists(atPath: path + "/assets") { return path + "/assets" }
    print("SKIPPED: no test data at \(path); set GRAFT_SHARED to the folder that has it")
    return nil
}

/// Runs `body` with a fresh folder and takes it away afterwards.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// A file of rows in a folder.
func rowFile(_ folder: String, _ name: String, _ lines: [String]) throws -> RowFile {
    let path = folder + "/" + name
    try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    return try RowFile(path: path)
}

/// GPT-2's letters for bytes.
private let byteLetters: [Character] = {
    let printable = Array(33...126) + Array(161...172) + Array(174...255)
    var letters: [Character] = []
    var next = 256
    for byte in 0..<256 {
        let code = printable.contains(byte) ? byte : next
        if code == next { next += 1 }
        letters.append(Unicode.Scalar(UInt32(code)).map(Character.init) ?? "?")
    }
    return letters
}()

/// A tokenizer whose ids 0…255 are the bytes of the text, with special tokens from 256 on: what it says about tokens
/// is said about bytes.
func byteTokenizer(
    specials: [String] = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"], bos: String? = nil,
    eos: String? = "<|im_end|>", addsBOS: Bool = false, template: String? = nil
) throws -> Tokenizer {
    var specials = specials
    for token in [bos, eos] { if let token, !specials.contains(token) { specials.append(token) } }
    let vocabulary = JSONObject(byteLetters.enumerated().map { (key: String($1), value: .integer($0)) })
    let added: [JSONValue] = specials.enumerated().map { at, token in
        [
            "id": .integer(256 + at), "content": .string(token), "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true,
        ]
    }
    var tokenizer: [(key: String, value: JSONValue)] = [
        ("version", "1.0"), ("added_tokens", .array(added)), ("normalizer", nil),
        ("pre_tokenizer", ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false]),
        ("decoder", ["type": "ByteLevel"]),
        ("model", ["type": "BPE", "vocab": .object(vocabulary), "merges": [], "byte_fallback": false]),
    ]
    if addsBOS, let bos {
        let id = JSONValue.integer(256 + (specials.firstIndex(of: bos) ?? 0))
        tokenizer.append(
            (
                "post_processor",
                [
                    "type": "TemplateProcessing",
                    "single": [
                        ["SpecialToken": ["id": .string(bos), "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
                    ],
                    "pair": [],
                    "special_tokens": .object(
                        JSONObject([(key: bos, value: ["id": .string(bos), "ids": [id], "tokens": [.string(bos)]])])),
                ]
            ))
    }
    var configuration: [(key: String, value: JSONValue)] = [("tokenizer_class", "PreTrainedTokenizerFast")]
    if let bos { configuration.append(("bos_token", .string(bos))) }
    if let eos { configuration.append(("eos_token", .string(eos))) }
    if let template { configuration.append(("chat_template", .string(template))) }
    return try withFolder { folder in
        for (name, members) in [("tokenizer.json", tokenizer), ("tokenizer_config.json", configuration)] {
            try JSONValue.object(JSONObject(members)).serialized()
                .write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
        }
        return try Tokenizer.load(directory: folder)
    }
}

/// The text of a sample of a byte tokenizer with `⟦⟧` around what carries loss.
func marked(_ sample: Sample, _ tokenizer: Tokenizer) -> String {
    var bytes: [UInt8] = []
    var inside = false
    for (id, isTarget) in zip(sample.ids, sample.targets) {
        if isTarget != inside { bytes += Array((isTarget ? "⟦" : "⟧").utf8) }
        inside = isTarget
        bytes += id < 256 ? [UInt8(id)] : Array((tokenizer.token(id) ?? "").utf8)
    }
    if inside { bytes += Array("⟧".utf8) }
    return String(decoding: bytes, as: UTF8.self)
}

/// The marked samples of a row given as JSON.
func marked(_ json: String, _ builder: SampleBuilder) throws -> [String] {
    let row = try Row(try JSONValue(parsing: json))
    return try builder.samples(for: row).samples.map { marked($0, builder.renderer.tokenizer) }
}

/// Qwen's plain layout.
let chatML = """
    {% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
    """

/// The message of a thrown fault.
func fault(_ body: () throws -> some Any) -> String {
    do {
        _ = try body()
        return "nothing was thrown"
    } catch let fault as RowFault {
        return fault.message
    } catch {
        return "\(error)"
    }
}
