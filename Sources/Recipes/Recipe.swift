/// What to train, on what, how, and where to put it: a recipe after checking, every default filled in.
///
/// The properties' initial values are the defaults; ``RecipeKey/all`` binds each to its key in the YAML file.
public struct Recipe: Sendable, Equatable {
    /// `model`: a Hugging Face directory or a GGUF file.
    public var model = ""
    /// `base`: how the frozen weights are held.
    public var base = BaseSettings()
    /// `adapter`: what is trained.
    public var adapter = AdapterSettings()
    /// `data`: the rows and how they become tokens.
    public var data = DataSettings()
    /// `train`: the optimisation.
    public var train = TrainSettings()
    /// `evaluate`: how often and by what the model is judged.
    public var evaluate = EvaluateSettings()
    /// `save`: checkpoints.
    public var save = SaveSettings()
    /// `output`: the run's directory.
    public var output = ""

    /// A recipe of defaults; `model`, `data.train` and `output` remain to be set.
    public init() {}

    /// Every file and directory that it names to be read.
    public var inputs: [String] {
        var paths = [model] + data.train.map(\.path) + (data.eval ?? []) + evaluate.tasks
        if let adapter = adapter.initFrom { paths.append(adapter) }
        if case .file(let template) = data.template { paths.append(template) }
        return paths
    }
}

/// The keys of `base`.
public struct BaseSettings: Sendable, Equatable {
    /// `base.quantize`
    public var quantize = BaseQuantization.none

    /// The defaults.
    public init() {}
}

/// The keys of `adapter`.
public struct AdapterSettings: Sendable, Equatable {
    /// `adapter.method`
    public var method = AdapterMethod.lora
    /// `adapter.rank`: width of the low-rank matrices.
    public var rank = 16
    /// `adapter.alpha`: the adapter's output is scaled by alpha/rank.
    public var alpha = 32.0
    /// `adapter.dropout`: share of the adapter's inputs set to zero while training.
    public var dropout = 0.0
    /// `adapter.use_rslora`: scale by alpha/√rank instead.
    public var useRSLoRA = false
    /// `adapter.target_modules`
    public var targetModules = ModuleSelection.allLinear
    /// `adapter.exclude_modules`
    public var excludeModules: ModuleSelection?
    /// `adapter.target_parameters`: tensors of all experts that get an adapter.
    public var targetParameters: [String]?
    /// `adapter.layers_to_transform`: block numbers from 0.
    public var layersToTransform: [Int]?
    /// `adapter.rank_pattern`: other ranks for modules whose name matches, in order.
    public var rankPattern: [PatternValue<Int>]?
    /// `adapter.alpha_pattern`: other alphas for modules whose name matches, in order.
    public var alphaPattern: [PatternValue<Double>]?
    /// `adapter.init_from`: PEFT directory to continue from.
    public var initFrom: String?

    /// The defaults.
    public init() {}
}

/// A value for the modules whose name matches a pattern.
public struct PatternValue<Value: Sendable & Equatable>: Sendable, Equatable {
    /// A name or regular expression, matched at the end of the module's dotted name as PEFT does.
    public var pattern: String
    /// What holds there.
    public var value: Value
    /// A pattern and its value.
    public init(pattern: String, value: Value) {
        self.pattern = pattern
        self.value = value
    }
}

/// The keys of `data`.
public struct DataSettings: Sendable, Equatable {
    /// `data.train`
    public var train: [TrainingFile] = []
    /// `data.eval`: held-out rows.
    public var eval: [String]?
    /// `data.template`
    public var template = TemplateChoice.auto
    /// `data.max_length`, in tokens.
    public var maxLength = 1024
    /// `data.too_long`
    public var tooLong = LengthPolicy.drop
    /// `data.check`: how much is read before the start.
    public var check = DataDepth.auto
    /// `data.packing`: several rows in one sequence, each attending to itself only.
    public var packing = true
    /// `data.shuffle`
    public var shuffle = true

    /// The defaults.
    public init() {}
}

/// The keys of `train`.
public struct TrainSettings: Sendable, Equatable {
    /// `train.epochs`: passes over the data; nil when `steps` is given.
    public var epochs: Double? = 1
    /// `train.steps`: optimiser steps; nil when the epochs decide.
    public var steps: Int?
    /// `train.batch_size`: sequences in an optimiser step.
    public var batchSize = 8
    /// `train.micro_batch_size`: sequences in memory at once; nil leaves the choice to the planner.
    public var microBatchSize: Int?
    /// `train.learning_rate`: the highest, reached after the warm-up.
    public var learningRate = 2e-4
    /// `train.scheduler`
    public var scheduler = Scheduler.cosine
    /// `train.warmup_ratio`: share of the steps in which the rate rises from 0.
    public var warmupRatio = 0.03
    /// `train.min_learning_rate`: where the schedule ends.
    public var minLearningRate = 0.0
    /// `train.optimizer`
    public var optimizer = OptimizerName.adamw
    /// `train.betas`: decay of the first and the second moment; always two.
    public var betas = [0.9, 0.999]
    /// `train.eps`
    public var eps = 1e-8
    /// `train.weight_decay`
    public var weightDecay = 0.0
    /// `train.max_grad_norm`: the gradient is scaled down to this norm; 0 leaves it alone.
    public var maxGradNorm = 1.0
    /// `train.router_aux_loss_coef`: weight of the routers' load balancing loss; 0 for none.
    public var routerAuxLossCoef = 0.0
    /// `train.precision`; nil: bf16 where the processor has it.
    public var precision: PrecisionName?
    /// `train.seed`
    public var seed = 42
    /// `train.memory_limit` in bytes.
    public var memoryLimit: Int?

    /// The defaults.
    public init() {}
}

/// The keys of `evaluate`.
public struct EvaluateSettings: Sendable, Equatable {
    /// `evaluate.every`
    public var every = Interval.epoch
    /// `evaluate.tasks`: what the adapted model is asked besides its loss on held-out rows.
    public var tasks: [String] = []
    /// `evaluate.metric`: what decides which checkpoint is best.
    public var metric = "eval_loss"
    /// `evaluate.patience`: evaluations without a better value after which training stops.
    public var patience: Int?

    /// The defaults.
    public init() {}
}

/// The keys of `save`.
public struct SaveSettings: Sendable, Equatable {
    /// `save.every`, in steps.
    public var every = 100
    /// `save.keep`: checkpoints kept besides the best.
    public var keep = 2

    /// The defaults.
    public init() {}
}
