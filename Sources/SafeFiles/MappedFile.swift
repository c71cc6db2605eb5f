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
    private let isFile: Bool

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
        isFile = true
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
        isFile = false
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

    /// Tells the kernel how the bytes will be read (`MADV_SEQUENTIAL`, `MADV_WILLNEED` …).
    public func advise(_ advice: Int32) {
        if let start = bytes.baseAddress { madvise(UnsafeMutableRawPointer(mutating: start), bytes.count, advice) }
    }

    /// Takes pages out of this process's resident memory; the file stays in the system's cache, and a later read maps them
    /// again. For whoever passes through a large file once. Bytes in memory that stand for no file are left alone.
    public func release(_ range: Range<Int>) {
        guard isFile, let start = bytes.baseAddress, !range.isEmpty else { return }
        let page = Int(getpagesize())
        let first = range.lowerBound / page * page
        madvise(UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first, Int32(MADV_DONTNEED))
    }
}
