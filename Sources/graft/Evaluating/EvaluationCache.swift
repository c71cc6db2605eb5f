import Diagnostics
import Evaluation
import Foundation
import Kernels
import Models
import SafeFiles
import WeightFiles

/// Where outcomes of earlier evaluations are kept, so that a base is not asked twice and an interrupted evaluation goes
/// on: `$GRAFT_CACHE`, else `evaluations` in the user's cache directory. Readable by their owner only.
enum EvaluationCache {
    /// The directory.
    static var directory: String {
        let environment = ProcessInfo.processInfo.environment
        if let own = environment["GRAFT_CACHE"], !own.isEmpty { return own + "/evaluations" }
        let base = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory() + "/.cache"
        return base + "/graft/evaluations"
    }

    /// The journal of a model; one in memory, with a warning, where the directory cannot be written.
    static func journal(_ model: EvaluatedModel, _ files: ModelFiles, precision: ElementType) -> Journal {
        var parts = [model.modelHash, model.adapterHash ?? "", precision == .bf16 ? "bf16" : "f32", Version.build]
        parts.append(ProcessInfo.processInfo.environment["GRAFT_MATMUL"] ?? "")
        for path in [files.path + "/config.json", (model.adapter ?? "") + "/adapter_config.json"] {
            parts.append((try? contentHash(of: [path])) ?? "")
        }
        var text = parts.joined(separator: "\n")
        let key = String(text.withUTF8 { SHA256.hex(UnsafeRawBufferPointer($0)) }.prefix(32))
        do {
            let journal = try Journal(directory: directory, model: key)
            Journal.prune(directory: directory, now: Date())
            return journal
        } catch {
            Screen.warning("results are not kept for the next evaluation: \(error)")
            return Journal()
        }
    }
}

extension EvaluatedModel {
    /// A base, identified by the content of its weights.
    init(name: String, files: ModelFiles, path: String) throws {
        self.init(name: name, path: path, modelHash: try files.weightsHash())
    }

    /// The same base with an adapter.
    func adapted(by adapter: String) throws -> EvaluatedModel {
        var model = self
        (model.name, model.adapter) = (adapter, adapter)
        let weights = adapter + "/adapter_model.safetensors"
        if FileManager.default.fileExists(atPath: weights) { model.adapterHash = try contentHash(of: [weights]) }
        // A run's directory, or one of its checkpoints.
        model.run = [adapter, adapter + "/../.."].first {
            FileManager.default.fileExists(atPath: $0 + "/metrics.jsonl")
        }
        return model
    }
}

/// How long an evaluation will still take, from how long it has taken.
struct RemainingTime {
    private let start = ContinuousClock.now
    private var first: Double?

    /// Words for the time left at a share of the work done; nil while it is too early to tell.
    mutating func text(share: Double) -> String? {
        if first == nil { first = share }
        let elapsed = Double((ContinuousClock.now - start).components.seconds)
        let done = share - (first ?? 0)
        guard elapsed >= 3, done > 0.01 else { return nil }
        let left = Int((elapsed * (1 - share) / done).rounded())
        return left < 90 ? "\(left) s left" : "\((left + 30) / 60) min left"
    }
}
