import Diagnostics
import Foundation
import OrderedJSON
import SafeFiles

#if canImport(Glibc)
    import Glibc
#endif

/// metrics.jsonl: a line a step, lines of evaluations between them.
final class MetricsFile {
    private let handle: FileHandle
    private let path: String

    /// Opens the file. A resume keeps the lines up to its step; what a killed run wrote behind is cut off.
    init(directory: String, upTo step: Int) throws {
        path = directory + "/metrics.jsonl"
        let kept = FileManager.default.contents(atPath: path).map { Self.byteCount($0, upTo: step) } ?? 0
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw RunFailure("cannot write \(path): \(String(cString: strerror(errno)))") }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        // Cut where it stands: a disk without room must not take what there was.
        do {
            try handle.truncate(atOffset: UInt64(kept))
        } catch { throw RunFailure("cannot write \(path): \(systemReason(error))") }
    }

    /// The bytes of the whole lines up to a step.
    private static func byteCount(_ data: Data, upTo step: Int) -> Int {
        var kept = data.startIndex
        while let end = data[kept...].firstIndex(of: UInt8(ascii: "\n")),
            let value = try? JSONValue(parsing: Array(data[kept..<end])), let at = value["step"]?.intValue, at <= step
        {
            kept = end + 1
        }
        return kept - data.startIndex
    }

    func write(_ value: JSONValue) throws {
        do { try handle.write(contentsOf: Data((value.serialized(.python) + "\n").utf8)) } catch {
            throw RunFailure("cannot write \(path): \(systemReason(error))")
        }
    }

    func write(_ report: StepReport) throws {
        try write(.object(report.members))
    }

    func write(_ report: StepEvaluation) throws {
        try write(.object(report.members))
    }
}

extension StepReport {
    /// The step as metrics.jsonl and events for programs have it.
    public var members: JSONObject {
        var object = JSONObject([
            (key: "step", value: .integer(step)), (key: "epoch", value: .integer(epoch)),
            (key: "loss", value: .number(loss)), (key: "grad_norm", value: .number(gradientNorm)),
            (key: "learning_rate", value: .number(learningRate)), (key: "target_tokens", value: .integer(targetTokens)),
            (key: "tokens", value: .integer(tokens)),
            (key: "tokens_per_second", value: .number((tokensPerSecond * 10).rounded() / 10)),
            (key: "seconds", value: .number((seconds * 1e4).rounded() / 1e4)),
        ])
        if let routerAuxiliaryLoss { object["router_aux_loss"] = .number(routerAuxiliaryLoss) }
        return object
    }
}

extension StepEvaluation {
    /// The evaluation as metrics.jsonl and events for programs have it.
    public var members: JSONObject {
        var object = JSONObject([(key: "step", value: .integer(step))])
        if let loss {
            object["eval_loss"] = .number(loss)
            object["target_tokens"] = .integer(targetTokens)
        }
        for (name, value) in metrics { object[name] = .number(value) }
        object["best"] = .bool(isBest)
        if samples.isEmpty { return object }
        object["samples"] = .array(
            samples.map { sample in
                [
                    "task": .string(sample.task), "prompt": .string(sample.prompt), "answer": .string(sample.answer),
                    "reference": sample.reference.map(JSONValue.string) ?? .null,
                ]
            })
        return object
    }
}
