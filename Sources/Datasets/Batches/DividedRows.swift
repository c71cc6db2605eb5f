/// What rows that give many samples have given lately. Each sample of such a row has a place of its own in the order,
/// and making it means cutting the whole row into tokens: of a book a thousand times the work of one sample.
package struct DividedRows {
    private struct Kept {
        let file: Int
        let row: Int
        let samples: [Sample]
        let tokens: Int
    }

    /// Rows of fewer samples are made again.
    private static let fewest = 8
    private static let mostRows = 64
    /// The row used last is kept however long it is.
    private static let mostTokens = 4 << 20

    /// The row used last comes last.
    private var kept: [Kept] = []

    /// Keeps nothing yet.
    package init() {}

    /// The samples of a row, as `make` gives them where they are not kept.
    package mutating func samples<E: Error>(ofFile file: Int, row: Int, make: () throws(E) -> [Sample]) throws(E)
        -> [Sample]
    {
        if let at = kept.firstIndex(where: { $0.file == file && $0.row == row }) {
            kept.append(kept.remove(at: at))
            return kept[kept.count - 1].samples
        }
        let samples = try make()
        if samples.count < Self.fewest { return samples }
        kept.append(Kept(file: file, row: row, samples: samples, tokens: samples.reduce(0) { $0 + $1.count }))
        var tokens = kept.reduce(0) { $0 + $1.tokens }
        while kept.count > Self.mostRows || kept.count > 1 && tokens > Self.mostTokens {
            tokens -= kept.removeFirst().tokens
        }
        return samples
    }
}
