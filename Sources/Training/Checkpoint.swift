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
        /// What the run reads.
        var contents = RunContents()
        /// How much was in memory at once.
        var memory = MemoryChoice(nil, rows: 0)
        /// The moment that chat templates show, in seconds since 1970.
        var moment = 0.0
        /// Whether the evaluation after the last step is still to be made: the run was stopped before it was complete.
        var isEvaluationDue = false
    }

    let directory: String

    /// Writes a checkpoint; `extra` may add files to the directory before it appears.
    static func write(
        _ trainer: Trainer, _ progress: Progress, to output: String, extra: (String) throws -> Void
    ) throws -> String {
        let place = RunFolder(output).checkpoint(at: progress.step)
        let folder = try SafeDirectory(path: place)
        do {
            try writeTensors(trainer, to: folder.temporary + "/trainer.safetensors")
            try Checkpoint(directory: folder.temporary).write(progress)
            try extra(folder.temporary)
            try folder.commit(replacing: true)
        } catch {
            folder.discard()
            throw error
        }
        return place
    }

    /// Writes what is not a tensor, in the place of what is there.
    func write(_ progress: Progress) throws {
        try AtomicFile.write(progress.json.serialized(.pretty) + "\n", to: directory + "/state.json")
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

    /// What the checkpoint holds besides its tensors.
    ///
    /// - Throws: ``Problem`` when state.json cannot be read or is none.
    func progress() throws(Problem) -> Progress {
        let file = directory + "/state.json"
        guard let progress = Progress(try JSONValue(contentsOfFile: file)) else {
            throw Problem(
                "is no checkpoint's state", file: file,
                advice: "take this checkpoint away, and --resume goes on from the one before, if there is one")
        }
        return progress
    }

    /// Puts the checkpoint's numbers into a trainer of the same parameters.
    ///
    /// - Throws: ``Problem`` when they do not fit.
    func load(_ progress: Progress, into trainer: Trainer) throws {
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
        trainer.step = progress.step
        trainer.optimizer.updates = progress.step
    }
}

extension Checkpoint.Progress {
    /// The progress as state.json has it.
    fileprivate var json: JSONValue {
        [
            "step": .integer(step),
            "cursor": [
                "epoch": .integer(cursor.epoch), "position": .integer(cursor.position), "part": .integer(cursor.part),
            ],
            "best_step": bestStep.map(JSONValue.integer) ?? nil, "best_value": bestValue.map(JSONValue.number) ?? nil,
            "metric": .string(metric), "evaluations_since_best": .integer(evaluationsSinceBest),
            "evaluation_due": .bool(isEvaluationDue), "memory_limit": memory.limit.map(JSONValue.integer) ?? nil,
            "rows_per_micro_batch": .integer(memory.rows), "moment": .number(moment),
            "threads": .integer(Pool.threads), "settings": .string(fingerprint),
            "contents": .object(
                JSONObject(contents.hashes.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        ]
    }

    /// The progress in a state.json; nil when it is none.
    fileprivate init?(_ state: JSONValue) {
        func count(_ value: JSONValue?) -> Int? { value?.intValue.flatMap { $0 >= 0 ? $0 : nil } }
        guard let step = count(state["step"]), let epoch = count(state["cursor"]?["epoch"]),
            let position = count(state["cursor"]?["position"])
        else { return nil }
        self.step = step
        cursor = DataCursor(epoch: epoch, position: position, part: count(state["cursor"]?["part"]) ?? 0)
        bestStep = state["best_step"]?.intValue
        bestValue = state["best_value"]?.doubleValue
        metric = state["metric"]?.stringValue ?? metric
        evaluationsSinceBest = count(state["evaluations_since_best"]) ?? 0
        isEvaluationDue = state["evaluation_due"]?.boolValue ?? false
        fingerprint = state["settings"]?.stringValue ?? ""
        let members = state["contents"]?.objectValue?.members ?? []
        contents = RunContents(
            Dictionary(members.compactMap { key, value in value.stringValue.map { (key, $0) } }) { $1 })
        memory = MemoryChoice(state["memory_limit"]?.intValue, rows: count(state["rows_per_micro_batch"]) ?? 0)
        moment = state["moment"]?.doubleValue ?? 0
    }
}
