/// What can be read from a path's letters alone.
public enum FilePath {
    /// The folder of a file or directory: `.` where the path names none.
    ///
    /// Foundation's `deletingLastPathComponent` ends the program where a path has one letter.
    public static func folder(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        return path.hasPrefix("/")
            ? "/" + parts.joined(separator: "/") : parts.isEmpty ? "." : parts.joined(separator: "/")
    }
}
