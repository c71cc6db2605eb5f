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

    /// Maps the whole file. Throws a ``Problem`` naming the file when it cannot be read.
    public init(path: String) throws(Problem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Problem("cannot be read: \(String(cString: strerror(errno)))", file: path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Problem("is not a regular file", file: path)
        }
        self.path = path
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

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    /// Tells the kernel how the bytes will be read (`MADV_SEQUENTIAL`, `MADV_WILLNEED` …).
    public func advise(_ advice: Int32) {
        if let start = bytes.baseAddress { madvise(UnsafeMutableRawPointer(mutating: start), bytes.count, advice) }
    }
}
