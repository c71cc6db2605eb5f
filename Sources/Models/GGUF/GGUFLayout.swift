import Diagnostics

/// One tensor of a GGUF file, and the tensors of transformers' files that it is made of.
public struct GGUFTensor: Sendable, Equatable {
    /// A tensor of transformers' files, or some of its rows.
    public struct Piece: Sendable, Equatable {
        /// The module it belongs to.
        public let module: ModuleName
        /// Its name.
        public let tensor: String
        /// Which of its rows come first, second …; nil for all in their own order.
        public let rows: [Int]?
        /// Into how many equal groups those rows are cut, each of which is transposed; nil where none is.
        public var transposedGroups: Int?
        /// Of what is transposed, which rows come first, second …; nil for all in their own order.
        public var turnedRows: [Int]?
        /// Whether the tensor is no matrix, and each of its numbers a row: biases.
        public var holdsNumbers: Bool { tensor == module.bias || module.logical.hasSuffix("Bias") }
    }

    /// The name in the file, with `.weight` or `.bias`.
    public let name: String
    /// Its dimensions, outermost first.
    public let shape: [Int]
    /// What lies in it, one after the other.
    public private(set) var pieces: [Piece]
    /// What is added to the numbers of transformers' files.
    public let offset: Float

    /// Whether the pieces are the experts of a mixture, one a piece or all in one.
    public let holdsExperts: Bool
    /// Outputs of one of its matrices; 1 for a vector.
    public var outputs: Int { shape.count > 1 ? shape[shape.count - 2] : 1 }

    fileprivate init(
        _ name: String, shape: [Int], pieces: [Piece], offset: Float = 0, holdsExperts: Bool = false
    ) {
        self.name = name
        self.shape = shape
        self.pieces = pieces
        self.offset = offset
        self.holdsExperts = holdsExperts
    }

    fileprivate mutating func append(_ piece: Piece) { pieces.append(piece) }
}

extension GGUFArchitecture {
    /// The tensors of a file of this architecture that holds a model, in published order; a layer's experts stand
    /// together where its first one is.
    ///
    /// - Throws: ``Problem`` for a module that llama.cpp has no name for.
    public func tensors(_ plan: WeightPlan, _ config: TransformerConfig) throws(Problem) -> [GGUFTensor] {
        var tensors: [GGUFTensor] = []
        var places: [String: Int] = [:]
        for module in plan.modules {
            for tensor in try self.tensors(of: module, config) {
                if let place = places[tensor.name], let piece = tensor.pieces.first {
                    tensors[place].append(piece)
                } else {
                    places[tensor.name] = tensors.count
                    tensors.append(tensor)
                }
            }
        }
        return tensors
    }

    private func tensors(
        of module: WeightPlan.Module, _ config: TransformerConfig
    ) throws(Problem) -> [GGUFTensor] {
        let (name, shape) = (module.name, module.shape.weight)
        func piece(_ rows: [Int]?, transposedGroups: Int? = nil) -> GGUFTensor.Piece {
            GGUFTensor.Piece(module: name, tensor: name.weight, rows: rows, transposedGroups: transposedGroups)
        }
        if name.logical.contains(".feedForward.experts."), let mixture = mixture(of: name.logical, config),
            mixture.storage != .modules, let blocks = blocks(of: name.logical)
        {
            return stacked(name, shape, mixture, blocks)
        }
        if let attention = latentAttention(of: name.logical, config), let blocks = blocks(of: name.logical) {
            // Of each head the rows that make its key, transposed since llama.cpp multiplies the query with them, and
            // the rows that make its value.
            let (heads, plain, value) = (attention.heads, attention.plainDim, attention.valueDim)
            func rows(_ first: Int, _ count: Int) -> [Int] {
                (0..<heads).flatMap { head in (0..<count).map { head * (plain + value) + first + $0 } }
            }
            return [
                GGUFTensor(
                    "\(blocks).attn_k_b.weight", shape: [heads, attention.keyValueRank, plain],
                    pieces: [piece(rows(0, plain), transposedGroups: heads)]),
                GGUFTensor(
                    "\(blocks).attn_v_b.weight", shape: [heads, value, attention.keyValueRank],
                    pieces: [piece(rows(plain, value))]),
            ]
        }
        guard let own = tensorName(name.logical) else {
            throw Problem("\(name.path) has no name in llama.cpp's \(self.name)")
        }
        let count = experts(name.logical, config)
        let order = rowOrder(name.logical, rows: shape[0], config: config)
        let isVector = name.logical.hasSuffix(".sharedGate")  // llama.cpp has it without its dimension of 1
        var tensors = [
            GGUFTensor(
                own + (name.logical.hasSuffix(".routerCorrection") ? ".bias" : ".weight"),
                shape: count.map { [$0] + shape } ?? (isVector ? [shape[1]] : shape),
                pieces: [piece(order, transposedGroups: name.kind == .linearInputsFirst ? 1 : nil)],
                offset: name.kind == .norm ? normOffset : 0, holdsExperts: count != nil || shape.count == 3)
        ]
        if let bias = module.shape.bias {
            let piece = GGUFTensor.Piece(module: name, tensor: name.bias, rows: order, transposedGroups: nil)
            tensors.append(GGUFTensor(own + ".bias", shape: [bias], pieces: [piece]))
        }
        return tensors
    }

