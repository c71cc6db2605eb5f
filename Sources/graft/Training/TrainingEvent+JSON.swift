import Kernels
import OrderedJSON
import Training

extension TrainingEvent {
    /// The event as one JSON object: `train --json` writes one a line.
    var json: JSONValue {
        switch self {
        case .started(let facts): event("started", facts.json)
        case .resumed(let step): event("resumed", ["step": .integer(step)])
        case .step(let report): event("step", .object(report.members))
        case .evaluated(let report): event("evaluated", .object(report.members))
        case .saved(let step, let path): event("saved", ["step": .integer(step), "path": .string(path)])
        case .note(let text): event("note", ["text": .string(text)])
        case .interrupted(let step): event("interrupted", ["step": .integer(step)])
        case .finished(let step, let bestStep):
            event(
                "finished",
                [
                    "step": .integer(step), "best_step": .integer(bestStep),
                    "peak_memory_bytes": .integer(Machine.resident.peak),
                ])
        }
    }

    private func event(_ name: String, _ members: JSONValue) -> JSONValue {
        .object(JSONObject([("event", .string(name))] + (members.objectValue?.members ?? [])))
    }
}

extension RunFacts {
    /// What is known before the first step, as JSON.
    var json: JSONValue {
        [
            "trainable_parameters": .integer(trainableParameters), "base_parameters": .integer(baseParameters),
            "adapted_modules": .integer(adaptedModules), "steps": .integer(totalSteps), "samples": .integer(samples),
            "tokens": .integer(tokens), "target_tokens": .integer(targetTokens), "dropped": .integer(dropped),
            "truncated": .integer(truncated), "preferences": .integer(preferences), "estimated": .bool(isEstimate),
            "evaluation_samples": .integer(evaluationSamples), "precision": .string(precision),
            "peak_memory_bytes": .integer(forecast.peakBytes), "disk_bytes": .integer(forecast.diskBytes),
            "micro_batch_tokens": .integer(forecast.microBatchTokens), "blocks_kept": .integer(forecast.blocksKept),
        ]
    }
}
