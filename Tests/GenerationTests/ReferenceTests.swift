import Generation
import Kernels
import Models
import OrderedJSON
import Testing
import Tokenizers

/// Greedy answers of real models equal those of transformers, stored in reference.json beside the weights.
@Suite(.serialized) struct ReferenceTests {
    @Test(arguments: ["stories260K", "stories260K-pad256", "slm-4096-gpt2"])
    func greedyIDsAreThoseOfTransformers(name: String) throws {
        guard let shared = TestData.shared else { return }
        let directory = "\(shared)/assets/models/\(name)"
        let files = try ModelFiles.open(directory: directory)
        let tokenizer = try Tokenizer.load(directory: directory)
        let reference = try JSONValue(contentsOfFile: directory + "/reference.json")
        let prompts = try #require(reference["prompts"]?.arrayValue)
        let expected = prompts.map { ids($0["greedy_ids"]) }
        let requests = zip(prompts, expected).map { prompt, expected in
            let start = ids(prompt["prompt_ids"])
            return GenerationRequest(start, maxTokens: expected.count - start.count, continuesText: true)
        }
        #expect(requests.count > 1)
        let generator = Generator(Transformer(files), tokenizer: tokenizer, precision: .f32)
        let answers = try generator.run(requests)
        for (number, answer) in answers.enumerated() {
            #expect(requests[number].prompt + answer.ids == expected[number])
            let text = (prompts[number]["prompt"]?.stringValue ?? "") + answer.text
            #expect(text == prompts[number]["greedy_text"]?.stringValue)
        }
    }

    @Test func stopTokensComeFromTheModelsFiles() throws {
        guard let shared = TestData.shared else { return }
        let directory = "\(shared)/assets/models/stories260K"
        let files = try ModelFiles.open(directory: directory)
        let tokenizer = try Tokenizer.load(directory: directory)
        #expect(try StopTokens.ids(of: files, tokenizer: tokenizer, endOfTurn: nil) == [2])
        #expect(try StopTokens.ids(of: files, tokenizer: tokenizer, endOfTurn: "<s>") == [1, 2])
    }

    private func ids(_ value: JSONValue?) -> [Int32] {
        (value?.arrayValue ?? []).compactMap { $0.intValue.map { Int32($0) } }
    }
}
