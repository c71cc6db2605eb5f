import Generation
import Kernels
import Models
import Testing

/// Generation with a cache gives what the whole sequence gives without one, in every kind of block.
@Suite(.serialized) struct CacheTests {
    static let families = [
        "llama", "llama-3", "qwen2", "qwen3", "qwen3-window", "gemma2", "gemma3", "gpt2", "gpt-neox", "phi3", "olmo2",
        "granite", "cohere", "ministral3", "phi3-long", "llama4", "gpt-oss", "deepseek-v3",
    ]

    @Test(arguments: families)
    func greedyEqualsRecomputing(name: String) throws {
        let model = try TestData.fixture(name)
        let limit = model.config.vocabularySize
        let room = model.config.maximumPositions
        // Longer than the fixtures' windows, and on both sides of the sixteen rows that have products of their own.
        let prompts = [1, 5, 17, 25, 40].filter { $0 + 12 <= room }.map { TestData.ids($0, below: limit, seed: $0) }
        #expect(prompts.count >= 2)
        let generator = Generator(model, tokenizer: nil, precision: .f32, slots: 3)
        let answers = try generator.run(prompts.map { GenerationRequest($0, maxTokens: 12) })
        for (prompt, answer) in zip(prompts, answers) {
            #expect(answer.ids == recomputed(model, prompt, count: 12, precision: .f32))
            #expect(answer.end == .length)
        }
    }

    @Test("latent attention takes memory for whole heads, as they are cached")
    func latentBytes() throws {
        let config = try TestData.fixture("deepseek-v3").config
        // Two layers of four heads: keys of 10 + 6 numbers, values of 8.
        #expect(config.cachedBytes(.f32) == 2 * 4 * (10 + 6 + 8) * 4)
    }
}
