import Datasets
import Diagnostics
import Foundation
import OrderedJSON
import Testing

@Suite("Data check")
struct DataCheckTests {
    private func builder(template: String? = chatML, maxLength: Int = 1000) throws -> SampleBuilder {
        SampleBuilder(
            renderer: try PromptRenderer(tokenizer: try byteTokenizer(template: template)), maxLength: maxLength)
    }

    @Test func findingsNameFileAndLine() throws {
        try withFolder { folder in
            var lines = (0..<500).map { #"{"prompt":"q\#($0)","completion":"a"}"# }
            lines[3] = "{broken"
            lines[7] = #"{"unknown":1}"#
            lines[400] = #"{"messages":[{"role":"user","content":"x"}]}"#
            let file = try rowFile(folder, "rows.jsonl", lines)
            let summary = DataCheck.run(files: [file], builder: try builder(), depth: .all)
            #expect(summary.rows == 500)
            #expect(summary.faultyRows == 3)
            #expect(summary.problems.map(\.line) == [4, 8, 401])
            #expect(summary.samples == 497 && summary.turnEnds == 497)
            do {
                _ = try Corpus(files: [(file, 1)], builder: try builder())
                Issue.record("a corpus with faults was made")
            } catch let problems as Problems {
                #expect(problems.list == summary.problems)
            }
            // Beyond those read in full, rows are not rendered, but that they are JSON of a known kind and have an
            // answer is checked.
            let shallow = DataCheck.run(files: [file], builder: try builder(), depth: .first(5))
            #expect(shallow.rows == 500 && shallow.rowsInFull == 5 && shallow.samples == 4)
            #expect(shallow.problems == summary.problems)
        }
    }

    @Test func countsAreThoseOfTheSamples() throws {
        try withFolder { folder in
            let file = try rowFile(
                folder, "rows.jsonl",
                [
                    #"{"text":"0123456789"}"#, #"{"prompt":"q","completion":"a"}"#,
                    #"{"input_ids":[1,2,3],"labels":[-100,-100,-100]}"#,
                    #"{"prompt":"\#(String(repeating: "long ", count: 20))","completion":"a"}"#,
                ])
            let summary = DataCheck.run(files: [file], builder: try builder(maxLength: 60), depth: .all)
            #expect(summary.kinds == ["text": 1, "conversation": 2, "input_ids": 1])
            #expect(summary.samples == 2 && summary.dropped == 1 && summary.warnedRows == 1)
            #expect(summary.warnings.map(\.line) == [3])
            #expect(summary.targets == 10 + 2)
            #expect(summary.problems.isEmpty)
        }
    }

    @Test func aTemplateThatEndsNoTurnIsAProblem() throws {
        try withFolder { folder in
            let file = try rowFile(folder, "rows.jsonl", [#"{"prompt":"q","completion":"a"}"#])
            let open =
                "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
            let summary = DataCheck.run(files: [file], builder: try builder(template: open), depth: .all)
            #expect(
                summary.problems.map(\.message) == [
                    "the chat template ends no assistant turn: the model would never learn to stop"
                ])
        }
    }

    @Test func nothingLeftIsAProblem() throws {
        try withFolder { folder in
            let file = try rowFile(folder, "rows.jsonl", [#"{"prompt":"quite long","completion":"answer"}"#])
            let summary = DataCheck.run(files: [file], builder: try builder(maxLength: 10), depth: .all)
            #expect(summary.problems.map(\.message) == ["every row is longer than data.max_length"])
        }
    }

    @Test func thousandsOfFaultsAreCountedNotListed() throws {
        try withFolder { folder in
            let file = try rowFile(folder, "rows.jsonl", (0..<3000).map { _ in "{}" })
            let summary = DataCheck.run(files: [file], builder: try builder(), depth: .all)
            #expect(summary.faultyRows == 3000)
            #expect(summary.problems.count == 101)
            #expect(summary.problems.map(\.line).prefix(3) == [1, 2, 3])
            #expect(summary.problems.last?.message == "2900 more rows are wrong")
        }
    }

    @Test func previewsShowTheMask() throws {
        try withFolder { folder in
            let file = try rowFile(folder, "rows.jsonl", [#"{"prompt":"q","completion":"é"}"#])
            let preview = try RowPreview(of: 0, in: file, builder: try builder(), parser: JSONParser())
            #expect(
                preview.text(.plain)
                    == "\(file.path):1: 24 tokens, 3 with loss\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n⟦é<|im_end|>⟧\n\n"
            )
            #expect(preview.text(.coloured).contains("\u{1B}[32mé<|im_end|>\u{1B}[0m"))
        }
    }
}
