import Kernels
import Tensors

/// Keys and values of sequences that are being generated: a slot a sequence, a tensor a layer.
///
/// Slot `s` owns rows `s·capacity ..< (s+1)·capacity` of every layer's tensors.
public final class KeyValueCache {
    /// Sequences there is room for.
    public let slots: Int
    /// Positions a slot can hold.
    public private(set) var capacity: Int
    /// Positions each slot holds.
    public private(set) var lengths: [Int]
    private var keys: [Int: Tensor] = [:]
    private var values: [Int: Tensor] = [:]
    private let type: ElementType

    /// An empty cache; memory is taken when a layer first stores.
    public init(slots: Int, capacity: Int, type: ElementType) {
        self.slots = slots
        self.capacity = capacity
        self.type = type
        lengths = Array(repeating: 0, count: slots)
    }

    /// Gives every slot room for `capacity` positions; what it holds stays.
    public func grow(to capacity: Int) {
        precondition(capacity >= self.capacity, "cache: \(capacity) positions are fewer than \(self.capacity)")
        func grown(_ tensor: Tensor) -> Tensor {
            let larger = Tensor(zeros: slots * capacity, tensor.columns, type)
            for slot in 0..<slots {
                larger.view(rows: slot * capacity..<slot * capacity + lengths[slot])
                    .copy(tensor.view(rows: slot * self.capacity..<slot * self.capacity + lengths[slot]))
            }
            return larger
        }
        keys = keys.mapValues(grown)
        values = values.mapValues(grown)
        self.capacity = capacity
    }

    /// Forgets a slot's positions from `length` on.
    public func truncate(_ slot: Int, to length: Int = 0) {
        precondition(length <= lengths[slot], "cache: slot \(slot) holds \(lengths[slot]), not \(length)")
        lengths[slot] = length
    }

    /// Makes the first `length` positions of one slot those of another (a shared prompt).
    public func copyPrefix(from source: Int, to target: Int, length: Int) {
        precondition(length <= lengths[source], "cache: slot \(source) holds \(lengths[source]), not \(length)")
        for tensors in [keys, values] {
            for tensor in tensors.values {
                let from = tensor.view(rows: source * capacity..<source * capacity + length)
                tensor.view(rows: target * capacity..<target * capacity + length).copy(from)
            }
        }
        lengths[target] = length
    }

    /// Where the queries of new tokens look: one segment a sequence. `counts[i]` new tokens go to slot `slots[i]`.
    func segments(adding counts: [Int], to slots: [Int]) -> [AttentionSegment] {
        var row = 0
        return zip(slots, counts).map { slot, count in
            precondition(lengths[slot] + count <= capacity, "cache: slot \(slot) overflows its \(capacity) positions")
            defer { row += count }
            let start = slot * capacity
            return AttentionSegment(queries: row..<row + count, keys: start..<start + lengths[slot] + count)
        }
    }

    /// Stores a layer's new keys and values at the end of their slots, and gives the layer's tensors.
    func store(_ key: Tensor, _ value: Tensor, layer: Int, segments: [AttentionSegment]) -> (Tensor, Tensor) {
        let allKeys = keys[layer] ?? Tensor(zeros: slots * capacity, key.columns, type)
        let allValues = values[layer] ?? Tensor(zeros: slots * capacity, value.columns, type)
        keys[layer] = allKeys
        values[layer] = allValues
        for segment in segments {
            let place = segment.keys.upperBound - segment.queries.count..<segment.keys.upperBound
            allKeys.view(rows: place).copy(key.view(rows: segment.queries))
            allValues.view(rows: place).copy(value.view(rows: segment.queries))
        }
        return (allKeys, allValues)
    }

    /// Counts new positions in, after all layers have stored them.
    func advance(_ slots: [Int], by counts: [Int]) {
        for (slot, count) in zip(slots, counts) { lengths[slot] += count }
    }
}
