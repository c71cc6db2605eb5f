#if canImport(Glibc)
    import Glibc
#endif

/// Keeps other processes that ask for the same lock out of a directory, for as long as the lock lives.
///
/// The lock is on the directory itself: there is no file to be left behind, and it ends with the process, however that
/// ends.
public final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Locks an existing directory; nil when another lock is on it.
    ///
    /// Where it cannot be locked (some network file systems), nobody is kept out.
    public init?(path: String) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            close(descriptor)
            return nil
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