    /// A tensor that all experts of a layer share. llama.cpp has all gates in one, all ups in another, outputs first.
    private func stacked(
        _ name: ModuleName, _ shape: [Int], _ mixture: ExpertsConfig, _ blocks: String
    ) -> [GGUFTensor] {
        let (part, count, hidden) = (name.logical.split(separator: ".").last ?? "", shape[0], mixture.expert.hidden)
        let suffix = part.hasSuffix("Bias") ? "bias" : "weight"
        func tensor(_ word: String, _ shape: [Int], _ pieces: [GGUFTensor.Piece]) -> GGUFTensor {
            GGUFTensor("\(blocks).ffn_\(word)_exps.\(suffix)", shape: shape, pieces: pieces, holdsExperts: true)
        }
        func piece(_ rows: [Int]?) -> GGUFTensor.Piece {
            GGUFTensor.Piece(module: name, tensor: name.weight, rows: rows, transposedGroups: nil)
        }
        // Turned expert by expert, so that no more than one is in memory.
        func turned(_ outputs: [Int]?) -> [GGUFTensor.Piece] {
            (0..<count).map { expert in
                var piece = piece(Array(expert * shape[1]..<(expert + 1) * shape[1]))
                (piece.transposedGroups, piece.turnedRows) = (1, outputs)
                return piece
            }
        }
        let (isTurned, alternates) = mixture.storage.order
        guard part.hasPrefix("gateUp") else {
            guard isTurned, suffix == "weight" else { return [tensor("down", shape, [piece(nil)])] }
            return [tensor("down", [count, shape[2], shape[1]], turned(nil))]
        }
        return ["gate", "up"].enumerated().map { half, word in
            let own = (0..<hidden).map { alternates ? 2 * $0 + half : half * hidden + $0 }
            if suffix == "weight", isTurned { return tensor(word, [count, hidden, shape[1]], turned(own)) }
            let rows = (0..<count).flatMap { expert in own.map { expert * 2 * hidden + $0 } }
            return tensor(word, [count, hidden] + shape.dropFirst(2), [piece(rows)])
        }
    }

    /// The mixture a module belongs to.
    private func mixture(of logical: String, _ config: TransformerConfig) -> ExpertsConfig? {
        guard let layer = WeightNames.generalised(logical).numbers.first.flatMap({ Int($0) }),
            config.layers.indices.contains(layer), case .experts(let experts) = config.layers[layer].feedForward
        else { return nil }
        return experts
    }

    /// The attention whose keys and values this module makes of their narrow layer; nil for any other module.
    private func latentAttention(of logical: String, _ config: TransformerConfig) -> LatentAttentionConfig? {
        let (pattern, numbers) = WeightNames.generalised(logical)
        guard pattern == "layers.*.attention.keyValueUp", let layer = numbers.first.flatMap({ Int($0) }),
            case .latentAttention(let attention) = config.layers[layer].mixer
        else { return nil }
        return attention
    }

    /// `layers.3.feedForward…` → `blk.3`.
    private func blocks(of logical: String) -> String? {
        WeightNames.generalised(logical).numbers.first.map { "blk.\($0)" }
    }

    /// How many experts lie beside a module that is one of them.
    private func experts(_ logical: String, _ config: TransformerConfig) -> Int? {
        guard WeightNames.generalised(logical).pattern.hasPrefix("layers.*.feedForward.experts.*.") else { return nil }
        return mixture(of: logical, config)?.count
    }
}

extension ExpertsConfig.Storage {
    /// Whether stacked matrices have inputs before outputs, and whether gate and up alternate.
    fileprivate var order: (inputsFirst: Bool, alternates: Bool) {
        switch self {
        case .modules, .stacked: (false, false)
        case .stackedInterleaved: (false, true)
        case .stackedInputsFirst(let interleaved): (true, interleaved)
        }
    }
}
