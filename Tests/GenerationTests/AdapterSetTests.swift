import Generation
import Kernels
import Models
import Tensors
import Testing

/// Rows with different adapters beside each other: each is answered to the bit as where its adapters are alone.
@Suite(.serialized) struct AdapterSetTests {
    @Test(
        arguments: ["llama", "gemma2", "gpt2", "mixtral", "qwen2-moe", "deepseek-v2"],
        ElementType.allCases.filter { $0 == .f32 || Machine.hasBF16 })
    func everySetAnswersAsAlone(name: String, precision: ElementType) throws {
        let base = try TestData.fixture(name)
        let models = [
            base,
            adapted(base.files, seed: 1) { _ in 4 },
            adapted(base.files, seed: 2) { $0.hasSuffix("o_proj") || $0.hasSuffix("c_proj") ? 3 : nil },
            adapted(base.files, seed: 3) { $0.contains("1.") || $0.contains("experts") ? 8 : 2 },
        ]
        let joined = Transformer(joining: models)
        #expect(joined.adapterSets == 4 && joined.parameters.isEmpty)
        let limit = base.config.vocabularySize
        let beginning = TestData.ids(20, below: limit, seed: 9)
        // Prompts of all sets begin alike, so that keys of other adapters would be taken for their own if they could
        // be.
        let requests = (0..<12).map { row -> GenerationRequest in
            var request = GenerationRequest(
                beginning + TestData.ids(1 + row % 3, below: limit, seed: row % 3), maxTokens: 4 + row)
            request.adapterSet = row % models.count
            return request
        }
        let alone = try requests.map { request in
            var own = request
            own.adapterSet = 0
            return try Generator(
                models[request.adapterSet], tokenizer: nil, precision: precision, slots: 1, piece: 8
            ).run([own])[0]
        }
        for slots in [1, 3, 12] {
            let generator = Generator(joined, tokenizer: nil, precision: precision, slots: slots, piece: 8)
            #expect(try generator.run(requests) == alone)
            #expect(try generator.run(requests.reversed()) == alone.reversed())
        }
        // Each set of adapters changes answers.
        let firsts = (0..<models.count).map { set in requests.indices.filter { requests[$0].adapterSet == set } }
        for set in 1..<models.count {
            #expect(
                zip(firsts[0], firsts[set]).contains { a, b in
                    alone[a].ids != Array(alone[b].ids.prefix(alone[a].ids.count))
                })
        }
    }

    private func adapted(_ files: ModelFiles, seed: UInt64, rank: @escaping (String) -> Int?) -> Transformer {
        let model = Transformer(
            files,
            mode: .adapters { name in rank(name.path).map { AdapterSpec(rank: $0, alpha: 8, scale: 8 / Float($0)) } })
        for (number, parameter) in model.parameters.enumerated() {
            var draws = NormalDraws(seed: seed, name: "\(number)")
            for i in 0..<parameter.count { parameter.value.floats[i] = draws.next() * 0.1 }
            parameter.valueChanged()
        }
        return model
    }
}
