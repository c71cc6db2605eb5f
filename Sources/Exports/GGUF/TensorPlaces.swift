import Adapters
import Diagnostics
import Kernels
import Models
import Tensors
import WeightFiles

/// Where adapters go among the tensors that llama.cpp has of a base: one for each matrix, and one for the gates, ups
/// and downs of all experts of a layer. mlx-lm has experts the same way.
struct TensorPlaces {
    /// A tensor and, in a mixture, which expert's part of it.
    struct Place {
        let tensor: GGUFTensor
        let expert: Int
        /// Which outputs of the adapter come first, second …; nil for all in their order.
        let rows: [Int]?
        var experts: Int? { tensor.holdsExperts ? tensor.shape[0] : nil }
        /// Outputs that the tensor has.
        var outputs: Int { tensor.outputs }
    }

    /// The adapters that share a tensor and so a rank: smaller ranks are padded with zeros, experts without an adapter
    /// get zeros.
    struct Group {
        let tensor: GGUFTensor
        fileprivate(set) var members: [(place: Place, adapter: AttachedAdapter)]

        /// The largest rank.
        var rank: Int { members.map(\.adapter.spec.rank).max() ?? 0 }
        /// Numbers an adapter takes in.
        var inputs: Int { members.first?.adapter.a.columns ?? 0 }

        private var byExpert: [(place: Place, adapter: AttachedAdapter)?] {
            let known = Dictionary(members.map { ($0.place.expert, $0) }) { first, _ in first }
            return tensor.holdsExperts ? (0..<tensor.shape[0]).map { known[$0] } : [members.first]
        }

        /// A of each expert, or of the one matrix: [rank, inputs].
        func a(rank: Int) -> [Tensor] { byExpert.map { ($0?.adapter.aValue).padded(rows: rank, columns: inputs) } }

        /// B of each, [outputs, rank], multiplied by what an adapter's own settings ask for.
        func b(rank: Int, factor: (AdapterSpec) -> Float) -> [Tensor] {
            byExpert.map { member in
                guard let (place, adapter) = member else { return Tensor(zeros: tensor.outputs, rank) }
                return Optional(adapter.bValue).padded(rows: rank, columns: adapter.b.columns).transposed()
                    .rowsInOrder(place.rows, factor: factor(adapter.spec))
            }
        }
    }

    /// The GGUF tensors a stored tensor lies in, with the number of its piece there.
    private let pieces: [String: [(tensor: GGUFTensor, piece: Int)]]

    init(_ architecture: GGUFArchitecture, _ base: ModelFiles) throws(Problem) {
        var pieces: [String: [(tensor: GGUFTensor, piece: Int)]] = [:]
        for tensor in try architecture.tensors(base.plan, base.description.config) {
            for (number, piece) in tensor.pieces.enumerated() {
                pieces[piece.tensor, default: []].append((tensor, number))
            }
        }
        self.pieces = pieces
    }

    /// The tensors that a stored tensor lies in; none where llama.cpp has none of it.
    func tensors(of weight: String) -> [GGUFTensor] {
        (pieces[weight] ?? []).map(\.tensor).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// An adapter's places: one, or two where the file has gate and up of an expert in one matrix.
    func places(of adapter: AttachedAdapter) -> [Place] {
        (pieces[adapter.module.weight] ?? []).compactMap { tensor, number in
            guard let slot = adapter.slot, slot.isStacked else {
                return Place(tensor: tensor, expert: number, rows: tensor.pieces[number].rows)
            }
            if slot.inputsFirst {
                guard number == slot.expert else { return nil }
                return Place(tensor: tensor, expert: number, rows: tensor.pieces[number].turnedRows)
            }
            let own = slot.expert * slot.parameter.outputs..<(slot.expert + 1) * slot.parameter.outputs
            let rows = tensor.pieces[number].rows?.filter(own.contains).map { $0 - own.lowerBound }
            return Place(tensor: tensor, expert: slot.expert, rows: rows)
        }
    }

    /// The adapters of each tensor, in the model's order.
    func grouped(_ adapters: [AttachedAdapter]) -> [Group] {
        var groups: [Group] = []
        var known: [String: Int] = [:]
        for adapter in adapters {
            for place in places(of: adapter) {
                let at = known[place.tensor.name] ?? groups.count
                if at == groups.count {
                    known[place.tensor.name] = at
                    groups.append(Group(tensor: place.tensor, members: []))
                }
                groups[at].members.append((place, adapter))
            }
        }
        return groups
    }

    /// Puts what a file has at a place, `NAME.lora_a` and `.lora_b` with outputs first, into an adapter.
    func load(_ adapter: AttachedAdapter, at place: Place, named name: String, from file: WeightStore) throws(Problem) {
        let (rank, outputs, inputs) = (adapter.spec.rank, place.outputs, adapter.a.columns)
        let leading = place.experts.map { [$0] } ?? []
        guard let a = file[name + ".lora_a"], let b = file[name + ".lora_b"],
            a.shape == leading + [rank, inputs], b.shape == leading + [outputs, rank], let aValues = a.floats(),
            let bValues = b.floats()
        else { throw Problem("the pair \(name).lora_a, .lora_b is not whole", file: file.files.first) }
        let expert = place.experts == nil ? 0 : place.expert
        let first = (a: expert * rank * inputs, b: expert * outputs * rank)
        adapter.aValue.copy(Tensor(Array(aValues[first.a..<first.a + rank * inputs]), rows: rank, columns: inputs))
        for row in 0..<outputs {
            let output = place.rows?[row] ?? row
            for r in 0..<rank {
                adapter.bValue.floats[r * adapter.bValue.stride + output] = bValues[first.b + row * rank + r]
            }
        }
        adapter.a.valueChanged()
        adapter.b.valueChanged()
    }
}

extension Tensor? {
    /// The same in the upper left of zeros; only zeros where there is nothing.
    func padded(rows: Int, columns: Int) -> Tensor {
        let whole = Tensor(zeros: rows, columns)
        if let own = self { whole.view(rows: 0..<own.rows).copy(own) }
        return whole
    }
}

extension Tensor {
    /// A copy whose row `i` is row `order[i]`, multiplied by a factor.
    fileprivate func rowsInOrder(_ order: [Int]?, factor: Float) -> Tensor {
        let copy = Tensor(uninitialized: order?.count ?? rows, columns)
        for i in 0..<copy.rows {
            let row = order?[i] ?? i
            for c in 0..<columns { copy.floats[i * columns + c] = floats[row * stride + c] * factor }
        }
        return copy
    }
}

extension [TensorDeclaration] {
    /// Adds a tensor that is made, matrix after matrix, when it is written.
    mutating func add(
        _ name: String, shape: [Int], to values: inout [String: () -> [Tensor]], _ make: @escaping () -> [Tensor]
    ) {
        append(TensorDeclaration(name, shape: shape, format: .element(.f32)))
        values[name] = make
    }
}

extension [String: () -> [Tensor]] {
    /// Hands a tensor's numbers to the sink.
    func write(_ name: String, to sink: ByteSink) throws {
        for value in self[name]?() ?? [] {
            let floats = value.converted(to: .f32)
            try withExtendedLifetime(floats) {
                try sink(UnsafeRawBufferPointer(start: floats.pointer, count: floats.byteCount))
            }
        }
    }
}
