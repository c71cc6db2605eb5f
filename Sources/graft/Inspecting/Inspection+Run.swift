import Adapters
import Foundation
import OrderedJSON
import Recipes
import WeightFiles

extension Inspection {
    /// The output directory of a run.
    static func run(_ path: String) throws -> Inspection {
        var inspection = Inspection("run", path: path)
        let recipePath = path + "/recipe.yaml"
        if FileManager.default.fileExists(atPath: recipePath),
            let recipe = inspection.collect({ try Recipe.load(path: recipePath, checkingFiles: false) })
        {
            inspection.add("model", recipe.model)
            inspection.add("method", recipe.adapter.method.rawValue)
            inspection.add("rank", recipe.adapter.method == .lora ? recipe.adapter.rank : nil)
        }
        inspection.addMetrics(path + "/metrics.jsonl")
        let steps = RunFolder(path).checkpoints.map(\.step)
        if !steps.isEmpty {
            inspection.add(
                "checkpoints", .array(steps.map(JSONValue.integer)),
                text: steps.map { "step \($0)" }.joined(separator: ", "))
        }
        if FileManager.default.fileExists(atPath: path + "/adapter_config.json") {
            let adapter = try adapter(path)
            inspection.tensors = adapter.tensors
            inspection.problems += adapter.problems
        }
        return inspection
    }

    /// A folder in a run's `state`.
    static func checkpoint(_ path: String) throws -> Inspection {
        var inspection = Inspection("checkpoint", path: path)
        let state = try JSONValue(contentsOfFile: path + "/state.json")
        inspection.add("step", state["step"]?.intValue)
        inspection.add("epoch", state["cursor"]?["epoch"]?.intValue)
        inspection.add("best_step", state["best_step"]?.intValue)
        if let loss = state["best_value"]?.doubleValue {
            inspection.add("best_value", .number(loss), text: String(format: "%.4f", loss))
        }
        inspection.add("threads", state["threads"]?.intValue)
        if let settings = state["settings"]?.stringValue {
            let lines = settings.split(separator: "\n").map { JSONValue.string(String($0)) }
            inspection.add("settings", .array(lines), text: "\(lines.count) keys and files (all with --json)")
        }
        inspection.tensors = try WeightStore.open(path + "/trainer.safetensors")
        return inspection
    }

    private mutating func addMetrics(_ path: String) {
        guard let text = SystemFiles.text(path) else { return }
        let lines = text.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
        let steps = lines.filter { $0["loss"] != nil }
        add("steps", steps.last?["step"]?.intValue)
        let losses = (steps.first?["loss"]?.doubleValue, steps.last?["loss"]?.doubleValue)
        if let first = losses.0, let last = losses.1 {
            add("first_loss", .number(first), hidden: true)
            add("last_loss", .number(last), hidden: true)
            add("loss", .array([.number(first), .number(last)]), text: String(format: "%.4f → %.4f", first, last))
        }
        let best = lines.filter { $0["eval_loss"] != nil }
            .min { $0["eval_loss"]?.doubleValue ?? .infinity < $1["eval_loss"]?.doubleValue ?? .infinity }
        if let loss = best?["eval_loss"]?.doubleValue {
            let step = best?["step"]?.intValue ?? 0
            add("best_eval_loss", .number(loss), text: String(format: "%.4f at step %d", loss, step))
        }
    }
}
