import Foundation
import Kernels
import Models
import Tensors
import WeightFiles

/// What a run will need: memory, disk, time. Stated before it starts; `docs/performance.md` holds it against real runs.
public struct Forecast: Sendable {
    /// Bytes of the frozen weights as files store them, all of which become resident.
    public var weightBytes: Int
    /// Bytes of trained numbers with their gradients and moments.
    public var trainedBytes: Int
    /// Bytes of activations of one micro-batch.
    public var activationBytes: Int
    /// Tokens of one micro-batch.
    public var microBatchTokens: Int
    /// Blocks, counted from the top, that keep their activations; those below compute them again.
    public var blocksKept: Int
    /// Arithmetic of one step's products with frozen matrices and the head, in floating-point operations.
    public var operationsPerStep: Double
    /// Bytes on disk that checkpoints and results take.
    public var diskBytes: Int
    /// Bytes of one checkpoint.
    public var checkpointBytes = 0
    /// The peak as small micro-batches have shown it, where it was measured.
    public var measuredPeak: Int?

    /// Everything resident at the peak, with what the program itself takes.
    public var peakBytes: Int {
        let program = 90 << 20
        return measuredPeak ?? (weightBytes + trainedBytes + activationBytes + program)
    }

    /// Seconds a step takes at a given product speed in operations a second. Attention, adapters and passes over memory
    /// come to about two fifths on top of the frozen products on the machines measured.
    public func secondsPerStep(productSpeed: Double) -> Double { operationsPerStep / productSpeed * 1.4 }
}

extension Forecast {
    /// The forecast for a model and a shape of step.
    ///
    /// - Parameters:
    ///   - tokens: tokens of a step; `targets`: those of them that carry loss.
    ///   - micro: tokens in memory at once.
    ///   - blocksKept: blocks that keep their activations.
    public init(
        _ model: Transformer, tokens: Int, targets: Int, micro: Int, blocksKept: Int, precision: ElementType,
        checkpoints: Int
    ) {
        let shape = ModelSize(model.config)
        let trained = Self.trainedNumbers(model)
        let full = !model.trainedWeights.isEmpty
        weightBytes = Self.weightBytes(model)
        trainedBytes = Self.trainedBytes(model, precision: precision)
        microBatchTokens = min(micro, max(1, tokens))
        self.blocksKept = min(blocksKept, model.config.layers.count)
        let kept =
            shape.keptBytes(precision) * self.blocksKept + shape.hidden * 4
            * (model.config.layers.count - self.blocksKept)
        let targetShare = tokens > 0 ? Double(targets) / Double(tokens) : 1
        let head = Double(microBatchTokens) * targetShare * Double(shape.hidden) * 8 + Double(24 << 20)
        activationBytes = microBatchTokens * (kept + shape.passingBytes(precision)) + Int(head)
        let matrices = Double(shape.matrixNumbers) * Double(tokens) * (full ? 6 : 4)
        operationsPerStep = matrices + Double(shape.headNumbers) * Double(targets) * 4
        checkpointBytes = trained * 16
        // In floating point: as many checkpoints as a recipe may keep of a large model are more bytes than there are
        // numbers.
        diskBytes = Int(min(1e18, Double(checkpointBytes) * Double(checkpoints + 1) + Double(trained * 4)))
    }
}

extension Forecast {
    /// Bytes of a model's weights as its files store them; none where every weight is trained.
    static func weightBytes(_ model: Transformer) -> Int {
        guard model.trainedWeights.isEmpty, let source = model.files.source else { return 0 }
        return source.names.reduce(0) { $0 + (source[$1]?.range.count ?? 0) }
    }

    private static func trainedNumbers(_ model: Transformer) -> Int { model.parameters.reduce(0) { $0 + $1.count } }

    /// Bytes of trained numbers: value, gradient and two moments in f32, and the copy in the operand type.
    static func trainedBytes(_ model: Transformer, precision: ElementType) -> Int {
        trainedNumbers(model) * (16 + (precision == .bf16 ? 2 : 0))
    }

