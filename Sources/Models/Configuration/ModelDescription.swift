import Diagnostics
import OrderedJSON
import WeightFiles

/// What config.json says of a model: its decoder, and the names of its weights.
public struct ModelDescription: Sendable, Equatable {
    /// The decoder.
    public var config: TransformerConfig
    /// The names of the weights; module paths are those of the class that loads this checkpoint in transformers, so
    /// a multimodal wrapper shows in them.
    public var names: WeightNames

    /// Where the text model's modules begin in a multimodal class, `model.language_model.`; nil for a text model alone.
    public private(set) var textModel: String?

    /// A description made by hand, for tests and other formats.
    public init(config: TransformerConfig, names: WeightNames) {
        self.config = config
        self.names = names
    }

    /// Reads a config.json in either spelling (published files', transformers 5's), bare or with a `text_config`.
    ///
    /// - Parameters:
    ///   - configuration: the parsed file.
    ///   - file: its path, for messages.
    /// - Throws: ``Problems`` with every wrong key: unknown `model_type`, impossible or contradictory values,
    ///   quantised weights.
    public init(configuration: JSONValue, file: String) throws(Problems) {
        guard case .object(let outer) = configuration else {
            throw Problems([Problem("is \(configuration.kindName), not an object", file: file)])
        }
        guard let type = outer["model_type"]?.stringValue else {
            throw Problems([Problem("model_type is missing", file: file, advice: "it names the family, e.g. \"llama\"")]
            )
        }
        var problems: [Problem] = []
        if var problem = unsupportedQuantization(config: configuration, names: [String]()) {
            problem.file = file
            problems.append(problem)
        }
        var json = outer
        var keyPrefix = ""
        var family = ModelFamily.named(type)
        var modules: WeightNames.Prefix?
        if let wrapper = Wrapper.named(type) {
            guard let text = outer["text_config"]?.objectValue else {
                throw Problems(problems + [Problem("text_config is missing or no object", file: file)])
            }
            json = text
            if json["model_type"]?.isNull ?? true { json["model_type"] = .string(wrapper.textType) }
            let outerTie = outer["tie_word_embeddings"]
            switch wrapper.tie {
            case .wrapper(let fallback): json["tie_word_embeddings"] = outerTie ?? .bool(fallback)
            case .either: if outerTie == true { json["tie_word_embeddings"] = true }
            case .text: break
            }
            keyPrefix = "text_config."
            family = json["model_type"]?.stringValue.flatMap(ModelFamily.named)
            modules = wrapper.modules
        }
        guard let family else {
            let unknown = json["model_type"]?.stringValue ?? type
            let known = ModelFamily.knownTypes + Wrapper.all.flatMap(\.types)
            let near = suggestion(for: unknown, among: known).map { "did you mean \"\($0)\"? " } ?? ""
            let message = "\(keyPrefix)model_type \"\(unknown)\" is not supported"
            let advice = near + "supported: " + known.sorted().joined(separator: ", ")
            throw Problems(problems + [Problem(message, file: file, advice: advice)])
        }
        let reader = ConfigReader(json, file: file, keyPrefix: keyPrefix)
        config = family.read(reader)
        names = modules.map(family.names.wrapped) ?? family.names
        textModel = modules?.base
        if let excess = config.excess { reader.fault("num_hidden_layers", excess) }
        try Problems(problems + reader.problems).throwIfAny()
    }

    /// Every `model_type` that can be read, for messages and documentation.
    public static var knownTypes: [String] { ModelFamily.knownTypes }
    /// The values of `model_type` of multimodal models whose text model can be read.
    public static var wrapperTypes: [String] { Wrapper.all.flatMap(\.types) }

    /// The same for a file with these tensors: where a family publishes experts one by one and this file holds them
    /// stacked, as transformers 5 does in memory, the experts' storage is stacked; gpt-oss's in MXFP4 have outputs
    /// first.
    public func matching(_ contains: (String) -> Bool) -> ModelDescription {
        guard let place = names.place(where: contains) else { return self }
        var description = self
        for (i, layer) in config.layers.enumerated() {
            guard case .experts(var experts) = layer.feedForward,
                let stacked = names.module("layers.\(i).feedForward.experts.gateUp", at: place, contains: contains)
            else { continue }
            if experts.storage == .modules, contains(stacked.weight) {
                experts.storage = .stacked
            } else if experts.storage == .stackedInputsFirst(interleaved: true), contains(stacked.weight + "_blocks") {
                experts.storage = .stackedInterleaved
            } else {
                continue
            }
            description.config.layers[i].feedForward = .experts(experts)
        }
        return description
    }

}

/// A multimodal class whose text model is described by a nested `text_config`.
struct Wrapper: Sendable {
    /// Its values of `model_type`.
    let types: [String]
    /// The text model's type when `text_config` does not say.
    let textType: String
    /// Where the text model's modules are in transformers.
    let modules: WeightNames.Prefix
    /// Whose word decides whether the head is tied.
    let tie: Tie

    /// Who says whether the head is tied.
    enum Tie: Sendable, Equatable {
        /// The wrapper; what it means when it is silent.
        case wrapper(Bool)
        /// It is where one of the two says so.
        case either
        /// The text model alone, which has a head of its own inside.
        case text
    }

    static let all = [
        Wrapper(types: ["gemma3"], textType: "gemma3_text", modules: .insideWrapper, tie: .wrapper(true)),
        Wrapper(types: ["mistral3"], textType: "mistral", modules: .insideWrapper, tie: .wrapper(true)),
        Wrapper(types: ["llava", "llava_next"], textType: "llama", modules: .insideWrapper, tie: .either),
        Wrapper(
            types: ["llama4"], textType: "llama4_text",
            modules: .init(base: "language_model.model.", head: "language_model.lm_head"), tie: .text),
    ]

    static func named(_ type: String) -> Wrapper? { all.first { $0.types.contains(type) } }
}

extension WeightNames.Prefix {
    /// Where today's multimodal classes hold their text model.
    static let insideWrapper = WeightNames.Prefix(base: "model.language_model.", head: "lm_head")
}

extension TransformerConfig {
    /// What is wrong with sizes that no model has and no memory would hold; nil when nothing is.
    fileprivate var excess: String? {
        let experts = layers.reduce(0) { sum, layer in
            if case .experts(let experts) = layer.feedForward { sum + experts.count } else { sum }
        }
        if experts > 100_000 { return "makes \(experts) experts in \(layers.count) layers, more than any model has" }
        // In floating point: the sum may be beyond whole numbers, which all that counts bytes takes for granted it is
        // not.
        let numbers = moduleShapes.values.reduce(0.0) { $0 + $1.weight.reduce(1.0) { $0 * Double($1) } }
        return numbers > 0x1p48
            ? "and the sizes beside it make \(Float(numbers)) numbers, more than any model has" : nil
    }
}
