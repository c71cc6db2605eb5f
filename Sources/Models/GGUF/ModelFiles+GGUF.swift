import Diagnostics
import Kernels
import OrderedJSON
import SafeFiles
import WeightFiles

extension ModelFiles {
    /// Opens a GGUF model: its metadata become the configuration that transformers would have, its tensors get the names
    /// that adapters and recipes know them by.
    ///
    /// Rows that llama.cpp keeps in another order (of query and key) are put back into transformers' order, in memory: an
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
        let source = try GGUFWeights(file, reader.architecture, description)
        return try ModelFiles(path: path, description: description, configuration: configuration, source: source)
    }

    /// The architecture in llama.cpp's words, where it has one that is known here.
    public var ggufArchitecture: GGUFArchitecture? { GGUFArchitecture.writing(description.config.family) }
}

/// A GGUF file's tensors under the names of transformers. Those without such a name keep their own.
private struct GGUFWeights: WeightSource {
    private(set) var names: [String] = []
    private var tensors: [String: StoredTensor] = [:]

    /// Tensors that hold settings; the configuration has them.
    private static let settings: Set = [
        "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight",
    ]

    init(_ file: GGUFFile, _ architecture: GGUFArchitecture, _ description: ModelDescription) throws(Problem) {
        let plan = WeightPlan(description) { _ in false }
        let layout = try architecture.tensors(plan, description.config)
        let known = Dictionary(layout.map { ($0.name, $0) }) { first, _ in first }
        for tensor in file.weights.all where !Self.settings.contains(tensor.name) {
            let own = known[tensor.name]
            // A shape that cannot be cut into its pieces keeps its name, and is reported with what is missing.
            guard let own, own.pieces.count == 1 || tensor.shape == own.shape else {
                add(tensor.named(own?.pieces.first?.tensor ?? tensor.name))
                continue
            }
            for (number, piece) in own.pieces.enumerated() {
                let part = tensor.part(number, of: own.pieces.count).named(piece.tensor)
                add(own.offset == 0 ? part.unordered(piece.rows) : part.lowered(by: own.offset))
            }
        }
    }

    private mutating func add(_ tensor: StoredTensor) {
        names.append(tensor.name)
        tensors[tensor.name] = tensor
    }

    subscript(name: String) -> StoredTensor? { tensors[name] }
}

extension StoredTensor {
    fileprivate func named(_ name: String) -> StoredTensor {
        StoredTensor(name: name, shape: shape, format: format, file: file, range: range)
    }

    /// One of equal parts along the first dimension, without that dimension.
    fileprivate func part(_ number: Int, of count: Int) -> StoredTensor {
        guard count > 1 else { return self }
        let bytes = range.count / count
        let first = range.lowerBound + number * bytes
        return StoredTensor(
            name: name, shape: Array(shape.dropFirst()), format: format, file: file, range: first..<first + bytes)
    }

    /// A copy in memory whose row `order[i]` is row `i` of this tensor. Rows are whole blocks, so any format can be moved;
    /// a vector's rows are its numbers.
    fileprivate func unordered(_ order: [Int]?) -> StoredTensor {
        let rows = shape.count == 1 ? count : rows
        guard let order, order.count == rows else { return self }
        let rowBytes = range.count / max(1, rows)
        let copy = MappedFile(inMemory: range.count, standingFor: file.path) { to in
            for (row, target) in order.enumerated() {
                let from = UnsafeRawBufferPointer(rebasing: bytes[row * rowBytes..<(row + 1) * rowBytes])
                UnsafeMutableRawBufferPointer(rebasing: to[target * rowBytes..<(target + 1) * rowBytes]).copyMemory(
                    from: from)
            }
        }
        return StoredTensor(name: name, shape: shape, format: format, file: copy, range: 0..<range.count)
    }

    /// A copy in memory, in f32, with a number taken from all.
    fileprivate func lowered(by offset: Float) -> StoredTensor {
        guard let values = floats() else { return self }
        let copy = MappedFile(inMemory: values.count * 4, standingFor: file.path) { to in
            values.map { $0 - offset }.withUnsafeBytes { to.copyMemory(from: $0) }
        }
        return StoredTensor(
            name: name, shape: shape, format: .element(.f32), file: copy, range: 0..<values.count * 4)
    }
}
