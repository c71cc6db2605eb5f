import Models
import OrderedJSON
import Testing
import WeightFiles

/// What a file's own head means where the configuration ties it to the embedding: what transformers makes of it.
@Suite("Heads that the configuration ties")
struct TiedHeadTests {
    @Test("a head with numbers of its own counts, whatever the configuration says")
    func ownHead() throws {
        let fixture = try Fixture("llama")
        let configuration = try tied(fixture.files.configuration)
        let files = try ModelFiles(
            path: fixture.path, description: ModelDescription(configuration: configuration, file: "config.json"),
            configuration: configuration, source: try #require(fixture.files.source))
        #expect(!files.description.config.tiedHead && files.ignored.isEmpty)
        try fixture.expectLogits("logits.0", of: Transformer(files), ids: fixture.ids(0))
    }

    @Test("a copy of the embedding is not needed")
    func copiedHead() throws {
        let fixture = try Fixture("qwen3")
        let source = WithCopiedHead(model: try #require(fixture.files.source))
        let files = try ModelFiles(
            path: fixture.path, description: fixture.files.description, configuration: fixture.files.configuration,
            source: source)
        #expect(files.description.config.tiedHead && files.ignored == ["lm_head.weight"])
        try fixture.expectLogits("logits.0", of: Transformer(files), ids: fixture.ids(0))
    }

    private func tied(_ configuration: JSONValue) throws -> JSONValue {
        var object = try #require(configuration.objectValue)
        object["tie_word_embeddings"] = true
        return .object(object)
    }
}

/// A model's tensors and the embedding once more as the head.
private struct WithCopiedHead: WeightSource {
    let model: any WeightSource
    var names: [String] { model.names + ["lm_head.weight"] }
    subscript(name: String) -> StoredTensor? {
        guard name == "lm_head.weight", let embedding = model["model.embed_tokens.weight"] else { return model[name] }
        return StoredTensor(
            name: name, shape: embedding.shape, format: embedding.format, file: embedding.file, range: embedding.range)
    }
}
