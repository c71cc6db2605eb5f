import Glibc
import OrderedJSON

/// The files under Tests/Fixtures.
enum Fixtures {
    /// Tests/Fixtures, found from this file's own path.
    static let root: String = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/Fixtures"

    /// The bytes of a file, failing the test when it is not there.
    static func bytes(_ path: String, upTo limit: Int = 1 << 24) throws -> [UInt8] {
        guard let file = fopen("\(root)/\(path)", "rb") else { throw Missing(path: path) }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        bytes.removeLast(limit - fread(&bytes, 1, limit, file))
        return bytes
    }

    /// A JSON file.
    static func json(_ path: String) throws -> JSONValue { try JSONValue(parsing: bytes(path)) }

    /// Names and shapes of a safetensors file.
    static func shapes(_ path: String) throws -> [String: [Int]] {
        let bytes = try bytes(path)
        let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONValue(parsing: Array(bytes[8..<8 + length]))
        var shapes: [String: [Int]] = [:]
        for (name, value) in header.objectValue?.members ?? [] where name != "__metadata__" {
            shapes[name] = value["shape"]?.arrayValue?.compactMap(\.intValue)
        }
        return shapes
    }

    /// The directories of Tests/Fixtures/models, sorted.
    static let models: [String] = {
        guard let directory = opendir("\(root)/models") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }()

    struct Missing: Error {
        let path: String
    }
}
