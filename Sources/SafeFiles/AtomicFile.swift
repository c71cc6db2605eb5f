import Diagnostics
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A file that appears whole or not at all: written beside its place, flushed to disk, then renamed.
///
/// Without `commit()` nothing remains. Readable by its owner only unless `mode` says otherwise.
public final class AtomicFile {
    private let path: String
    private let temporary: String
    private var descriptor: Int32

    /// Opens a temporary file beside `path`, whose directory must exist.
    ///
    /// Where `path` is a link to a file, that file is what is replaced, and the link stays.
    public init(path: String, mode: mode_t = 0o600) throws(RunFailure) {
        self.path = FilePath.target(of: path)
        temporary = PartialName.of(self.path)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Self.failure("cannot create", path) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    /// Appends bytes.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(RunFailure) {
        var rest = bytes
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
            if written < 0 {
                if errno == EINTR { continue }
                throw Self.failure("cannot write", path)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Appends text in UTF-8.
    public func write(_ text: String) throws(RunFailure) {
        var text = text
        let result: Result<Void, RunFailure> = text.withUTF8 { bytes in
            Result { () throws(RunFailure) in try write(UnsafeRawBufferPointer(bytes)) }
        }
        try result.get()
    }

    /// Flushes to disk and renames into place; flushes the directory too.
    public func commit() throws(RunFailure) {
        guard fsync(descriptor) == 0 else { throw Self.failure("cannot flush", path) }
        close(descriptor)
        descriptor = -1
        guard rename(temporary, path) == 0 else {
            let failure = Self.failure("cannot rename into place", path)
            unlink(temporary)
            throw failure
        }
        try SafeDirectory.flush(FilePath.folder(of: path))
    }

    /// Writes a small file at once.
    public static func write(_ text: String, to path: String) throws(RunFailure) {
        let file = try AtomicFile(path: path)
        try file.write(text)
        try file.commit()
    }

    static func failure(_ what: String, _ path: String) -> RunFailure {
        RunFailure("\(what) \(PartialName.lasting(path)): \(String(cString: strerror(errno)))")
    }
}

/// A directory that appears whole or not at all.
public struct SafeDirectory {
    /// Where the directory is being written: put files here, then `commit`.
    public let temporary: String
    /// Where it will be.
    public let path: String
    /// Folders above it that were not there, the deepest first.
    private let parents: [String]

    /// Creates an empty directory beside `path`. Parents are created as needed; what was left there by a process that
    /// was killed while it wrote the same directory is removed.
    public init(path: String) throws(RunFailure) {
        self.path = path
        temporary = PartialName.of(path)
        var parents: [String] = []
        var folder = FilePath.folder(of: path)
        while !FileManager.default.fileExists(atPath: folder) && folder != "/" && folder != "." {
            parents.append(folder)
            folder = FilePath.folder(of: folder)
        }
        self.parents = parents
        do {
            if FileManager.default.fileExists(atPath: temporary) {
                try FileManager.default.removeItem(atPath: temporary)
            }
            for left in PartialName.abandoned(path) { try? FileManager.default.removeItem(atPath: left) }
            try FileManager.default.createDirectory(
                atPath: temporary, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw RunFailure("cannot create \(PartialName.lasting(path)): \(systemReason(error))")
        }
    }

    /// Flushes the directory and renames it into place. `replacing` takes an existing directory away first.
    public func commit(replacing: Bool = false) throws(RunFailure) {
        try Self.flush(temporary)
        if replacing, FileManager.default.fileExists(atPath: path) {
            let old = PartialName.old(path)
            guard rename(path, old) == 0 else { throw AtomicFile.failure("cannot move away", path) }
            defer { try? FileManager.default.removeItem(atPath: old) }
            guard rename(temporary, path) == 0 else {
                let failure = AtomicFile.failure("cannot rename into place", path)
                rename(old, path)
                throw failure
            }
        } else {
            guard rename(temporary, path) == 0 else { throw AtomicFile.failure("cannot rename into place", path) }
        }
        try Self.flush(FilePath.folder(of: path))
    }

    /// Removes everything in a directory, or nothing where something in it may not be moved.
    public static func empty(_ directory: String) throws(RunFailure) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let old = PartialName.old(directory + "/")
        guard mkdir(old, 0o700) == 0 else { throw AtomicFile.failure("cannot write to", directory) }
        for (moved, name) in names.enumerated() where rename(directory + "/" + name, old + "/" + name) != 0 {
            let failure = AtomicFile.failure("cannot remove", directory + "/" + name)
            for name in names[..<moved] { rename(old + "/" + name, directory + "/" + name) }
            rmdir(old)
            throw failure
        }
        try? FileManager.default.removeItem(atPath: old)
    }

    /// Removes what a process that was killed while it wrote has left in a directory.
    public static func removeLeftovers(in directory: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where PartialName.isLeftover(name) {
            try? FileManager.default.removeItem(atPath: directory + "/" + name)
        }
    }

    /// Removes what was written, and folders made for it that nothing else is in.
    public func discard() {
        try? FileManager.default.removeItem(atPath: temporary)
        for folder in parents { rmdir(folder) }
    }

    /// Flushes a directory's entries to disk.
    static func flush(_ path: String) throws(RunFailure) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw AtomicFile.failure("cannot open directory", path) }
        defer { close(descriptor) }
        // Some file systems cannot flush directories (EINVAL); there is nothing more to be done there.
        if fsync(descriptor) != 0 && errno != EINVAL { throw AtomicFile.failure("cannot flush directory", path) }
    }
}
