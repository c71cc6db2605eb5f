import Diagnostics
import Evaluation
import Recipes

/// What decides which checkpoint is best (`evaluate.metric`).
public struct DecidingMetric: Sendable, Equatable {
    /// `eval_loss` or `TASK.METRIC`.
    public let name: String
    /// Whether less is better.
    public let isLowerBetter: Bool

    /// The loss on the rows of `data.eval`.
    public static let heldOutLoss = DecidingMetric(name: "eval_loss", isLowerBetter: true)

    package init(name: String, isLowerBetter: Bool) {
        self.name = name
        self.isLowerBetter = isLowerBetter
    }

    /// What a recipe names; without `data.eval` the default is the first metric of the first task.
    ///
    /// - Throws: ``Problem`` when there is no such metric.
    init(_ recipe: Recipe, _ tasks: [EvaluationTask]) throws(Problem) {
        let wanted = recipe.evaluate.metric
        // No base is asked during training, so the divergence from it is not measured.
        let known = tasks.flatMap { task in
            task.metrics.filter { $0 != .divergence }.map {
                DecidingMetric(name: "\(task.name).\($0.name)", isLowerBetter: $0.isLowerBetter)
            }
        }
        if wanted == Self.heldOutLoss.name {
            self = recipe.data.eval == nil ? known.first ?? .heldOutLoss : .heldOutLoss
            return
        }
        let names = (recipe.data.eval == nil ? [] : [Self.heldOutLoss.name]) + known.map(\.name)
        guard let metric = known.first(where: { $0.name == wanted }) else {
            throw Problem(
                "evaluate.metric: there is no '\(wanted)'",
                advice: suggestion(for: wanted, among: names).map { "did you mean '\($0)'?" }
                    ?? "there are " + names.joined(separator: ", "))
        }
        self = metric
    }

    /// Whether a value is better than another.
    func isBetter(_ value: Double, than other: Double) -> Bool { isLowerBetter ? value < other : value > other }
}
