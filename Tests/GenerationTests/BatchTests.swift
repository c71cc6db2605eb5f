import Diagnostics
import Generation
import Kernels
import Models
import Testing

/// What a row's answer may depend on, and what not.
@Suite(.serialized) struct BatchTests {
    @Test(arguments: ElementType.allCases.filter { $0 == .f32 || Machine.hasBF16 }, [0.0, 0.9])
    func answersDoNotDependOnCompany(precision: ElementType, temperature: Double) throws {
        let model = try TestData.fixture("llama")
        let system = TestData.ids(40, below: model.config.vocabularySize, seed: 1)
        var sampling = Sampling()
        sampling.temperature = temperature
        sampling.topP = 0.95
        sampling.seed = 7
        let requests = (0..<9).map { row -> GenerationRequest in
            let own = TestData.ids(3 + row, below: model.config.vocabularySize, seed: row)
            return GenerationRequest(
                (row % 3 == 0 ? [] : system) + own, maxTokens: 5 + row, sampling: sampling, key: UInt64(row))
        }
        let alone = try requests.map {
            try Generator(model, tokenizer: nil, precision: precision, slots: 1, piece: 20).run([$0])[0]
        }
        #expect(Set(alone.map(\.ids)).count == requests.count)
        for slots in [1, 2, 4, 16] {
            let generator = Generator(model, tokenizer: nil, precision: precision, slots: slots, piece: 20)
            #expect(try generator.run(requests) == alone)
            // Once more, with everything that the first run left in the cache.
            #expect(try generator.run(requests.reversed()) == alone.reversed())
        }
    }

    @Test func conversationsGoOnFromTheirCache() throws {
        let model = try TestData.fixture("qwen2")
        let first = TestData.ids(20, below: model.config.vocabularySize, seed: 3)
        let generator = Generator(model, tokenizer: nil, precision: .f32, slots: 1, sharing: .conversations)
        let answer = try generator.run([GenerationRequest(first, maxTokens: 8)])[0]
        let second = first + answer.ids + TestData.ids(25, below: model.config.vocabularySize, seed: 4)
        let next = try generator.run([GenerationRequest(second, maxTokens: 8)])[0]
        #expect(next.ids == recomputed(model, second, count: 8, precision: .f32))
    }

    @Test func answersEndWhereTheyShould() throws {
        let model = try TestData.fixture("llama")
        let prompt = TestData.ids(6, below: model.config.vocabularySize, seed: 2)
        let generator = Generator(model, tokenizer: nil, precision: .f32)
        let whole = try generator.run([GenerationRequest(prompt, maxTokens: 10)])[0]
        let stop = whole.ids[4]
        let cut = try generator.run([GenerationRequest(prompt, maxTokens: 10, stopIDs: [stop])])[0]
        #expect(cut.ids == Array(whole.ids.prefix { $0 != stop }))
        #expect(cut.end == .stopToken(stop))
        let told = try generator.run([GenerationRequest(prompt, maxTokens: 10)], onToken: { _, id, _ in id != stop })[0]
        #expect(told.ids == cut.ids + [stop])
        #expect(told.end == .cancelled)
        #expect(try generator.run([GenerationRequest(prompt, maxTokens: 0)])[0].ids.isEmpty)
        let full = TestData.ids(model.config.maximumPositions - 2, below: model.config.vocabularySize, seed: 5)
        let last = try generator.run([GenerationRequest(full, maxTokens: 10)])[0]
        #expect(last.end == .contextFull)
        #expect(last.ids.count == 3)
    }

    @Test func wrongPromptsAreReportedTogether() throws {
        let model = try TestData.fixture("llama")
        let generator = Generator(model, tokenizer: nil, precision: .f32)
        let requests = [[], [1, Int32(model.config.vocabularySize)], [1]].map { GenerationRequest($0, maxTokens: 1) }
        let problems = #expect(throws: Problems.self) { try generator.run(requests) }
        #expect(problems?.list.count == 2)
    }
}
