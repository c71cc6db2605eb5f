import Foundation
import Kernels
import Tensors

/// Tokens to run: sequences laid one after the other, never padded.
public struct TokenBatch: Sendable {
    /// The ids of all sequences.
    public var tokens: [Int32]
    /// The sequences' rows, in order, covering all tokens.
    public var segments: [Range<Int>]

    /// Sequences given by their starts; the first is 0.
    public init(tokens: [Int32], segmentStarts: [Int]) {
        self.tokens = tokens
        segments = zip(segmentStarts, segmentStarts.dropFirst() + [tokens.count]).map { $0..<$1 }
        precondition(
            segmentStarts.first ?? 0 == 0 && segments.allSatisfy { !$0.isEmpty },
            "segments \(segmentStarts) of \(tokens.count) tokens")
    }

    /// One sequence.
    public init(_ tokens: [Int32]) { self.init(tokens: tokens, segmentStarts: tokens.isEmpty ? [] : [0]) }

    /// Each token's position in its own sequence.
    var positions: [Int32] { segments.flatMap { (0..<$0.count).map { Int32($0) } } }
}

/// What every layer of one forward pass shares.
struct ForwardContext {
    /// The operand type of products: bf16, or f32 where nothing is rounded.
    let type: ElementType
    /// Each row's position in its sequence.
    let positions: [Int32]
    /// Which rows see each other.
    let segments: [AttentionSegment]
    /// What dropout draws from; nil while not training.
    let draw: DropoutDraw?
    /// Tables by rotary index and growth.
    let tables: RotaryTables
    /// Keys and values of earlier tokens, when generating.
    let cache: KeyValueCache?
    /// The rows that adapters apply to; nil for all.
    let adapted: Range<Int>?

    /// The context behind attention, where only some rows are left: what is drawn for a row stays the same.
    func keeping(_ rows: [Int32]?) -> ForwardContext {
        guard let rows, draw != nil || adapted != nil else { return self }
        let still = adapted.map { adapted in
            rows.count { Int($0) < adapted.lowerBound }..<rows.count { Int($0) < adapted.upperBound }
        }
        return ForwardContext(
            type: type, positions: positions, segments: segments, draw: draw?.keeping(rows), tables: tables,
            cache: cache, adapted: still)
    }
}

/// Rotary tables of one model for sequences of up to a given length, made when first asked for.
final class RotaryTables {
    private struct Key: Hashable {
        let rotary: Int
        let beta: Float
    }
    private let config: TransformerConfig
    private(set) var length: Int
    private var tables: [Key: RotaryTable] = [:]

    init(_ config: TransformerConfig, length: Int) {
        self.config = config
        self.length = length
    }

    /// Makes the tables reach further. Tables whose angles depend on the sequence's length are made again.
    func reach(_ needed: Int) {
        let dependsOnLength = config.rotaries.contains(where: \.dependsOnLength)
        if needed > length {
            length = dependsOnLength ? needed : max(needed, min(config.maximumPositions, length * 2))
            tables = [:]
        } else if dependsOnLength && needed != length {
            length = needed
            tables = [:]
        }
    }

    /// How many numbers of a head a table turns.
    func dims(_ index: Int) -> Int { config.rotaries[index].dim }

    /// The table of a rotary configuration; for queries that grow with their position, the growth multiplied in.
    func table(_ index: Int, growth: AttentionConfig.QueryGrowth? = nil) -> RotaryTable {
        let key = Key(rotary: index, beta: growth?.beta ?? 0)
        if let table = tables[key] { return table }
        let rotary = config.rotaries[index]
        let frequencies = RotaryFrequencies(rotary, length: length)
        let table = RotaryTable(
            positions: length, inverseFrequencies: frequencies.inverse, attentionFactor: frequencies.attentionFactor,
            interleaved: rotary.pairing == .neighbours, growth: growth.map { g in { g.factor(at: $0) } })
        tables[key] = table
        return table
    }
}

extension RotaryConfig {
    /// Whether angles depend on how long the sequence is.
    public var dependsOnLength: Bool {
        switch scaling {
        case .dynamic, .longRope: true
        default: false
        }
    }
}

extension AttentionConfig.QueryGrowth {
    /// The factor on the query at a position.
    func factor(at position: Int) -> Float {
        1 + beta * Float(log1p(Double((position + shift) / originalPositions)))
    }
}
