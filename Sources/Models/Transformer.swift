import Kernels
import Tensors

/// The one decoder. Families differ by their configuration and by the names in their files.
public final class Transformer {
    /// What the model is.
    public let config: TransformerConfig
    /// The files it was built from.
    public let files: ModelFiles
    /// The adapters that hang on its layers, of its own and not of models it joins.
    public let adapters: [AttachedAdapter]
    /// How many sets of adapters rows can choose from: 1, or one a joined model.
    public let adapterSets: Int
    /// The adapters of every group of layers, in the order the groups are built in.
    let adapterGroups: [[AdapterGroup]]
    /// The weights of a full fine-tune; empty otherwise.
    public let trainedWeights: [TrainedWeight]
    private let embeddingTable: MatrixWeight
    private let positionTable: MatrixWeight?
    private let blocks: [Block]
    private let finalNorm: Norm
    private let head: LinearGroup
    private let tables: RotaryTables
    /// How many blocks, counted from the top, keep their activations; those below compute them again.
    public var blocksKept = Int.max
    /// Whether mapped weights leave this process's memory as soon as a layer has run: for few passes through a model
    /// that is larger than what it is held beside. They stay in the system's cache.
    public var releasesWeights = false

    /// Builds the model from checked files. Weights are mapped, not read.
    public init(_ files: ModelFiles, mode: TrainingMode = .none) {
        self.files = files
        config = files.description.config
        let builder = ModelBuilder(files, mode: mode)
        embeddingTable = builder.matrix("embedding")
        positionTable = config.learnedPositions ? builder.matrix("positions") : nil
        blocks = config.layers.enumerated().map { builder.block($0, $1) }
        finalNorm = builder.norm("norm") ?? builder.bareNorm()
        head = builder.head(tiedTo: config.tiedHead ? embeddingTable : nil)
        adapters = builder.adapters
        adapterGroups = builder.groups
        adapterSets = if case .joined(let models) = mode { models.count } else { 1 }
        trainedWeights = builder.trained
        tables = RotaryTables(config, length: min(config.maximumPositions, 1024))
    }

    /// A model whose rows each choose the adapters of one of several models of the same files, so that the weights are
    /// read once for all. The models' parameters are shared, not copied.
    public convenience init(joining models: [Transformer]) {
        precondition(
            !models.isEmpty && models.allSatisfy { $0.canJoin(models[0]) && $0.adapterSets == 1 },
            "only models of the same files, their weights frozen, can be joined")
        self.init(models[0].files, mode: .joined(models))
    }

    /// Whether this model and another differ in their adapters alone.
    public func canJoin(_ other: Transformer) -> Bool {
        files.path == other.files.path && trainedWeights.isEmpty && other.trainedWeights.isEmpty
    }

    /// Every parameter once: adapters' A (shared ones once) and B in the order of the model, or all weights.
    public var parameters: [Parameter] {
        var seen = Set<ObjectIdentifier>()
        return (adapters.flatMap { [$0.a, $0.b] } + trainedWeights.map(\.parameter)).filter {
            seen.insert(ObjectIdentifier($0)).inserted
        }
    }

    /// The normed hidden states of some rows, ready for the head: [rows.count, width] in the operand type.
    ///
    /// - Parameters:
    ///   - rows: rows wanted, ascending; nil for all.
    ///   - balance: what counts the choices of the routers, in all rows.
    public func hiddenStates(
        _ batch: TokenBatch, rows: [Int32]? = nil, precision: ElementType, draw: DropoutDraw? = nil,
        balance: ExpertBalance? = nil
    ) -> Tensor {
        precondition(adapterSets == 1, "hiddenStates: rows choose among adapters where they continue a cache only")
        tables.reach(batch.segments.map(\.count).max() ?? 0)
        let context = ForwardContext(
            type: precision, positions: batch.positions, segments: batch.segments.map { AttentionSegment($0) },
            draw: draw, tables: tables, cache: nil, balance: balance, adapted: nil)
        return run(batch.tokens, context, rows: rows)
    }

