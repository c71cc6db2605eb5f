import Adapters
import Datasets
import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import SafeFiles
import Tensors
import WeightFiles

/// How much of a step is in memory at once, and the limit it was chosen for: another cut changes the order of sums.
struct MemoryChoice: Equatable {
    var limit: Int?
    var rows: Int

    init(_ limit: Int?, rows: Int) {
        self.limit = limit
        self.rows = rows
    }
}

/// All a resume needs, in one directory that appears whole or not at all: `state/step-N/`.
struct Checkpoint {
    /// What is not a tensor.
    struct Progress: Equatable {
        var step = 0
        var cursor = DataCursor()
        var bestStep: Int?
        /// The value of ``metric`` at that step.
        var bestValue: Double?
        /// What decides which step is best.
        var metric = "eval_loss"
        var evaluationsSinceBest = 0
        /// The run's settings that must not change, as text.
        var fingerprint = ""
        /// How much was in memory at once.
        var memory = MemoryChoice(nil, rows: 0)
        /// The moment that chat templates show, in seconds since 1970.
        var moment = 0.0
    }

    let directory: String

    static func directory(of step: Int, in output: String) -> String { "\(output)/state/step-\(step)" }

    /// The checkpoints of a run, oldest first.
    static func all(in output: String) -> [(step: Int, path: String)] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: output + "/state")) ?? []
        return entries.compactMap { name in
            guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
            return (step, "\(output)/state/\(name)")
        }.sorted { $0.0 < $1.0 }
    }

    /// Writes a checkpoint; `extra` may add files to the directory before it appears.
    static func write(
        _ trainer: Trainer, _ progress: Progress, to output: String, extra: (String) throws -> Void
    ) throws -> String {
        let place = directory(of: progress.step, in: output)
        let folder = try SafeDirectory(path: place)
        do {
            try writeTensors(trainer, to: folder.temporary + "/trainer.safetensors")
            try AtomicFile.write(
                json(progress, trainer).serialized(.pretty) + "\n", to: folder.temporary + "/state.json")
            try extra(folder.temporary)
            try folder.commit(replacing: true)
        } catch {
            folder.discard()
            throw error
        }
        return place
    }

    private static func tensors(_ trainer: Trainer) -> [(name: String, tensor: Tensor)] {
        trainer.parameters.enumerated().flatMap { i, parameter in
            [
                ("value.\(i)", parameter.value), ("first.\(i)", trainer.optimizer.moments[i].first),
                ("second.\(i)", trainer.optimizer.moments[i].second),
            ]
        }
    }

    private static func writeTensors(_ trainer: Trainer, to path: String) throws {
        let all = tensors(trainer)
        let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.tensor) })
        let declared = all.map {
            TensorDeclaration($0.name, shape: [$0.tensor.rows, $0.tensor.columns], format: .element(.f32))
        }
        try SafetensorsWriter.write(to: path, tensors: declared) { declaration, sink in
            guard let tensor = byName[declaration.name] else { return }
            try sink(UnsafeRawBufferPointer(start: tensor.pointer, count: tensor.byteCount))
        }
    }

    private static func json(_ progress: Progress, _ trainer: Trainer) -> JSONValue {
        [
            "step": .integer(progress.step), "updates": .integer(trainer.optimizer.updates),
            "cursor": ["epoch": .integer(progress.cursor.epoch), "position": .integer(progress.cursor.position)],
            "best_step": progress.bestStep.map(JSONValue.integer) ?? nil,
            "best_value": progress.bestValue.map(JSONValue.number) ?? nil, "metric": .string(progress.metric),
            "evaluations_since_best": .integer(progress.evaluationsSinceBest),
            "memory_limit": progress.memory.limit.map(JSONValue.integer) ?? nil,
            "rows_per_micro_batch": .integer(progress.memory.rows), "moment": .number(progress.moment),
            "threads": .integer(Pool.threads), "settings": .string(progress.fingerprint),
        ]
    }

    /// Puts a checkpoint's numbers into a trainer of the same parameters.
    ///
    /// - Throws: ``Problem`` when the directory does not fit the run.
    func load(into trainer: Trainer) throws -> Progress {
        let file = directory + "/state.json"
        let state = try JSONValue(contentsOfFile: file)
        guard let step = state["step"]?.intValue, let updates = state["updates"]?.intValue,
            let epoch = state["cursor"]?["epoch"]?.intValue, let position = state["cursor"]?["position"]?.intValue
        else { throw Problem("is no checkpoint's state", file: file) }
        let store = try WeightStore.open(directory + "/trainer.safetensors")
        for (name, tensor) in Self.tensors(trainer) {
            guard let stored = store[name], stored.shape == [tensor.rows, tensor.columns], let values = stored.floats()
            else {
                throw Problem(
                    "does not fit this recipe: \(name) is not \(tensor.shape)", file: directory,
                    advice: "resume with the recipe the run was started with")
            }
            tensor.copy(Tensor(values, rows: tensor.rows, columns: tensor.columns))
        }
        for parameter in trainer.parameters { parameter.valueChanged() }
        trainer.step = step
        trainer.optimizer.updates = updates
        return Progress(
            step: step, cursor: DataCursor(epoch: epoch, position: position), bestStep: state["best_step"]?.intValue,
            bestValue: state["best_value"]?.doubleValue, metric: state["metric"]?.stringValue ?? "eval_loss",
            evaluationsSinceBest: state["evaluations_since_best"]?.intValue ?? 0,
            fingerprint: state["settings"]?.stringValue ?? "",
            memory: MemoryChoice(
                state["memory_limit"]?.intValue, rows: state["rows_per_micro_batch"]?.intValue ?? 0),
            moment: state["moment"]?.doubleValue ?? 0)
    }

    /// The moment that chat templates showed in the run.
    var moment: Date? {
        (try? JSONValue(contentsOfFile: directory + "/state.json"))?["moment"]?.doubleValue.map {
            Date(timeIntervalSince1970: $0)
        }
    }
}
