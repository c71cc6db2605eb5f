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
        let kept = FileManager.default.contents(atPath: path).map { Self.lines($0, upTo: step) } ?? Data()
        guard FileManager.default.createFile(atPath: path, contents: kept, attributes: [.posixPermissions: 0o600]),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw RunFailure("cannot write \(path): \(String(cString: strerror(errno)))") }
        self.handle = handle
        handle.seekToEndOfFile()
    }

    private static func lines(_ data: Data, upTo step: Int) -> Data {
        var kept = Data()
        for line in data.split(separator: UInt8(ascii: "\n")) {
            guard let value = try? JSONValue(parsing: Array(line)), let at = value["step"]?.intValue, at <= step else {
                break
            }
            kept.append(contentsOf: line)
            kept.append(UInt8(ascii: "\n"))
        }
        return kept
    }

    func write(_ value: JSONValue) throws {
        do { try handle.write(contentsOf: Data((value.serialized(.python) + "\n").utf8)) } catch {
            throw RunFailure("cannot write \(path): \(systemReason(error))")
        }
    }

    func write(_ report: StepReport) throws {
        let line: JSONValue = [
            "step": .integer(report.step), "epoch": .integer(report.epoch), "loss": .number(report.loss),
            "grad_norm": .number(report.gradientNorm), "learning_rate": .number(report.learningRate),
            "target_tokens": .integer(report.targetTokens), "tokens": .integer(report.tokens),
            "tokens_per_second": .number((report.tokensPerSecond * 10).rounded() / 10),
            "seconds": .number((report.seconds * 1e4).rounded() / 1e4),
        ]
        var members = line.objectValue ?? JSONObject()
        if let auxiliary = report.routerAuxiliaryLoss { members["router_aux_loss"] = .number(auxiliary) }
        try write(.object(members))
    }

    func write(_ report: StepEvaluation) throws {
        try write(.object(report.members))
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
