import Datasets
import Kernels
import Models
import Tensors

/// What a step minimises: a value, so that the loop does not know which one it runs.
public struct Objective: Sendable {
    /// The name in logs.
    public let name: String
    /// Some sequences of a step → the sum of their losses over target tokens, and each one's loss.
    let loss:
        @Sendable (
            _ model: Transformer, _ batch: Batch, _ precision: ElementType, _ draw: DropoutDraw?,
            _ balance: ExpertBalance?
        ) -> (
            sum: Tensor, losses: [Float]
        )

    /// Predict each target token from what precedes it (supervised fine-tuning).
    public static let supervised = Objective(name: "supervised") { model, batch, precision, draw, balance in
        // Token i is predicted by the hidden state of token i − 1, which is in the same segment.
        let rows = batch.targets.indices.filter { batch.targets[$0] }.map { Int32($0 - 1) }
        let hidden = model.hiddenStates(
            TokenBatch(tokens: batch.tokens, segmentStarts: batch.segmentStarts), rows: rows, precision: precision,
            draw: draw, balance: balance)
        return model.loss(
            hidden, targets: rows.map { batch.tokens[Int($0) + 1] }, draw: draw?.keeping(rows))
    }
}
