import Adapters
import ArgumentParser
import Datasets
import Diagnostics
import Exports
import Foundation
import Logging
import Models
import OrderedJSON
import Recipes
import SafeFiles
import Training

/// `graft train`: a recipe in, an adapter out.
struct TrainCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains what a recipe describes.",
        discussion: """
            Everything is checked before anything is written. Ctrl-C saves the state and ends with status 130; --resume goes \
            on from the last checkpoint, exactly as if nothing had happened. A recipe is a YAML file that needs three keys:

              model: models/llama-3.2-1b
              data: {train: rows.jsonl}
              output: runs/first
            """)

    @Argument(help: "A recipe (YAML); docs/reference.md lists its keys.")
    var recipe: String

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Sets a key of the recipe to another value.", valueName: "key.path=value"))
    var settings: [String] = []

    @Flag(help: "Go on with the run in the output directory; begin it where there is none yet.")
    var resume = false

    @Flag(help: "Take away what is in the output directory and begin anew.")
    var overwrite = false

    @Flag(help: "Check everything, tell what the run will need, and stop.")
    var dryRun = false

    @Flag(help: "Write events to standard output, one JSON object a line.")
    var json = false

    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let start = ContinuousClock.now
        var recipe = try Recipe.load(path: self.recipe, overrides: settings)
        if let precision = compute.precision { recipe.train.precision = PrecisionName(rawValue: precision.rawValue) }
        _ = compute.start(preferred: recipe.train.precision.flatMap { Precision(rawValue: $0.rawValue) })
        try checkOutput(of: recipe)
        let moment = resume ? TrainingRun.moment(ofRunIn: recipe.output) : nil
        let plan = try RunPlan(recipe, moment: moment ?? Date()) { path, withoutWeights in
            let model = try OpenedModel.open(path, withoutWeights: withoutWeights)
            return (model.files, try model.tokenizerIfAny())
        } progress: { share in
            Screen.status("reading rows: \(Int(share * 100)) %")
        }
        Screen.status(nil)
        for source in [plan.source, plan.evaluation] { source?.corpus.summary.tellWarnings(most: 5) }
        for note in plan.quantised?.notes ?? [] { log.notice("\(note)") }
        // Whoever trains for llama.cpp should know before, not after.
        if !dryRun, let adapters = plan.adapterPlan {
            for line in Exportability.all(plan.files, adapters).reasons { log.notice("\(line)") }
        }
        // An interrupted quantisation leaves nothing behind.
        if plan.quantised != nil { Interruption.poll() }
        if recipe.train.memoryLimit != nil { Screen.status("measuring what fits into train.memory_limit") }
        let run = try TrainingRun(plan, quantisation: BaseProgress().show)
        Screen.status(nil)
        if dryRun {
            try DryRun(run, since: start).show(json: json)
            return try run.checkDisk()
        }

        if let advice = DryRun.memoryAdvice(run.forecast) {
            Screen.warning("the run takes about \(ByteText.of(run.forecast.peakBytes)) of memory; \(advice)")
        }
        Interruption.poll()
        var display = TrainingDisplay(output: recipe.output)
        let outcome = try run.run(
            resume: resume, replacing: overwrite, shouldStop: { Interruption.isRequested }
        ) { event in
            display.show(event)
            if json {
                try Output.line(event.json.serialized())
                try Output.flush()
            }
        }
        if outcome == .interrupted { throw Interrupted(message: "") }
    }

    /// Checks the place of the results. A dry run is not refused one that exists, but says what the run will be told.
    private func checkOutput(of recipe: Recipe) throws {
        let inputs = inputs(of: recipe)
        do {
            try OutputDirectory.check(recipe.output, resume: resume, overwrite: overwrite, inputs: inputs)
        } catch  where dryRun {
            try OutputDirectory.checkWritable(recipe.output)
            Screen.warning(error.description)
        }
    }

    /// Everything that the run reads.
    private func inputs(of recipe: Recipe) -> [String] {
        // What is wrong with suites is told with everything else that is.
        let tasks = (try? recipe.evaluationTasks()) ?? []
        // The recipe that a run has left with its results is written again.
        let own = WritablePlace.isSame(self.recipe, recipe.output + "/recipe.yaml") ? [] : [self.recipe]
        return recipe.inputs + tasks.flatMap { $0.inputs } + own
    }
}
