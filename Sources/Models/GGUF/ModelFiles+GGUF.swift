import Diagnostics
import OrderedJSON
import SafeFiles
import WeightFiles

extension ModelFiles {
    /// Opens a GGUF model: its metadata become the configuration that transformers would have, its tensors get the names
    /// that adapters and recipes know them by.
    ///
    /// Rows of query and key that llama.cpp keeps in another order are put back into transformers' order, in memory: an
    /// eighth of the weights that way costs memory once, and adapters, merges and checkpoints know one order only. All
    /// other tensors stay mapped.
    public static func open(gguf path: String) throws -> ModelFiles {
        let file = try GGUFFile.open(path)
        var reader = try GGUFConfiguration(file, path: path)
        let configuration = try reader.json()
        var description = try ModelDescription(configuration: configuration, file: path)
        // Divisors that no known scaling gives are taken as they are.
        if let factors = reader.factors, configuration["rope_scaling"]?.isNull ?? true {
            for i in description.config.rotaries.indices {
                description.config.rotaries[i].scaling = .longRope(
                    LongRopeScaling(
                        shortFactors: factors, longFactors: factors, originalPositions: 1 << 40, attentionFactor: 1))
            }
        }
        let source = GGUFWeights(file, reader.architecture, description)
        return try ModelFiles(path: path, description: description, configuration: configuration, source: source)
    }

    /// The architecture in llama.cpp's words, where it has one that is known here.
    public var ggufArchitecture: GGUFArchitecture? { GGUFArchitecture.writing(description.config.family) }
}

/// A GGUF file's tensors under the names of transformers. Those without such a name keep their own.
private struct GGUFWeights: WeightSource {
    let names: [String]
    private let tensors: [String: StoredTensor]

    init(_ file: GGUFFile, _ architecture: GGUFArchitecture, _ description: ModelDescription) {
        let config = description.config
        var renamed: [String: (name: String, logical: String)] = [:]
        for logical in config.moduleShapes.keys {
            guard let name = architecture.tensorName(logical),
                let module = description.names.module(logical, at: description.names.modules)
            else { continue }
            renamed[name + ".weight"] = (module.weight, logical)
            renamed[name + ".bias"] = (module.bias, logical)
        }
        var names: [String] = []
        var tensors: [String: StoredTensor] = [:]
        for tensor in file.weights.all where tensor.name != "rope_freqs.weight" {
            let (name, logical) = renamed[tensor.name] ?? (tensor.name, "")
            let isBias = tensor.shape.count == 1
            let rows = isBias ? tensor.count : tensor.rows
            if let order = architecture.rowOrder(logical, rows: rows, config: config) {
                tensors[name] = tensor.unordered(order, as: name, rowBytes: tensor.range.count / max(1, rows))
            } else {
                tensors[name] = StoredTensor(
                    name: name, shape: tensor.shape, format: tensor.format, file: tensor.file, range: tensor.range)
            }
            names.append(name)
        }
        self.names = names
        self.tensors = tensors
    }

    subscript(name: String) -> StoredTensor? { tensors[name] }
}

extension StoredTensor {
    /// A copy in memory whose row `order[i]` is row `i` of this tensor. Rows are whole blocks, so any format can be moved.
    fileprivate func unordered(_ order: [Int], as name: String, rowBytes: Int) -> StoredTensor {
        let copy = MappedFile(inMemory: range.count, standingFor: file.path) { to in
            for (row, target) in order.enumerated() {
                let from = UnsafeRawBufferPointer(rebasing: bytes[row * rowBytes..<(row + 1) * rowBytes])
                UnsafeMutableRawBufferPointer(rebasing: to[target * rowBytes..<(target + 1) * rowBytes]).copyMemory(
                    from: from)
            }
        }
        return StoredTensor(name: name, shape: shape, format: format, file: copy, range: 0..<range.count)
    }
}
