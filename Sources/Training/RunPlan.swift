import Adapters
import Datasets
import Diagnostics
import Evaluation
import Foundation
import Generation
import Kernels
import Models
import Recipes
import Tokenizers

/// A recipe with everything it names opened and checked, before a weight is read or a file is written.
public struct RunPlan: Sendable {
    /// The recipe.
    public let recipe: Recipe
    /// The model's description and stored tensors.
    public let files: ModelFiles
    /// How the base is held when it is quantised for training (`base.quantize`); nil: as it is stored.
    public let quantised: QuantisedBase?
    /// Which layers get adapters; nil for a full fine-tune.
    public let adapters: AdapterPlan?
    /// The adapter to continue from.
    public let initial: PEFTFiles?
    /// The adapters that are trained: those to continue from, or new ones; nil for a full fine-tune.
    public var adapterPlan: AdapterPlan? { initial?.plan ?? adapters }
    /// The adapter's settings.
    public let settings: LoRASettings
    /// The training steps.
    public let source: BatchSource
    /// The held-out steps, in order.
    public let evaluation: BatchSource?
    /// What the model is asked at evaluations.
    public let tasks: [EvaluationTask]
    /// What decides which checkpoint is best.
    public let deciding: DecidingMetric
    /// Makes text of answers.
    public let tokenizer: Tokenizer
    /// Steps of the whole run.
    public let totalSteps: Int
    /// Steps of an epoch.
    public let stepsPerEpoch: Int
    /// The type of the products' operands.
    public let precision: ElementType
    /// The recipe's chat template.
    public let template: AdapterTemplate
    /// The moment that chat templates show as the present.
    public let moment: Date

    /// Opens and checks. Mistakes in the model, the adapter's targets and the data are reported together.
    ///
    /// - Parameters:
    ///   - open: opens a model's files and tokenizer, whatever kind of path it is.
    ///   - moment: what chat templates show as the present; a resume gives the run's own.
    ///   - progress: is told the share of rows read.
    public init(
        _ recipe: Recipe, moment: Date = Date(),
        open: (_ path: String, _ withoutWeights: Bool) throws -> (ModelFiles, Tokenizer),
        progress: (@Sendable (Double) -> Void)? = nil
    ) throws {
        var problems = Problems([])
        self.recipe = recipe
        self.moment = moment
        let full = recipe.adapter.method == .full
        let (files, tokenizer) = try open(recipe.model, full)
        self.files = files
        self.tokenizer = tokenizer
        if full { problems.add(files.fullTuningProblems) }
        if recipe.train.routerAuxLossCoef > 0, files.description.config.expertBalance(coefficient: 1) == nil {
            problems.list.append(
                Problem(
                    "train.router_aux_loss_coef: the family \(files.description.config.family) has no auxiliary loss of "
                        + "its routers", file: recipe.model, advice: "leave the key out"))
        }
        quantised = try recipe.base.quantize.format.flatMap { format in
            try problems.collect { try QuantisedBase(files, as: format) }
        }
        settings = LoRASettings(recipe.adapter)
        let settings = settings
        adapters =
            full
            ? nil
            : try problems.collect {
                try recipe.adapter.initFrom == nil ? AdapterPlan(settings, for: files) : AdapterPlan(specs: [:])
            }
        initial = try recipe.adapter.initFrom.flatMap { path in
            try problems.collect { try PEFTFiles.open(path, for: files, dropout: recipe.adapter.dropout) }
        }
        precision = recipe.train.precision.map { $0 == .bf16 ? .bf16 : .f32 } ?? (Machine.hasBF16 ? .bf16 : .f32)
        if precision == .bf16 && !Machine.hasBF16 {
            problems.list.append(
                Problem(
                    "train.precision: bf16 is not available on this processor or with this engine",
                    advice: "leave train.precision out, or set it to f32"))
        }
        let corpora = try problems.collect { try Self.corpora(recipe, tokenizer, files, moment, progress) }
        let tasks = try problems.collect { try Self.tasks(recipe, tokenizer, files, moment) }
        // Without its task a metric cannot be looked for.
        deciding =
            try tasks.flatMap { tasks in try problems.collect { try DecidingMetric(recipe, tasks) } } ?? .heldOutLoss
        self.tasks = tasks ?? []
        try problems.throwIfAny()
        guard let corpora else { throw problems }
        template = corpora.template
        let seed = UInt64(bitPattern: Int64(recipe.train.seed))
        source = BatchSource(
            corpus: corpora.train,
            plan: BatchPlan(
                batchSize: recipe.train.batchSize, maxLength: recipe.data.maxLength, packing: recipe.data.packing,
                shuffle: recipe.data.shuffle, seed: seed))
        guard source.epoch.samples > 0 else {
            throw Problem("data.train: with these weights an epoch has no sample", advice: "raise the weight of a file")
        }
        evaluation = corpora.evaluation.map {
            BatchSource(
                corpus: $0,
                plan: BatchPlan(
                    batchSize: 8, maxLength: recipe.data.maxLength, packing: recipe.data.packing, shuffle: false))
        }
        stepsPerEpoch = source.stepCount(ofEpoch: 0)
        totalSteps = recipe.train.steps ?? source.stepCount(epochs: recipe.train.epochs ?? 1)
    }

