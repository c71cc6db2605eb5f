import Foundation
import Tensors

/// Rotary tables of one model for sequences of up to a given length, made when first asked for.
///
/// Where angles depend on the length of the sequence (LongRoPE, dynamic scaling), each sequence turns by its own: what
/// else is in a batch changes nothing.
final class RotaryTables {
    private struct Key: Hashable {
        let rotary: Int
        let beta: Float
        /// Lengths the frequencies are for; one table after the other.
        let lengths: [Int]
    }
    private let config: TransformerConfig
    private(set) var length: Int
    private var tables: [Key: RotaryTable] = [:]

    init(_ config: TransformerConfig, length: Int) {
        self.config = config
        self.length = length
    }

    /// Makes the tables reach further.
    func reach(_ needed: Int) {
        guard needed > length else { return }
        length = max(needed, min(config.maximumPositions, length * 2))
        tables = [:]
    }

    /// How many numbers of a head a table turns.
    func dims(_ index: Int) -> Int { config.rotaries[index].dim }

    /// The table of a rotary configuration, for queries that grow with their position the growth multiplied in; and the
    /// row in it of each position.
    func table(
        _ index: Int, growth: AttentionConfig.QueryGrowth?, segments: [AttentionSegment], positions: [Int32]
    ) -> (table: RotaryTable, rows: [Int32]) {
        let lengths = segments.map { config.rotaries[index].effectiveLength($0.keys.count) }
        let distinct = Set(lengths).sorted()
        let table = table(Key(rotary: index, beta: growth?.beta ?? 0, lengths: distinct), growth)
        guard distinct.count > 1 else { return (table, positions) }
        var rows = positions
        for (segment, own) in zip(segments, lengths) {
            let start = Int32((distinct.firstIndex(of: own) ?? 0) * length)
            for row in segment.queries { rows[row] += start }
        }
        return (table, rows)
    }

    private func table(_ key: Key, _ growth: AttentionConfig.QueryGrowth?) -> RotaryTable {
        if let table = tables[key] { return table }
        let rotary = config.rotaries[key.rotary]
        let parts = (key.lengths.isEmpty ? [0] : key.lengths).map { own in
            let frequencies = RotaryFrequencies(rotary, length: own)
            return RotaryTable(
                positions: length, inverseFrequencies: frequencies.inverse,
                attentionFactor: frequencies.attentionFactor, interleaved: rotary.pairing == .neighbours,
                growth: growth.map { g in { g.factor(at: $0) } })
        }
        let table = parts.count == 1 ? parts[0] : RotaryTable(joining: parts)
        // Dynamic scaling has a table for every length beyond the trained one: of those only the latest are kept.
        if tables.count >= 16 { tables = [:] }
        tables[key] = table
        return table
    }
}

extension RotaryConfig {
    /// A length whose frequencies are those of a sequence of `length`: the same number for all that share them.
    func effectiveLength(_ length: Int) -> Int {
        switch scaling {
        case .dynamic(_, let positions): max(length, positions)
        case .longRope(let scaling): length > scaling.originalPositions ? scaling.originalPositions + 1 : 0
        default: 0
        }
    }
}

extension AttentionConfig.QueryGrowth {
    /// The factor on the query at a position.
    func factor(at position: Int) -> Float {
        1 + beta * Float(log1p(Double((position + shift) / originalPositions)))
    }
}
