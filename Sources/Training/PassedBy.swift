import Datasets

/// Rows that gave nothing when their turn came, told one by one at first: only rows of large files, see
/// ``Datasets/ReadingDepth``.
struct PassedBy {
    private static let told = 20
    private var faulty = 0
    private var dropped = 0

    /// What to say of a step's rows.
    mutating func notes(_ batch: StepBatch) -> [String] {
        dropped += batch.dropped
        return batch.leftOut.compactMap { problem in
            faulty += 1
            if faulty > Self.told { return nil }
            return "left out: \(problem)" + (faulty == Self.told ? "; further ones are counted" : "")
        }
    }

    /// What to say at the end.
    var total: String? {
        let parts = [
            faulty > 0 ? "\(faulty) faulty rows" : nil,
            dropped > 0 ? "\(dropped) samples longer than data.max_length" : nil,
        ].compactMap { $0 }
        return parts.isEmpty ? nil : "left out: " + parts.joined(separator: ", ")
    }
}
