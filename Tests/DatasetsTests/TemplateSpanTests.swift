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

    /// The marked samples of a case, or the fault. Of unmarked stretches longer than 70 characters the last 60 remain.
    static func outcome(_ builder: SampleBuilder, _ row: String) -> [String] {
        do {
            return try marked(row, builder).map { sample in
                sample.split(separator: "⟦", omittingEmptySubsequences: false).map { part in
                    let halves = part.split(separator: "⟧", omittingEmptySubsequences: false)
                    let plain = halves.last ?? ""
                    let kept = plain.count > 70 ? "…" + plain.suffix(60) : plain
                    return halves.count == 2 ? halves[0] + "⟧" + kept : kept
                }.joined(separator: "⟦")
            }
        } catch {
            return ["fault: " + ((error as? RowFault)?.message ?? "\(error)")]
        }
    }

    /// Masks that were read and found right, one a line: template, case, sample.
    static let expectedPath = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Expected/masks.txt").path

    @Test func masksAreThoseCheckedByEye() throws {
        var lines: [String] = []
        for template in try Self.published() {
            let builder = try template.builder()
            for (name, row) in Self.cases {
                for sample in Self.outcome(builder, row) {
                    lines.append("\(template.name) \(name): \(sample.debugDescription)")
                }
            }
        }
        if let path = ProcessInfo.processInfo.environment["GRAFT_RECORD"] {
            try (lines.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        guard !lines.isEmpty else { return }
        let expected = try String(contentsOfFile: Self.expectedPath, encoding: .utf8).split(separator: "\n").map(
            String.init)
        #expect(lines.count == expected.count)
        for (line, wanted) in zip(lines, expected) { #expect(line == wanted) }
    }

    /// How each family of templates ends a turn, written down from the model cards' formats.
    static let turnEnds: [(prefix: String, end: String)] = [
        ("ByteDance", "<seed:eos>"), ("GigaChat", "<|message_sep|>"), ("GLM", "<|user|>"),
        ("Kimi-K3", "<|close|>response<|sep|><|close|>message<|sep|><|end_of_msg|>"),
        ("MiniMax", "<end_of_sentence>"), ("Mistral", "</s>"), ("mistralai", "</s>"), ("NVIDIA", "\n<SPECIAL_12>"),
        ("deepseek", "<｜end▁of▁sentence｜>"), ("google-gemma-2", "<end_of_turn>"), ("google-gemma-4", "<turn|>"),
        ("ibm", "<|end_of_text|>"), ("inclusionai", "<|role_end|>"), ("llama-cpp-rwkv", "\n\n"),
        ("meetkai", "<|eot_id|>"),
        ("meta", "<|eot_id|>"), ("microsoft", "<|end|>"), ("openai", "<|return|>"), ("poolside", "\n</assistant>"),
        ("tencent", "<｜hy_eos:opensource｜>"), ("upstage", "<|end|>"), ("", "<|im_end|>"),
    ]

    /// Independent of how the spans are found: every answer's words carry loss once, from its reasoning or its first
    /// word through the end of turn and no further, and nothing of the user does.
    @Test func everyAnswerCarriesLossOnceAndNothingElse() throws {
        for template in try Self.published() {
            let builder = try template.builder()
            let end = try #require(Self.turnEnds.first { template.name.hasPrefix($0.prefix) }).end
            for (name, row) in Self.cases where ["plain", "reasoning", "system"].contains(name) {
                guard let samples = try? marked(row, builder) else { continue }
                let spans = samples.flatMap {
                    $0.split(separator: "⟦").dropFirst().map { String($0.split(separator: "⟧")[0]) }
                }
                let answers = name == "system" ? ["First answer."] : ["First answer.", "Second answer."]
                #expect(spans.count == answers.count, "\(template.name) \(name): \(spans)")
                for (span, answer) in zip(spans, answers) {
                    let parts = span.components(separatedBy: answer)
                    #expect(parts.count == 2, "\(template.name) \(name): \(span)")
                    // The last turn is left open by templates whose next header is what ends a turn.
                    let isOpen = ["GLM", "tencent"].contains { template.name.hasPrefix($0) } && parts.last == ""
                    #expect(parts.last == end || isOpen, "\(template.name) \(name): \(span)")
                    let head = parts[0].trimmingCharacters(in: .whitespacesAndNewlines)
                    let isHead =
                        head.isEmpty || head.contains("Thought")
                        || ["openai", "upstage", "Kimi-K3"].contains { template.name.hasPrefix($0) }
                    #expect(isHead, "\(template.name) \(name): \(span)")
                    #expect(!["Question", "Be brief", "answer.", "<think></think>"].contains { head.contains($0) })
                }
            }
        }
    }

    /// Other answers move the marks and change nothing outside them.
    @Test func whatCarriesNoLossDoesNotDependOnTheAnswers() throws {
        func unmarked(_ samples: [String]) -> [String] {
            samples.map { sample in
                sample.split(separator: "⟦", omittingEmptySubsequences: false)
                    .map { $0.split(separator: "⟧", omittingEmptySubsequences: false).last ?? "" }.joined(
                        separator: "⟦⟧")
            }
        }
        for template in try Self.published() {
            let builder = try template.builder()
            let row = Self.cases[2].row
            guard let samples = try? marked(row, builder) else { continue }
            for answer in [
                "<b>Bold</b> words", "x", "Question one?", "user\\nassistant", "Ünïcödé ☕ 漢字", "[1, 2]",
                "{\\\"a\\\": 1}",
            ] {
                let other = try marked(row.replacing("First answer.", with: answer), builder)
                #expect(unmarked(other) == unmarked(samples), "\(template.name): \(answer)")
            }
        }
    }
}
