import Foundation
import OrderedJSON

/// Everything one evaluation found: tasks × models × rows × metrics, and what it was done with.
///
/// Numbers over rows, differences and tests are not stored: ``Comparison`` computes them from the rows.
public struct EvaluationResults: Sendable {
    /// The program and its version.
    public var program: String
    /// What holds for all tasks: precision, seed, limits. For readers, in the order to be shown.
    public var settings: JSONObject
    /// The models, the one that the others are compared with first.
    public var models: [EvaluatedModel]
    /// The tasks in the order asked for.
    public var tasks: [TaskResult]
    /// The gates that were asked for.
    public var gates: [GateResult] = []
    /// Which rows are in the training data; nil when nobody looked.
    public var leakage: LeakageReport?

    /// Results.
    public init(program: String, settings: JSONObject, models: [EvaluatedModel], tasks: [TaskResult]) {
        self.program = program
        self.settings = settings
        self.models = models
        self.tasks = tasks
    }

    /// The task of a name.
    public func task(_ name: String) -> TaskResult? { tasks.first { $0.name == name } }
}

/// A model that was evaluated.
public struct EvaluatedModel: Sendable, Equatable {
    /// What it is called in tables: `base`, or the adapter's path.
    public var name: String
    /// The model's path as the user gave it.
    public var path: String
    /// The adapter's path as the user gave it; nil for a model without one.
    public var adapter: String?
    /// SHA-256 of the model's weights, `sha256:…`.
    public var modelHash: String
    /// SHA-256 of the adapter's weights.
    public var adapterHash: String?
    /// The run's directory, where adapter came from one that holds recipe.yaml and metrics.jsonl.
    public var run: String?

    /// A model.
    public init(
        name: String, path: String, adapter: String? = nil, modelHash: String, adapterHash: String? = nil,
        run: String? = nil
    ) {
        self.name = name
        self.path = path
        self.adapter = adapter
        self.modelHash = modelHash
        self.adapterHash = adapterHash
        self.run = run
    }
}

/// What a gate demanded and whether it was met.
public struct GateResult: Sendable, Equatable {
    /// The gate as the user wrote it.
    public var text: String
    /// The model it was applied to.
    public var model: String
    /// The value measured; no number where nothing was.
    public var value: Double
    /// The end of the value's 95 % interval that is harder to meet; infinite of a single row, of which nothing is
    /// known.
    public var bound: Double
    /// What value the gate demands, computed from the base's where the gate names it.
    public var required: Double
    /// Whether it was met.
    public var isMet: Bool

    /// A gate's result.
    public init(text: String, model: String, value: Double, bound: Double, required: Double, isMet: Bool) {
        self.text = text
        self.model = model
        self.value = value
        self.bound = bound
        self.required = required
        self.isMet = isMet
    }

    /// Value, bound and required value for people; a dash where there is none.
    public var texts: (value: String, bound: String, required: String) {
        func text(_ number: Double) -> String { number.isNaN ? "–" : String(format: "%.4g", number) }
        return (text(value), text(bound), text(required))
    }
}
