import Diagnostics
import Foundation
import Kernels
import SafeFiles
import WeightFiles

/// The directory in which quantised bases are kept between runs. Anything in it may be deleted at any time.
public struct QuantisedCache: Sendable {
    /// The directory.
    public let directory: String
    /// Bytes free where a path is.
    package var freeSpace: @Sendable (_ path: String) -> Int? = { FreeSpace.bytes(at: $0) }

    /// A cache in this directory, which need not exist.
    public init(directory: String) { self.directory = directory }

    /// The user's: `graft/bases` in `$XDG_CACHE_HOME`, or in `~/.cache`.
    public static var standard: QuantisedCache {
        let set = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? ""
        let root = set.hasPrefix("/") ? set : NSHomeDirectory() + "/.cache"
        return QuantisedCache(directory: root + "/graft/bases")
    }

    /// Makes the directory.
    func prepare() throws(RunFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw RunFailure(
                "cannot create \(directory): \(systemReason(error)); set XDG_CACHE_HOME to a folder that can be written to"
            )
        }
    }

    /// Where the quantised form of a model with these weight files is kept, named by their content.
    ///
    /// Hashing reads every byte; a note beside the file says which content a file of this path, size and time had, so
    /// that it is read once.
    func path(of weights: [String], as kind: String) throws -> String {
        var identity = ""
        for file in weights {
            let facts = try? FileManager.default.attributesOfItem(atPath: file)
            let time = (facts?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            let number = (facts?[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
            let size = (facts?[.size] as? NSNumber)?.uint64Value ?? 0
            identity += "\(file)\n\(size) \(time.bitPattern) \(number)\n"
        }
        let note = directory + "/" + identity.withUTF8 { SHA256.hex(UnsafeRawBufferPointer($0)) } + ".content"
        if let known = try? String(contentsOfFile: note, encoding: .utf8), known.count == 64,
            known.allSatisfy(\.isHexDigit)
        {
            return "\(directory)/\(known)-\(kind).safetensors"
        }
        let hash = String(try contentHash(of: weights).dropFirst("sha256:".count))
        try prepare()
        try AtomicFile.write(hash, to: note)
        return "\(directory)/\(hash)-\(kind).safetensors"
    }
}
