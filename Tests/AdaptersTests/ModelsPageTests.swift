import Foundation
import Models
import OrderedJSON
import Testing

/// docs/models.md is made from the fixtures that the parity tests run on, so that it says what is verified and no more.
///
/// `GRAFT_WRITE_DOCS=1` writes the page instead of comparing it.
@Suite("The page of families")
struct ModelsPageTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/models.md").path

    /// What people call the families, by `model_type`.
    private static let titles = [
        "llama": "Llama 1 – 3.3", "mistral": "Mistral, Nemo", "ministral3": "Ministral 3", "qwen2": "Qwen 2, 2.5",
        "qwen3": "Qwen 3", "gemma": "Gemma", "gemma2": "Gemma 2", "gemma3_text": "Gemma 3 (text)",
        "phi3": "Phi-3, 3.5, 4, 4-mini", "gpt_neox": "GPT-NeoX, Pythia", "gpt2": "GPT-2", "smollm3": "SmolLM3",
        "olmo": "OLMo 1", "olmo2": "OLMo 2", "olmo3": "OLMo 3", "granite": "Granite 3", "cohere": "Command R",
        "cohere2": "Command R7B, A", "starcoder2": "StarCoder 2", "mixtral": "Mixtral", "qwen2_moe": "Qwen 2 MoE",
        "qwen3_moe": "Qwen 3 MoE", "olmoe": "OLMoE", "granitemoe": "Granite 3 MoE", "deepseek_v2": "DeepSeek V2",
        "deepseek_v3": "DeepSeek V3, R1", "llama4_text": "Llama 4 (text)", "gpt_oss": "gpt-oss",
    ]

    /// Published weights that tests compare with their reference's numbers (GenerationTests/ReferenceTests): the few
    /// that are small enough to be at hand.
    private static let published = ["llama": "stories260K", "gpt2": "slm-4096-gpt2"]

    /// Multimodal wrappers whose text model is read.
    private static let wrappers = ["gemma3": "gemma3_text"]

    private struct Line {
        var models: [String] = []
        /// Without what says how weights are stored.
        var configurations: [JSONValue] = []
        var experts = false
        var parameters = false
        var wrapped = false
    }

    private static func lines() throws -> [String: Line] {
        var lines: [String: Line] = [:]
        for name in ParityTests.fixtures {
            let path = ParityTests.root + "/" + name
            let json = try JSONValue(parsing: Array(Data(contentsOf: URL(filePath: path + "/config.json"))))
            let type = try #require(json["model_type"]?.stringValue)
            var line = lines[wrappers[type] ?? type] ?? Line()
            line.models.append(name)
            let text = json["text_config"] ?? json
            var members = try #require(text.objectValue)
            members["quantization_config"] = nil
            if !line.configurations.contains(.object(members)) { line.configurations.append(.object(members)) }
            line.experts = line.experts || ParityTests.withExperts.contains(name)
            line.parameters = line.parameters || ParameterTests.withParameters.contains(name)
            lines[wrappers[type] ?? type] = line
        }
        return lines
    }

    private static func text() throws -> String {
        let lines = try lines()
        var rows: [String] = []
        for type in ModelDescription.knownTypes {
            guard let line = lines[type] else { continue }
            let adapters =
                ["linear layers"] + (line.experts ? ["single experts"] : []) + (line.parameters ? ["all experts"] : [])
            rows.append(
                "| \(titles[type] ?? "") | `\(type)` | \(line.models.joined(separator: ", ")) "
                    + "| \(adapters.joined(separator: ", ")) | \(published[type].map { "`\($0)`" } ?? "–") |")
        }
        return """
            # Families

            Made from the tests' own list of fixtures by `ModelsPageTests`, which fails when this page says anything else or
            when a family has no fixture. `GRAFT_WRITE_DOCS=1 swift test -c release --filter ModelsPageTests` writes it.

            *Verified on random weights*: tiny models under `Tests/Fixtures/models`, each compared with transformers 5.23 and
            PEFT 0.21 in f32: log-probabilities of every token within 1e-4, loss within 1e-4, every adapter's gradient within
            1e-3 relative (*adapters* says on what), both with every activation kept and recomputed; the same through the
            key/value cache; near in bf16. *Verified on published files*: greedy text of published weights equals that of
            transformers. No larger published weights could be had where this was made.

            | family | `model_type` | verified on random weights | adapters | verified on published files |
            |---|---|---|---|---|
            \(rows.joined(separator: "\n"))

            Multimodal checkpoints whose `text_config` is one of these load their text model: \(wrapperTypes()).

            `graft inspect DIR` says for one model what was recognised, its size, and what can be trained and exported.
            `scripts/fixtures/make_random_models.py` draws random configurations of every family, on which the same tests run.
            `check_adapters.py` beside it trains adapters on any such folder and reads them in PEFT, `make_random_tokenizers.py` and
            `make_random_templates.py` draw tokenizers and templates.

            """
    }

    private static func wrapperTypes() -> String {
        ModelDescription.wrapperTypes.sorted().map { "`\($0)`" }.joined(separator: ", ")
    }

    @Test(
        "every family has a fixture and a name",
        .disabled(if: ProcessInfo.processInfo.environment["GRAFT_PARITY_MODELS"] != nil, "other models are asked for"))
    func everyFamilyIsVerified() throws {
        let lines = try Self.lines()
        let known = Set(ModelDescription.knownTypes)
        #expect(known.subtracting(lines.keys).isEmpty, "families without a parity fixture")
        let once = lines.filter { $0.value.configurations.count < 2 }.keys
        #expect(once.isEmpty, "families of which one configuration is verified only")
        #expect(known.subtracting(Self.titles.keys).isEmpty, "families without a name on the page")
        #expect(Set(Self.published.keys).isSubset(of: known))
    }

    @Test(
        "docs/models.md is up to date",
        .disabled(if: ProcessInfo.processInfo.environment["GRAFT_PARITY_MODELS"] != nil, "other models are asked for"))
    func pageIsFresh() throws {
        let text = try Self.text()
        if ProcessInfo.processInfo.environment["GRAFT_WRITE_DOCS"] == "1" {
            try text.write(toFile: Self.page, atomically: true, encoding: .utf8)
        }
        let found = try String(contentsOfFile: Self.page, encoding: .utf8)
        #expect(found == text, "docs/models.md is stale; run with GRAFT_WRITE_DOCS=1")
    }
}
