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
    /// What counts the routers' choices and trains them to be even; nil for nothing.
    let balance: ExpertBalance?
    /// By set of adapters, the rows that it applies to; nil where there is one set.
    let adapted: [Range<Int>]?

    /// Whether it matters which rows a layer runs.
    var distinguishesRows: Bool { draw != nil || adapted != nil }

    /// The context where only some rows are left, in their order: what is drawn for a row and which adapters it gets
    /// stays the same.
    func keeping(_ rows: [Int32]?) -> ForwardContext {
        guard let rows, distinguishesRows else { return self }
        func left(below row: Int) -> Int { rows.count { Int($0) < row } }
        let still = adapted.map { sets in sets.map { left(below: $0.lowerBound)..<left(below: $0.upperBound) } }
        return ForwardContext(
            type: type, positions: positions, segments: segments, draw: draw?.keeping(rows), tables: tables,
            cache: cache, balance: balance, adapted: still)
    }

    /// The table of a rotary configuration and the row in it of each row's position: of several tables, joined, where
    /// the angles depend on how long a sequence is.
    func turning(_ rotary: Int, growth: AttentionConfig.QueryGrowth? = nil) -> (table: RotaryTable, rows: [Int32]) {
        tables.table(rotary, growth: growth, segments: segments, positions: positions)
    }
}
