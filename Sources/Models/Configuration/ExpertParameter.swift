/// One tensor that holds a matrix of all experts of a layer, as transformers 5 has them in memory: what PEFT's
/// `target_parameters` names. Files may hold it so, or expert by expert.
public struct ExpertParameter: Sendable, Equatable {
    /// Its names; the path is what `target_parameters` is matched with, e.g. `model.layers.3.mlp.experts.gate_up_proj`.
    public var name: ModuleName
    /// Number of experts.
    public var experts: Int
    /// Numbers an expert's product takes in.
    public var inputs: Int
    /// Numbers an expert's product puts out.
    public var outputs: Int
    /// Whether it is the first of the two parameters of its module, which PEFT wraps first.
    public var isInner: Bool
    /// Whether PEFT takes its inputs for outputs: it takes [experts, outputs, inputs] for granted, unless the module
    /// says otherwise, and Llama 4's does not.
    public var isSwapped: Bool

    /// The module it belongs to, e.g. `model.layers.3.mlp.experts`.
    public var container: String {
        String(name.path[..<(name.path.lastIndex(of: ".") ?? name.path.startIndex)])
    }
    /// Its decoder's name below the mixture: `gateUp` or `down`.
    public var part: String { isInner ? "gateUp" : "down" }
}

/// Where an expert's matrix is in the parameter of all experts.
public struct ExpertSlot: Sendable, Equatable {
    /// The parameter.
    public var parameter: ExpertParameter
    /// The expert.
    public var expert: Int
    /// The outputs of the expert's whole matrix that this part has: gate and up may be parts of one.
    public var outputs: Range<Int>
    /// Whether the file holds the experts in one tensor.
    public var isStacked: Bool
    /// Whether that tensor has inputs before outputs.
    public var inputsFirst: Bool
}

extension TransformerConfig {
    /// The expert parameters of a layer, in the order in which PEFT wraps them.
    func expertParameters(
        _ layer: Int, names: WeightNames, at place: WeightNames.Prefix, contains: (String) -> Bool
    ) -> [ExpertParameter] {
        guard case .experts(let experts) = layers[layer].feedForward else { return [] }
        let hidden = experts.expert.hidden
        let swapped = experts.routing == .sigmoidOnInput  // Llama 4, in whatever order this file has it
        return ["gateUp", "down"].compactMap { part in
            let path = "layers.\(layer).feedForward.experts.\(part)"
            guard let name = names.module(path, at: place, contains: contains) else { return nil }
            return ExpertParameter(
                name: name, experts: experts.count, inputs: part == "down" ? hidden : hiddenSize,
                outputs: part == "down" ? hiddenSize : 2 * hidden, isInner: part == "gateUp", isSwapped: swapped)
        }
    }
}
