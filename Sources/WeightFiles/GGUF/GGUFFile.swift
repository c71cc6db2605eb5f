import Diagnostics
import Foundation
import SafeFiles

/// A GGUF model or adapter: metadata and tensors, of one file or of a split one.
public struct GGUFFile: Sendable {
    /// The key-value pairs, in order; of a split file those of its first part.
    public let metadata: GGUFMetadata
    /// The tensors, dimensions outermost first (`[rows, columns]`), their bytes in the mapped files.
    public let weights: WeightStore
    /// Version of the format, 2 or 3.
    public let version: Int

    /// Whether the file begins as GGUF files do, whatever its name.
    public static func isGGUF(_ path: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }
        return (try? handle.read(upToCount: 4)) == Data("GGUF".utf8)
    }

    /// Opens a file, or all parts of a split one (`NAME-00001-of-0000N.gguf`) given any of them.
    ///
    /// Throws one ``Problem`` naming the file, and the key or tensor where one is at fault. Only headers are read;
    /// memory is bounded by the file's size, whatever it claims.
    public static func open(_ path: String) throws(Problem) -> GGUFFile {
        let header = try GGUFHeader(reading: MappedFile(path: path))
        guard let count = header.metadata["split.count"]?.intValue, count > 1 else {
            return GGUFFile(
                metadata: header.metadata, weights: WeightStore(header.tensors, metadata: [:], files: [path]),
                version: header.version)
        }
        return try openSplit(path, count: count)
    }

    private static func openSplit(_ path: String, count: Int) throws(Problem) -> GGUFFile {
        let paths = try partPaths(of: path, count: count)
        let missing = paths.filter { !FileManager.default.fileExists(atPath: $0) }
        guard missing.isEmpty else {
            throw Problem(
                "is one of \(count) parts, of which \(missing.count) \(missing.count == 1 ? "is" : "are") missing: "
                    + WeightStore.listed(missing.map { ($0 as NSString).lastPathComponent }), file: path,
                advice: "copy the missing files beside it")
        }
        var headers: [GGUFHeader] = []
        var tensors: [StoredTensor] = []
        var placeOf: [String: String] = [:]
        for (number, part) in paths.enumerated() {
            let header = try GGUFHeader(reading: MappedFile(path: part))
            guard header.metadata["split.no"]?.intValue == number, header.metadata["split.count"]?.intValue == count
            else {
                throw Problem("is not part \(number + 1) of \(count), as its name says", file: part)
            }
            for tensor in header.tensors {
                if let other = placeOf.updateValue(part, forKey: tensor.name) {
                    throw Problem("tensor '\(tensor.name)' is also in \(other)", file: part)
                }
            }
            headers.append(header)
            tensors += header.tensors
        }
        if let expected = headers[0].metadata["split.tensors.count"]?.intValue, expected != tensors.count {
            throw Problem(
                "says that its parts hold \(expected) tensors; they hold \(tensors.count)", file: paths[0],
                advice: "the parts do not belong together; copy them again")
        }
        return GGUFFile(
            metadata: headers[0].metadata, weights: WeightStore(tensors, metadata: [:], files: paths),
            version: headers[0].version)
    }

    /// The paths of all parts, from the name of one.
    private static func partPaths(of path: String, count: Int) throws(Problem) -> [String] {
        let total = SafetensorsWriter.padded(count)
        let ending = "-of-\(total).gguf"
        let stem = path.dropLast(ending.count)
        let digits = stem.suffix(5)
        guard count <= 99_999, path.hasSuffix(ending), stem.dropLast(5).hasSuffix("-"), digits.count == 5,
            digits.allSatisfy({ $0.isASCII && $0.isNumber })
        else {
            throw Problem(
                "is one of \(count) parts, but its name does not end in -00001-of-\(total).gguf", file: path,
                advice:
                    "give the parts the names they were published under, or make one file of them (llama-gguf-split --merge)"
            )
        }
        return (1...count).map { "\(stem.dropLast(5))\(SafetensorsWriter.padded($0))\(ending)" }
    }
}
