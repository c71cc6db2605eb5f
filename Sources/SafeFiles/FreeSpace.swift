import Diagnostics
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Room on disks.
public enum FreeSpace {
    /// Bytes that this user may still write where `path` is or will be; nil when the system does not tell.
    public static func bytes(at path: String) -> Int? {
        var url = URL(fileURLWithPath: path).standardizedFileURL
        while !FileManager.default.fileExists(atPath: url.path) && url.path != "/" { url.deleteLastPathComponent() }
        var info = statvfs()
        guard statvfs(url.path, &info) == 0 else { return nil }
        // Some file systems say that they have all the room there can be; sums of it must still be numbers.
        let (bytes, isBeyond) = Int(clamping: info.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: info.f_frsize))
        return isBeyond ? .max / 2 : min(bytes, .max / 2)
    }

    /// Looks for room before anything is written.
    ///
    /// - Parameters:
    ///   - needed: bytes that will be written.
    ///   - what: what needs them, for the message.
    ///   - free: bytes free where a path is; nil when the system does not tell, which passes.
    public static func check(
        _ needed: Int, for what: String, at path: String, free: (_ path: String) -> Int? = { bytes(at: $0) }
    ) throws(RunFailure) {
        guard let free = free(path), free < needed else { return }
        func size(_ bytes: Int) -> String {
            bytes < 1_000_000_000
                ? String(format: "%.1f MB", Double(bytes) / 1e6) : String(format: "%.2f GB", Double(bytes) / 1e9)
        }
        throw RunFailure(
            "the disk of \(PartialName.lasting(path)) has \(size(free)) free, and \(what) needs \(size(needed));"
                + " nothing was written")
    }

    /// Bytes of all files in a directory.
    public static func bytes(in directory: String) -> Int {
        let files = FileManager.default.enumerator(atPath: directory)
        var bytes = 0
        while let name = files?.nextObject() as? String {
            var info = stat()
            if lstat(directory + "/" + name, &info) == 0 { bytes += Int(info.st_blocks) * 512 }
        }
        return bytes
    }
}
