import Diagnostics
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A file mapped into memory for reading, shared with every process that maps it. Unmapped when the last owner lets go.
///
/// The mapping never changes after `init`, so sharing it between threads is safe: hence `@unchecked`.
public final class MappedFile: @unchecked Sendable {
    /// The file's path.
    public let path: String
    /// The file's bytes.
    public let bytes: UnsafeRawBufferPointer
    /// What the file was when it was mapped; nil for bytes in memory.
    private let status: stat?

    /// Maps the whole file. Throws a ``Problem`` naming the file when it cannot be read.
    public init(path: String) throws(Problem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT {
                throw Problem("does not exist", file: path, advice: "paths are relative to the current directory")
            }
            throw Problem("cannot be read: \(String(cString: strerror(errno)))", file: path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw status.st_mode & S_IFMT == S_IFDIR
                ? Problem("is a directory, not a file", file: path)
                : Problem("is not a regular file", file: path, advice: "write what it gives to a file first")
        }
        self.path = path
        self.status = status
        let size = Int(status.st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
            throw Problem("cannot be mapped into memory: \(String(cString: strerror(errno)))", file: path)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: size)
    }

    /// Bytes in memory in place of a file's, written once by `fill`; `path` is the file they were made from.
    public init(inMemory count: Int, standingFor path: String, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        self.path = path
        status = nil
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else {
            preconditionFailure("MappedFile: no memory for \(count) bytes: \(String(cString: strerror(errno)))")
        }
        fill(UnsafeMutableRawBufferPointer(start: start, count: count))
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    /// Whether another program has written into the file since it was mapped, or cut it short: its bytes are no longer
    /// those that were there, and some may be gone, which ends whoever reads them by a signal. A file that was put in
    /// its place or taken away does no harm.
    public var hasChanged: Bool {
        guard let before = status else { return false }
        var now = stat()
        guard stat(path, &now) == 0, now.st_dev == before.st_dev, now.st_ino == before.st_ino else { return false }
        return now.st_size != before.st_size || now.st_mtim.tv_sec != before.st_mtim.tv_sec
            || now.st_mtim.tv_nsec != before.st_mtim.tv_nsec
    }

    /// Tells the kernel how the bytes will be read (`MADV_SEQUENTIAL`, `MADV_WILLNEED` …).
    public func advise(_ advice: Int32) {
        if let start = bytes.baseAddress { madvise(UnsafeMutableRawPointer(mutating: start), bytes.count, advice) }
    }

    /// Takes pages out of this process's resident memory; the file stays in the system's cache, and a later read maps
    /// them again. For whoever passes through a large file once. Bytes in memory that stand for no file are left alone.
    public func release(_ range: Range<Int>) {
        guard status != nil, let start = bytes.baseAddress, !range.isEmpty else { return }
        let page = Int(getpagesize())
        let first = range.lowerBound / page * page
        madvise(UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first, Int32(MADV_DONTNEED))
    }
}
