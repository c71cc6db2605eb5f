import Diagnostics
import Foundation
import OrderedJSON
import SafeFiles

/// What one model was asked before and what came of it: a file with a line an item.
///
/// Lines are appended as soon as outcomes are there. So an evaluation that was interrupted goes on where it stopped,
/// and the base is not asked again when the next adapter is compared with it. A line cut off by a crash is passed over.
public final class Journal {
    private var outcomes: [String: WorkOutcome] = [:]
    /// What identifies the model; empty in memory, where there is no other evaluation to tell it from.
    let model: String
    private let handle: FileHandle?
    private let path: String

    /// A journal in memory only.
    public init() {
        model = ""
        handle = nil
        path = ""
    }

    /// The journal of a model in a directory, which is made when it does not exist.
    ///
    /// - Parameter model: what identifies the model with everything its numbers depend on.
    /// - Throws: ``RunFailure`` when it cannot be written.
    public init(directory: String, model: String) throws(RunFailure) {
        self.model = model
        path = directory + "/" + model + ".jsonl"
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw RunFailure("cannot create \(directory): \(systemReason(error))") }
        // Appended by the system: another evaluation of the same model may be writing at the same time.
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw RunFailure("cannot write \(path): \(String(cString: strerror(errno)))") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        self.handle = handle
        let kept = FileManager.default.contents(atPath: path) ?? Data()
        for line in kept.split(separator: UInt8(ascii: "\n")) {
            guard let value = try? JSONValue(parsing: Array(line)), let item = value["item"]?.stringValue,
                let outcome = value["outcome"].flatMap(WorkOutcome.init)
            else { continue }
            outcomes[item] = outcome
        }
        if let last = kept.last, last != UInt8(ascii: "\n") { handle.write(Data("\n".utf8)) }
    }

    /// What came of an item the last time, by its fingerprint.
    func outcome(_ fingerprint: String) -> WorkOutcome? { outcomes[fingerprint] }

    /// Notes an outcome.
    ///
    /// - Throws: ``RunFailure`` when it cannot be written.
    func add(_ outcome: WorkOutcome, of fingerprint: String) throws(RunFailure) {
        outcomes[fingerprint] = outcome
        guard let handle else { return }
        let line: JSONValue = ["item": .string(fingerprint), "outcome": outcome.json]
        do { try handle.write(contentsOf: Data((line.serialized() + "\n").utf8)) } catch {
            throw RunFailure("cannot write \(path): \(systemReason(error))")
        }
    }

    /// Takes away journals that nobody has used for a month.
    public static func prune(directory: String, now: Date) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for file in files where file.hasSuffix(".jsonl") {
            let path = directory + "/" + file
            let changed = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
            if let changed, now.timeIntervalSince(changed) > 30 * 24 * 3600 {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
    }
}
