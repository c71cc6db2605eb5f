/// A closed set of words a key may hold.
public protocol RecipeChoice: RawRepresentable<String>, CaseIterable, Sendable, Equatable {}

/// How the frozen base is held in memory (`base.quantize`).
public enum BaseQuantization: String, RecipeChoice {
    /// As the model's files store it.
    case none
    /// 8-bit blocks of 32 weights.
    case q80 = "q8_0"
    /// 4-bit K-quants.
    case q4K = "q4_k"
    /// 4-bit NormalFloat blocks.
    case nf4
}

/// What is trained (`adapter.method`).
public enum AdapterMethod: String, RecipeChoice {
    /// Low-rank matrices beside frozen weights.
    case lora
    /// Every weight.
    case full
}

/// What happens to a row longer than `data.max_length` (`data.too_long`).
public enum LengthPolicy: String, RecipeChoice {
    /// The row is left out and counted.
    case drop
    /// The row is a mistake.
    case error
    /// The prompt is cut from its start, never the answer.
    case truncate
}

/// How much of the training data is read before the start (`data.check`).
public enum DataDepth: String, RecipeChoice {
    /// Everything of small files, of large ones the first rows in full and the shape of the others.
    case auto
    /// Every row.
    case all
}

/// How the learning rate goes on after the warm-up (`train.scheduler`).
public enum Scheduler: String, RecipeChoice {
    /// It stays.
    case constant
    /// It falls in a straight line.
    case linear
    /// It falls along half a cosine.
    case cosine
}

/// How gradients become updates (`train.optimizer`).
public enum OptimizerName: String, RecipeChoice {
    /// Adam with decoupled weight decay.
    case adamw
}

/// In what precision matrix products run (`train.precision`).
public enum PrecisionName: String, RecipeChoice {
    /// Nothing is rounded.
    case f32
    /// Operands of products are rounded to bfloat16.
    case bf16
}

/// Which linear layers get an adapter (`adapter.target_modules`, `adapter.exclude_modules`), matched as PEFT does.
public enum ModuleSelection: Sendable, Equatable {
    /// Every linear layer but the output head and routers.
    case allLinear
    /// Modules whose dotted name is one of these or ends in `.` and one of these.
    case names([String])
    /// Modules whose whole dotted name matches a regular expression.
    case pattern(String)
}

/// Which chat template renders rows (`data.template`).
public enum TemplateChoice: Sendable, Equatable {
    /// The model's own, when it has one.
    case auto
    /// None: prompt and completion are put one after the other.
    case none
    /// The template in a file.
    case file(String)
}

/// How often something happens (`evaluate.every`).
public enum Interval: Sendable, Equatable {
    /// At the end of every epoch.
    case epoch
    /// After every so many steps.
    case steps(Int)
}

/// A file of training rows and its share (`data.train`).
public struct TrainingFile: Sendable, Equatable {
    /// The file, as the user named it.
    public var path: String
    /// How often its rows occur in one epoch: 2 twice, 0.5 every other one.
    public var weight: Double
    /// A file with its share.
    public init(path: String, weight: Double = 1) {
        self.path = path
        self.weight = weight
    }
}