    /// Tokens in memory at once when nobody says: as many as fit into half a gigabyte of activations, since more rows
    /// make products a little faster, but never fewer than 512, below which they get slower. A mixture takes more, so
    /// that an expert gets some 256 of them; so does a base of fewer than twelve bits a weight, so that its weights,
    /// which are expanded for every micro-batch, are expanded half as often.
    public static func comfortableRows(_ model: Transformer, precision: ElementType) -> Int {
        let shape = ModelSize(model.config)
        let perToken = shape.keptBytes(precision) * model.config.layers.count + shape.passingBytes(precision)
        let rows = [4096, 2048, 1024].first { $0 * perToken <= 512 << 20 } ?? 512
        let isExpanded = 1..<(shape.matrixNumbers + shape.headNumbers) * 3 / 2 ~= weightBytes(model)
        let wanted = model.config.layers.reduce(isExpanded ? 1024 : 0) { wanted, layer in
            if case .experts(let experts) = layer.feedForward {
                max(wanted, 256 * experts.count / experts.perToken)
            } else {
                wanted
            }
        }
        return max(rows, [4096, 2048, 1024].first { $0 <= wanted && $0 * perToken <= 2 << 30 } ?? rows)
    }
}

/// Sizes of a decoder that memory and arithmetic follow from.
struct ModelSize {
    let hidden: Int
    /// Numbers in all matrices of all blocks that a token is multiplied with.
    let matrixNumbers: Int
    /// Numbers in the output head.
    let headNumbers: Int
    private let widest: Int
    private let attention: Int
    private let keyValue: Int

    init(_ config: TransformerConfig) {
        hidden = config.hiddenSize
        headNumbers = config.hiddenSize * config.vocabularySize
        matrixNumbers = config.moduleShapes.filter { $0.key.hasPrefix("layers.") && $0.value.weight.count >= 2 }
            .reduce(0) { $0 + config.worked(on: $1.key, $1.value.weight.reduce(1, *)) }
        var (widest, attention, keyValue) = (0, 0, 0)
        for layer in config.layers {
            switch layer.feedForward {
            case .dense(let dense): widest = max(widest, dense.hidden)
            case .experts(let experts):
                // What an expert reads and gives is copied for each choice.
                let chosen = experts.perToken * (experts.expert.hidden + config.hiddenSize)
                widest = max(widest, chosen + (experts.shared?.hidden ?? 0))
            }
            switch layer.mixer {
            case .attention(let own):
                attention = max(attention, own.heads * own.headDim)
                keyValue = max(keyValue, own.keyValueHeads * own.headDim)
            case .latentAttention(let own):
                attention = max(attention, own.heads * (own.plainDim + own.rotaryDim))
                keyValue = max(keyValue, own.heads * (own.plainDim + own.rotaryDim))
            }
        }
        (self.widest, self.attention, self.keyValue) = (widest, attention, keyValue)
    }

    /// Bytes a block keeps of every token: the residual stream twice and two norms, queries, keys, values and the mixed
    /// heads, gate and up.
    func keptBytes(_ type: ElementType) -> Int {
        8 * hidden + type.size * (2 * hidden + 2 * attention + 2 * keyValue + 2 * widest)
    }

    /// Bytes of every token while one block is being computed, at the widest point of its backward pass.
    func passingBytes(_ type: ElementType) -> Int { 4 * widest + 3 * type.size * widest + 12 * hidden + 8 * attention }
}

extension TransformerConfig {
    /// Of a matrix's numbers those that work on a token: an expert's by its share of the choices.
    fileprivate func worked(on path: String, _ numbers: Int) -> Int {
        let parts = path.split(separator: ".")
        guard parts.count > 3, parts[3] == "experts", let layer = Int(parts[1]),
            case .experts(let experts) = layers[layer].feedForward
        else { return numbers }
        return numbers * experts.perToken / experts.count
    }
}
