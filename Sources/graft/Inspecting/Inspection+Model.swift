import Adapters
import Diagnostics
import Exports
import Foundation
import Models
import OrderedJSON
import Tokenizers
import WeightFiles

extension Inspection {
    /// A Hugging Face directory.
    static func model(_ path: String) throws -> Inspection {
        var inspection = Inspection("model", path: path)
        let file = path + "/config.json"
        let configuration = try JSONValue(contentsOfFile: file)
        inspection.add("model_type", configuration["model_type"]?.stringValue)
        let hasWeights = (try? FileManager.default.contentsOfDirectory(atPath: path))?.contains {
            $0.hasSuffix(".safetensors")
        }
        let opened = inspection.collect { try OpenedModel.open(path, withoutWeights: hasWeights != true) }
        let description = opened?.files.description ?? (try? ModelDescription(configuration: configuration, file: file))
        if let config = description?.config { inspection.add(config) }
        if hasWeights == true { inspection.tensors = try WeightStore.open(path) }
        if let opened {
            inspection.add("weights", opened.files.source == nil ? "none: to be trained from random numbers" : nil)
            inspection.addAbilities(opened.files)
            if !opened.files.ignored.isEmpty {
                inspection.add(
                    "ignored_tensors", .array(opened.files.ignored.map(JSONValue.string)),
                    text: "\(opened.files.ignored.count), which this model does not need")
            }
        }
        inspection.addTokenizer(path)
        return inspection
    }

    /// A decoder's sizes.
    mutating func add(_ config: TransformerConfig) {
        add("layers", config.layers.count)
        add("hidden_size", config.hiddenSize)
        if let attention = config.layers.first?.attention {
            add("attention_heads", attention.heads)
            add("key_value_heads", attention.keyValueHeads)
            add("head_size", attention.headDim)
        }
        add("vocabulary_size", config.vocabularySize)
        add("maximum_positions", config.maximumPositions)
        add("tied_head", .bool(config.tiedHead), text: config.tiedHead ? "yes" : "no")
    }

    private mutating func addTokenizer(_ path: String) {
        guard let tokenizer = collect({ try Tokenizer.load(directory: path) }) else { return }
        let template = tokenizer.chatTemplates["default"] != nil || tokenizer.chatTemplates.count == 1
        add(
            "tokenizer",
            [
                "vocabulary_size": .integer(tokenizer.vocabularySize),
                "bos_token": tokenizer.bosToken.map(JSONValue.string) ?? .null,
                "eos_token": tokenizer.eosToken.map(JSONValue.string) ?? .null,
                "adds_bos": .bool(tokenizer.addsBOS), "chat_template": .bool(template),
            ],
            text:
                "\(CountText.of(tokenizer.vocabularySize)) tokens, \(template ? "a" : "no") chat template, ends a text with "
                + (tokenizer.eosToken ?? "nothing"))
    }

    private mutating func add(_ serving: VLLMServing) {
        let rank = serving.maximumRank
        add(
            "vllm",
            [
                "max_lora_rank": rank.map(JSONValue.integer) ?? .null,
                "obstacles": .array(serving.obstacles.map(JSONValue.string)),
            ],
            text: serving.obstacles.isEmpty
                ? "serves it with --max-lora-rank \(rank ?? 0)" : "no: " + serving.obstacles.joined(separator: "; "))
    }

    /// A PEFT directory.
    static func adapter(_ path: String) throws -> Inspection {
        var inspection = Inspection("adapter", path: path)
        let file = path + "/adapter_config.json"
        let json = try JSONValue(contentsOfFile: file)
        if let config = inspection.collect({ try PEFTConfig(json, file: file) }) {
            inspection.add("base_model", config.baseModel)
            inspection.add("rank", config.settings.rank)
            inspection.add("alpha", .number(config.settings.alpha), text: "\(config.settings.alpha)")
            inspection.add(
                "use_rslora", .bool(config.settings.useRSLoRA), text: config.settings.useRSLoRA ? "yes" : "no")
            inspection.add("target_modules", json["target_modules"] ?? .null)
            inspection.add(VLLMServing(config.settings))
        }
        let weights = path + "/adapter_model.safetensors"
        guard FileManager.default.fileExists(atPath: weights) else {
            inspection.problems.append(Problem("has no adapter_model.safetensors", file: path))
            return inspection
        }
        let store = try WeightStore.open(weights)
        inspection.add("parameters", store.parameterCount)
        inspection.tensors = store
        return inspection
    }
}

extension ModelFiles {
    /// The last parts of the names of modules that `all-linear` means: what a recipe's target_modules can name.
    var linearModuleNames: [String] {
        plan.linear.compactMap { $0.name.path.split(separator: ".").last.map(String.init) }
            .reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }
    }
}
