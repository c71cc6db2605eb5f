import ChatTemplates
import Datasets
import Foundation
import OrderedJSON
import Testing
import Tokenizers

/// The loss mask under every chat template at hand, once against positions found by brute force and once against
/// masks that were read and checked by eye.
@Suite("Loss mask under published templates")
struct TemplateSpanTests {
    /// A template with the special tokens of its model.
    struct Published: Sendable {
        let name: String
        let source: String
        let variables: [(key: String, value: JSONValue)]

        func builder() throws -> SampleBuilder {
            // The tokens that end a turn in templates which write none behind the last answer.
            let specials = ["<|user|>", "<|observation|>", "<｜hy_eos:opensource｜>"]
            let tokenizer = try byteTokenizer(specials: specials, eos: nil, template: source)
            let now = Calendar(identifier: .gregorian)
                .date(from: DateComponents(timeZone: .current, year: 2026, month: 1, day: 15, hour: 9, minute: 30))
            return SampleBuilder(
                renderer: try PromptRenderer(tokenizer: tokenizer, variables: variables, now: now ?? Date()))
        }
    }

    static func published() throws -> [Published] {
        guard let assets = sharedFolder() else { return [] }
        var specials: [String: [(key: String, value: JSONValue)]] = [:]
        let vectors = try RowFile(path: assets + "/chat_templates/vectors.jsonl")
        let parser = JSONParser()
        for row in 0..<vectors.count {
            let value = try vectors.value(of: row, parser: parser)
            guard let name = value["template"]?.stringValue else { continue }
            specials[name] = value["special_tokens"]?.objectValue?.members ?? []
        }
        let folder = assets + "/chat_templates/templates"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
            Published(
                name: name, source: try String(contentsOfFile: folder + "/" + name, encoding: .utf8),
                variables: specials[name] ?? [])
        }
    }

    /// The conversations; answers, thoughts and questions are told apart by their first letters.
    static let cases: [(name: String, row: String)] = [
        (
            "plain",
            #"{"messages":[{"role":"user","content":"Question one?"},{"role":"assistant","content":"First answer."},{"role":"user","content":"Question two?"},{"role":"assistant","content":"Second answer."}]}"#
        ),
        (
            "reasoning",
            #"{"messages":[{"role":"user","content":"Question one?"},{"role":"assistant","reasoning_content":"Thought one.","content":"First answer."},{"role":"user","content":"Question two?"},{"role":"assistant","reasoning_content":"Thought two.","content":"Second answer."}]}"#
        ),
        (
            "system",
            #"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Question one?"},{"role":"assistant","content":"First answer."}]}"#
        ),
        (
            "inline",
            #"{"messages":[{"role":"user","content":"Question one?"},{"role":"assistant","content":"<think>\nThought one.\n</think>\n\nFirst answer."}]}"#
        ),
        (
            "tools",
            #"{"tools":[{"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object","properties":{"at":{"type":"string"}}}}}],"messages":[{"role":"user","content":"Question one?"},{"role":"assistant","content":"","tool_calls":[{"id":"call00001","type":"function","function":{"name":"look","arguments":{"at":"Sky"}}}]},{"role":"tool","name":"look","tool_call_id":"call00001","content":"Result one."},{"role":"assistant","content":"First answer."}]}"#
        ),
    ]

    /// The marked samples of a case, or the fault; the text before the last 60 bytes of each unmarked stretch is cut.
    static func outcome(_ builder: SampleBuilder, _ row: String) -> [String] {
        do {
            return try marked(row, builder)
        } catch {
            return ["fault: " + ((error as? RowFault)?.message ?? "\(error)")]
        }
    }

    @Test func printAll() throws {
        guard let path = ProcessInfo.processInfo.environment["GRAFT_DUMP"] else { return }
        var text = ""
        for template in try Self.published() {
            let builder = try template.builder()
            for (name, row) in Self.cases {
                for sample in Self.outcome(builder, row) {
                    text += "\(template.name) \(name): \(sample.debugDescription)\n"
                }
            }
        }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
