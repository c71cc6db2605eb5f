import Diagnostics
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Whether a result can be written where the user wants it: asked before the work that makes it.
///
/// A directory is made in the folder concerned and taken away again, for rights alone do not tell: a file system may be
/// mounted for reading only.
public enum WritablePlace {
    /// Why no file can be written at `path`; nil when one can. Its folder must exist.
    ///
    /// A file is written beside its place and renamed into it, which would take a device (`/dev/null`) or a pipe away.
    public static func problem(ofFile path: String) -> Problem? {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let what = status.st_mode & S_IFMT == S_IFDIR ? "is a directory" : "is a device or a pipe, not a file"
            return Problem(what, file: path, advice: "give the name of a file")
        }
        return problem(path, folder: FilePath.folder(of: FilePath.target(of: path)))
    }

    /// Why nothing new can be made at `path`, with the folders above it as needed; nil when it can.
    public static func problem(ofNew path: String) -> Problem? {
        var folder = FilePath.folder(of: path)
        while isDirectory(folder) == nil && folder != "/" { folder = FilePath.folder(of: folder) }
        return problem(path, folder: folder)
    }

    /// Why nothing can be written into the existing directory at `path`; nil when it can.
    public static func problem(ofDirectory path: String) -> Problem? { problem(path, folder: path) }

    private static func problem(_ path: String, folder: String) -> Problem? {
        if path.isEmpty { return Problem("an empty path names no place to write to", advice: "give it a name") }
        switch isDirectory(folder) {
        case nil: return Problem("is in a folder that does not exist", file: path, advice: "create \(folder) first")
        case false?:
            return Problem("cannot be written: '\(folder)' is a file", file: path, advice: "choose another place")
        case true?: break
        }
        let probe = folder + "/.graft-\(getpid())"
        if mkdir(probe, 0o700) == 0 {
            rmdir(probe)
            return nil
        }
        // A full disk is no mistake of the user's; writing will tell.
        if errno == ENOSPC || errno == EDQUOT { return nil }
        return Problem(
            "cannot be written in '\(folder)': \(String(cString: strerror(errno)))", file: path,
            advice: "choose another place")
    }

    /// Whether a path is a directory; nil when nothing is there.
    private static func isDirectory(_ path: String) -> Bool? {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) ? isDirectory.boolValue : nil
    }

    /// Whether two paths name the same file, however they are written, be it there or yet to be.
    public static func isSame(_ a: String, _ b: String) -> Bool {
        if a.isEmpty || b.isEmpty { return false }
        var (first, second) = (stat(), stat())
        switch (stat(a, &first) == 0, stat(b, &second) == 0) {
        case (true, true): return first.st_dev == second.st_dev && first.st_ino == second.st_ino
        case (false, false):
            return URL(fileURLWithPath: a).standardizedFileURL == URL(fileURLWithPath: b).standardizedFileURL
        default: return false
        }
    }
}
