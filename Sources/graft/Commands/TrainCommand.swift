import Adapters
import ArgumentParser
import Diagnostics
import Exports
import Foundation
import Logging
import Models
import OrderedJSON
import Recipes
import Training

/// `graft train`: a recipe in, an adapter out.
struct TrainCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains what a recipe describes.",
        discussion: """
            Everything is checked before anything is written. Ctrl-C saves the state and ends with status 130; --resume goes \
            on from the last checkpoint, exactly as if nothing had happened.
            """)

    @Argument(help: "A recipe (YAML); docs/reference.md lists its keys.")
    var recipe: String

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Sets a key of the recipe to another value.", valueName: "key.path=value"))
    var settings: [String] = []

    @Flag(help: "Go on with the run in the output directory.")
    var resume = false

    @Flag(help: "Replace what is in the output directory.")
    var overwrite = false

    @Flag(help: "Check everything, tell what the run will need, and stop.")
    var dryRun = false

    @Flag(help: "Write events to standard output, one JSON object a line.")
    var json = false

    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let start = ContinuousClock.now
        var recipe = try Recipe.load(path: recipe, overrides: settings)
        if let precision = compute.precision { recipe.train.precision = PrecisionName(rawValue: precision.rawValue) }
        _ = compute.start(preferred: recipe.train.precision.flatMap { Precision(rawValue: $0.rawValue) })
        if dryRun { try OutputDirectory.checkWritable(recipe.output) }
        let action = dryRun ? nil : try OutputDirectory.check(recipe.output, resume: resume, overwrite: overwrite)
        let moment = action == .resume ? TrainingRun.moment(ofRunIn: recipe.output) : nil
        let plan = try RunPlan(recipe, moment: moment ?? Date()) { path, withoutWeights in
            let model = try OpenedModel.open(path, withoutWeights: withoutWeights)
            return (model.files, try model.tokenizerIfAny())
        } progress: { share in
            Screen.status("reading rows: \(Int(share * 100)) %")
        }
        Screen.status(nil)
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
        if dryRun { return try DryRun(run, since: start).show(json: json) }

        Interruption.poll()
        var display = TrainingDisplay(output: recipe.output)
        let outcome = try run.run(
            resume: action == .resume, replacing: action == .overwrite, shouldStop: { Interruption.isRequested }
        ) { event in
            display.show(event)
            if json {
                try Output.line(event.json.serialized())
                try Output.flush()
            }
        }
        if outcome == .interrupted { throw Interrupted(message: "") }
    }
}