    /// Whether anything is evaluated during training.
    public var evaluates: Bool { evaluation != nil || !tasks.isEmpty }

    private static func templateSource(_ recipe: Recipe) -> PromptRenderer.Source {
        switch recipe.data.template {
        case .auto: .model
        case .none: .none
        case .file(let path): .file(path)
        }
    }

    private static func tasks(
        _ recipe: Recipe, _ tokenizer: Tokenizer, _ files: ModelFiles, _ moment: Date
    ) throws -> [EvaluationTask] {
        let settings = try recipe.evaluationTasks()
        if settings.isEmpty { return [] }
        let source = templateSource(recipe)
        var reader = TaskReader(
            tokenizer: tokenizer, config: files.description.config,
            stopIDs: try StopTokens.ids(
                of: files, tokenizer: tokenizer,
                endOfTurn: try PromptRenderer(tokenizer: tokenizer, source: source).endOfTurn),
            modelPath: recipe.model)
        reader.template = source
        reader.now = moment
        return try reader.read(settings).tasks
    }

    private static func corpora(
        _ recipe: Recipe, _ tokenizer: Tokenizer, _ files: ModelFiles, _ moment: Date,
        _ progress: (@Sendable (Double) -> Void)?
    ) throws -> (train: Corpus, evaluation: Corpus?, template: AdapterTemplate) {
        let source = templateSource(recipe)
        let renderer = try PromptRenderer(tokenizer: tokenizer, source: source, now: moment)
        let builder = SampleBuilder(
            renderer: renderer, maxLength: recipe.data.maxLength,
            tooLong: TooLong(rawValue: recipe.data.tooLong.rawValue) ?? .drop,
            vocabularySize: files.description.config.vocabularySize)
        var problems: [Problem] = []
        var opened: [String: RowFile] = [:]
        for path in recipe.data.train.map(\.path) + (recipe.data.eval ?? []) where opened[path] == nil {
            do { opened[path] = try RowFile(path: path) } catch { problems.append(error) }
        }
        try Problems(problems).throwIfAny()
        let positions = files.description.config.maximumPositions
        if recipe.data.maxLength > positions {
            problems.append(
                Problem(
                    "data.max_length: \(recipe.data.maxLength) is beyond the model's \(positions) positions",
                    advice: "set it to at most \(positions)"))
        }
        var train: Corpus?
        var evaluation: Corpus?
        do {
            let files = recipe.data.train.compactMap { file in opened[file.path].map { (file: $0, weight: file.weight) }
            }
            train = try Corpus(
                files: files, builder: builder,
                depth: recipe.data.check == .all ? .all : .usual(for: files.map(\.file)), progress: progress)
        } catch { problems += error.list }
        if let paths = recipe.data.eval {
            do {
                evaluation = try Corpus(
                    files: paths.compactMap { path in opened[path].map { ($0, 1) } }, builder: builder)
            } catch { problems += error.list }
        }
        try Problems(problems).throwIfAny()
        guard let train else { throw Problems(problems) }
        let template = renderer.templateText.map(AdapterTemplate.text) ?? (source == .none ? .plain : .model)
        return (train, evaluation, template)
    }

    /// How many checkpoints the run writes.
    var saves: Int { (totalSteps - 1) / recipe.save.every + 1 }

    /// What must not change between a run and its resume, as text.
    var fingerprint: String {
        let free: Set = [
            "output", "save.every", "save.keep", "evaluate.every", "evaluate.tasks", "evaluate.patience",
            "evaluate.metric", "train.memory_limit", "train.micro_batch_size",
        ]
        let held = recipe.settings.filter { !free.contains($0.key) }.map { "\($0.key): \($0.value)" }
        let data = source.corpus.files.map { "\($0.path): \($0.byteCount) bytes, \($0.count) rows" }
        return (held + data).joined(separator: "\n")
    }
}

extension BaseQuantization {
    /// The format the base's matrices are held in; nil: as they are stored.
    public var format: ElementFormat? {
        switch self {
        case .none: nil
        case .q80: .q8_0
        case .q4K: .q4_k
        case .nf4: .nf4
        }
    }
}

extension LoRASettings {
    /// The adapter part of a recipe.
    public init(_ recipe: AdapterSettings) {
        self.init()
        rank = recipe.rank
        alpha = recipe.alpha
        dropout = recipe.dropout
        useRSLoRA = recipe.useRSLoRA
        targets = Selection(recipe.targetModules)
        excluded = recipe.excludeModules.map { Selection($0) }
        parameters = recipe.targetParameters ?? []
        layers = recipe.layersToTransform
        rankPattern = (recipe.rankPattern ?? []).map { ($0.pattern, $0.value) }
        alphaPattern = (recipe.alphaPattern ?? []).map { ($0.pattern, $0.value) }
    }
}

extension LoRASettings.Selection {
    init(_ selection: ModuleSelection) {
        switch selection {
        case .allLinear: self = .allLinear
        case .names(let names): self = .names(names)
        case .pattern(let pattern): self = .pattern(pattern)
        }
    }
}
