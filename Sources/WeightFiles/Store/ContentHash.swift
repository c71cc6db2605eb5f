import Diagnostics
import Foundation
import Kernels
import SafeFiles

/// What identifies a model's files by their content: of one file its SHA-256, of several the SHA-256 of the lines that
/// `sha256sum` prints for them, sorted by name.
///
/// So `sha256sum FILE` or, in the model's directory with the C locale, `sha256sum *.safetensors | sha256sum` give the
/// same digits; folders and the order of `paths` do not matter. Reads every byte: about a second for 2 GB in memory.
public func contentHash(of paths: [String]) throws(Problem) -> String {
    var lines: [(name: String, digest: String)] = []
    for path in paths {
        let file = try MappedFile(path: path)
        lines.append(((path as NSString).lastPathComponent, SHA256.hex(file.bytes) { file.release($0) }))
    }
    if let only = lines.first, lines.count == 1 { return "sha256:" + only.digest }
    lines.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    var text = lines.map { "\($0.digest)  \($0.name)\n" }.joined()
    return "sha256:" + text.withUTF8 { SHA256.hex(UnsafeRawBufferPointer($0)) }
}
