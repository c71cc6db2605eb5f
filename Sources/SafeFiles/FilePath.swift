import Foundation

/// Where paths lead.
public enum FilePath {
    /// The file that a link leads to, whether it is there or not; a path that is no link itself.
    static func target(of path: String) -> String {
        var path = path
        // As many as Linux itself follows.
        for _ in 0..<40 {
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
            path = next.hasPrefix("/") ? next : folder(of: path) + "/" + next
        }
        return path
    }

    /// The folder of a file or directory: `.` where the path names none.
    ///
    /// Foundation's `deletingLastPathComponent` ends the program where a path has one letter.
    public static func folder(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        return path.hasPrefix("/")
            ? "/" + parts.joined(separator: "/") : parts.isEmpty ? "." : parts.joined(separator: "/")
    }
}