    /// Runs new tokens of cached sequences: `tokens[i]` belong to slot `slots[i]`. Gives the last token's normed hidden
    /// state of each sequence, or those of all tokens.
    ///
    /// - Parameter sets: each sequence's set of adapters, ascending; nil for the first.
    public func hiddenStates(
        continuing cache: KeyValueCache, slots: [Int], tokens: [[Int32]], all: Bool = false, sets: [Int]? = nil,
        precision: ElementType
    ) -> Tensor {
        let counts = tokens.map(\.count)
        let starts = slots.map { cache.lengths[$0] }
        tables.reach(zip(starts, counts).map { $0 + $1 }.max() ?? 0)
        let positions = zip(starts, counts).flatMap { start, count in (start..<start + count).map { Int32($0) } }
        let context = ForwardContext(
            type: precision, positions: positions, segments: cache.segments(adding: counts, to: slots), draw: nil,
            tables: tables, cache: cache, balance: nil,
            adapted: adaptedRows(sets ?? slots.map { _ in 0 }, counts))
        var end = 0
        let last = counts.map { count -> Int32 in
            end += count
            return Int32(end - 1)
        }
        let hidden = run(tokens.flatMap { $0 }, context, rows: all ? nil : last)
        cache.advance(slots, by: counts)
        return hidden
    }

    /// By set of adapters, the rows of sequences with so many tokens; nil where there is one set.
    private func adaptedRows(_ sets: [Int], _ counts: [Int]) -> [Range<Int>]? {
        precondition(
            sets.count == counts.count && zip(sets, sets.dropFirst()).allSatisfy { $0 <= $1 }
                && sets.allSatisfy { (0..<adapterSets).contains($0) },
            "hiddenStates: \(counts.count) sequences with the adapters \(sets) of \(adapterSets)")
        if adapterSets == 1 { return nil }
        var end = 0
        return (0..<adapterSets).map { set in
            let start = end
            end += zip(sets, counts).reduce(0) { $0 + ($1.0 == set ? $1.1 : 0) }
            return start..<end
        }
    }

    private func run(_ tokens: [Int32], _ context: ForwardContext, rows: [Int32]?) -> Tensor {
        var x = embedding(tokens, in: embeddingTable, scale: config.embeddingScale)
        if let positionTable { x = x.adding(embedding(context.positions, in: positionTable)) }
        var stream = ResidualStream(x)
        let all = rows.map { $0.count == tokens.count } ?? true
        for (i, block) in blocks.enumerated() {
            // Rows that are not wanted leave before the last feed-forward, unless their choices of experts count.
            let kept = i == blocks.count - 1 && !all && context.balance == nil ? rows : nil
            if blocks.count - i <= blocksKept || context.cache != nil {
                block(&stream, context, kept: kept)
            } else {
                let value = stream.value(.f32)
                stream = ResidualStream(
                    recomputed([value]) { inputs in
                        var inner = ResidualStream(inputs[0])
                        block(&inner, context, kept: kept)
                        return [inner.value(.f32)]
                    }[0])
            }
            if releasesWeights { files.release { $0.hasPrefix("layers.\(i).") } }
        }
        if blocks.isEmpty || context.balance != nil { stream.keep(all ? nil : rows) }
        return stream.normalized(finalNorm, to: context.type)
    }

    private var logitShape: LogitShape { LogitShape(scale: config.logitScale, softcap: config.logitSoftCap ?? 0) }

    /// The sum of `−ln p(target)` over hidden states, and each one's.
    ///
    /// - Parameter draw: what dropout draws from, for these rows; nil drops nothing.
    public func loss(
        _ hidden: Tensor, targets: [Int32], draw: DropoutDraw? = nil
    ) -> (sum: Tensor, losses: [Float]) {
        precondition(adapterSets == 1, "loss: rows choose among adapters for logits only")
        return linearCrossEntropy(
            hidden, head: head.linears[0].weights.matrix, adapters: head.adapters, targets: targets, shape: logitShape,
            draw: draw)
    }

    /// The logits [rows, vocabulary] in f32 of hidden states, without a way for gradients; for a few rows.
    ///
    /// - Parameter sets: each row's set of adapters, ascending; nil for the first.
    public func logits(_ hidden: Tensor, sets: [Int]? = nil) -> Tensor {
        let sets = sets ?? [Int](repeating: 0, count: hidden.rows)
        let raw = Recording.off {
            projections(
                hidden.detached, head.linears.map(\.weights), adapters: head.adapters,
                adapted: adaptedRows(sets, [Int](repeating: 1, count: hidden.rows)))[0]
        }
        let shape = logitShape
        if shape.scale != 1 || shape.softcap > 0 { raw.shapeLogits(shape) }
        if releasesWeights { files.release { !$0.hasPrefix("layers.") } }
        return raw
    }
}
