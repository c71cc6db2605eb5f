import Foundation
import OrderedJSON
import Testing
import WeightFiles

/// `graft score` against what PyTorch and transformers computed.
@Suite("graft score")
struct ScoreTests {
    // llama-dynamic: rotary angles depend on the length, so rows must not share a forward pass.
    @Test("gives PyTorch's log-probabilities", arguments: ["llama", "gpt2", "llama-dynamic"], [false, true])
    func agrees(_ name: String, _ adapted: Bool) throws {
        let model = Project.path("Tests/Fixtures/models/\(name)")
        let reference = try WeightStore.open(model + "/reference.safetensors")
        let ids = try (0..<2).map { try integers(reference["ids.\($0)"]) }
        let folder = try TemporaryFolder()
        let rows = ids.map { "{\"input_ids\": \($0), \"labels\": \($0)}" }.joined(separator: "\n\n")
        let data = try folder.write("rows.jsonl", rows)
        let run = try Graft.run(
            ["score", "--model", model, "--data", data, "--precision", "f32"]
                + (adapted ? ["--adapter", model + "/adapter"] : []))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.isEmpty)
        try #require(run.lines.count == 2)
        for i in 0..<2 {
            let line = try JSONValue(parsing: String(run.lines[i]))
            #expect(line.objectValue?.keys == ["ids", "logprobs"])
            #expect(line["ids"]?.arrayValue?.compactMap(\.intValue) == ids[i])
            let scores = line["logprobs"]?.arrayValue?.compactMap(\.doubleValue) ?? []
            let logits = try #require(reference[(adapted ? "adapted_logits." : "logits.") + "\(i)"])
            let expected = logProbabilities(try #require(logits.floats()), logits.columns, ids[i])
            try #require(scores.count == expected.count)
            let worst = zip(scores, expected).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 2e-5, "\(name), row \(i): \(worst)")
        }
    }

    @Test("rows of text, of one token and of wrong ids")
    func oddRows() throws {
        let model = Project.path("Tests/Fixtures/models/llama")
        let folder = try TemporaryFolder()
        let one = try folder.write("one.jsonl", "{\"input_ids\": [5], \"labels\": [5]}\n")
        let run = try Graft.run(["score", "--model", model, "--data", one])
        #expect(run.output == "{\"ids\":[5],\"logprobs\":[]}\n")

        let beyond = try folder.write("beyond.jsonl", "{\"input_ids\": [5, 160], \"labels\": [5, 160]}\n")
        let wrong = try Graft.run(["score", "--model", model, "--data", beyond])
        #expect(wrong.status == 2 && wrong.output.isEmpty)
        #expect(wrong.errors.contains("beyond.jsonl:1: has the token 160"))

        let text = try folder.write("text.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n")
        let untokenized = try Graft.run(["score", "--model", model, "--data", text])
        #expect(untokenized.status == 2)
        #expect(untokenized.errors.contains("has no tokenizer"))
        #expect(untokenized.errors.split(separator: "\n").count == 1)
    }

    private func integers(_ tensor: StoredTensor?) throws -> [Int] {
        let tensor = try #require(tensor)
        return (0..<tensor.count).map { Int(tensor.bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
    }

    private func logProbabilities(_ logits: [Float], _ width: Int, _ ids: [Int]) -> [Double] {
        (0..<ids.count - 1).map { row in
            let values = logits[row * width..<(row + 1) * width].map(Double.init)
            let top = values.max() ?? 0
            return values[ids[row + 1]] - top - log(values.reduce(0) { $0 + exp($1 - top) })
        }
    }
}
