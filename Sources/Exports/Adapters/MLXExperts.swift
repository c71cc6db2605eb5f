import Adapters
import Diagnostics
import Models
import WeightFiles

/// The experts of a mixture as mlx-lm has them: the gates of a layer in one module, the ups and the downs likewise,
/// under `switch_mlp`.
struct MLXExperts {
    /// What mlx-lm calls the block that holds the experts, by family. gpt-oss it reads in 4 bits only, and of Llama 4
    /// not the text model alone.
    private static let blocks = [
        "mixtral": "block_sparse_moe", "granitemoe": "block_sparse_moe", "qwen2_moe": "mlp", "qwen3_moe": "mlp",
        "olmoe": "mlp", "deepseek_v2": "mlp", "deepseek_v3": "mlp",
    ]

    /// mlx-lm's names of the modules that an expert's module, or all of them in one tensor, lies in.
    let names: [String: [String]]
    private let places: TensorPlaces
    private let block: String

    /// Nil where the base has no experts that mlx-lm has such modules for.
    init?(_ base: ModelFiles) throws {
        guard let block = Self.blocks[base.description.config.family], let architecture = base.ggufArchitecture else {
            return nil
        }
        self.block = block
        let places = try TensorPlaces(architecture, base)
        self.places = places
        var names: [String: [String]] = [:]
        for module in base.plan.modules.map(\.name) where Self.isExpert(module) {
            names[module.path] = places.tensors(of: module.weight).compactMap { Self.name($0, block) }
        }
        self.names = names
    }

    /// Whether a module is an expert's, or holds all experts.
    static func isExpert(_ module: ModuleName) -> Bool { module.logical.contains(".experts.") }

    /// Whether adapters on a module go into one of mlx-lm's.
    func holds(_ module: ModuleName) -> Bool { names[module.path]?.isEmpty == false }

    /// Whether adapters on a tensor of all experts go into one of mlx-lm's, whichever way the base's files hold them.
    func holds(_ parameter: ExpertParameter, in plan: WeightPlan) -> Bool {
        if plan.isStacked(parameter) { return holds(parameter.name) }
        return plan.expertModule(parameter, 0, parameter.isInner ? "gate" : "down").map(holds) ?? false
    }

    /// The adapters of each of mlx-lm's modules.
    func grouped(_ adapters: [AttachedAdapter]) -> [(name: String, group: TensorPlaces.Group)] {
        places.grouped(adapters).compactMap { group in Self.name(group.tensor, block).map { ($0, group) } }
    }

    /// Takes an adapter's part out of the pairs of its layer.
    func load(_ adapter: AttachedAdapter, from file: WeightStore) throws(Problem) {
        for place in places.places(of: adapter) {
            guard let name = Self.name(place.tensor, block) else { continue }
            try places.load(adapter, at: place, named: name, from: file)
        }
    }

    /// `blk.3.ffn_gate_exps.weight` → `model.layers.3.mlp.switch_mlp.gate_proj`.
    private static func name(_ tensor: GGUFTensor, _ block: String) -> String? {
        let parts = tensor.name.split(separator: ".")
        guard parts.count == 4, let layer = Int(parts[1]) else { return nil }
        let words = ["ffn_gate_exps": "gate", "ffn_up_exps": "up", "ffn_down_exps": "down"]
        return words[String(parts[2])].map { "model.layers.\(layer).\(block).switch_mlp.\($0)_proj" }
    }

    /// Why an adapter on an expert cannot be written.
    static func problem(_ path: String) -> Problem {
        Problem(
            "\(path): mlx-lm has no module that takes an adapter on these experts",
            advice: "leave the experts out, use --to peft, or merge the adapter")
    }
}
