import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The names that files and directories have while they are written beside their place, or taken away from it.
enum PartialName {
    private static let suffix = ".partial-\(getpid())"

    /// Where what will appear at a path is written.
    static func of(_ path: String) -> String { path + suffix }

    /// Where what is in the way at a path is put.
    static func old(_ path: String) -> String { path + ".old-\(getpid())" }

    /// A path as the user knows it: with the names that things will have.
    static func lasting(_ path: String) -> String {
        let parts = path.split(separator: suffix, omittingEmptySubsequences: false)
        // A single file that is tried before it appears is written into a directory of its own name.
        if parts.count == 2, let name = parts[0].split(separator: "/").last, parts[1] == "/" + name {
            return String(parts[0])
        }
        return parts.joined()
    }

    /// What processes that are no more have left of the thing at a path.
    static func abandoned(_ path: String) -> [String] {
        let (folder, stem) = (FilePath.folder(of: path), (path as NSString).lastPathComponent + ".partial-")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { name in
            guard name.hasPrefix(stem), let process = pid_t(name.dropFirst(stem.count)), process > 0 else {
                return false
            }
            return kill(process, 0) != 0 && errno == ESRCH
        }.map { folder + "/" + $0 }
    }

    /// Whether a process that was killed has left a thing of this name.
    static func isLeftover(_ name: String) -> Bool {
        guard let dash = name.lastIndex(of: "-"), dash < name.index(before: name.endIndex) else { return false }
        let isNumbered = name[name.index(after: dash)...].allSatisfy { $0.isASCII && $0.isNumber }
        return isNumbered && [".partial", ".old"].contains { name[..<dash].hasSuffix($0) }
    }
}
