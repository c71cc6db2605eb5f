import Kernels

extension Transformer {
    /// Tokens that one forward pass takes together.
    public static let rowsPerPass = 2048

    /// Sequences to run together: consecutive ones of up to 2,048 tokens, or of as many as there is room for.
    public func batches(of sequences: [[Int32]], rowsPerPass: Int = Transformer.rowsPerPass) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = 0
        while start < sequences.count {
            var end = start + 1
            var rows = sequences[start].count
            while end < sequences.count, rows + sequences[end].count <= rowsPerPass {
                rows += sequences[end].count
                end += 1
            }
            batches.append(start..<end)
            start = end
        }
        return batches
    }

    /// `ln p(ids[j + 1] | ids[0…j])` of each sequence: one number less than it has ids. All run in one forward pass;
    /// see ``batches(of:)``.
    public func logProbabilities(_ sequences: [[Int32]], precision: ElementType) -> [[Float]] {
        let long = sequences.filter { $0.count > 1 }
        var losses: ArraySlice<Float> = []
        if !long.isEmpty {
            var starts: [Int] = []
            var rows: [Int32] = []
            var next = 0
            for ids in long {
                starts.append(next)
                rows += (next..<next + ids.count - 1).map { Int32($0) }
                next += ids.count
            }
            let hidden = hiddenStates(
                TokenBatch(tokens: long.flatMap { $0 }, segmentStarts: starts), rows: rows, precision: precision)
            losses = loss(hidden, targets: long.flatMap { $0.dropFirst() }).losses[...]
        }
        return sequences.map { ids in
            let own = losses.prefix(max(0, ids.count - 1))
            losses = losses.dropFirst(own.count)
            return own.map { -$0 }
        }
    }
}
