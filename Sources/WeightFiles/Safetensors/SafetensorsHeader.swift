import Diagnostics
import OrderedJSON
import SafeFiles

/// What the start of a safetensors file says: 8 bytes with the length of a JSON object, then the object, then the data.
///
/// Every claim is checked against the file's size before it is used; what is read is bounded by the header's length.
struct SafetensorsHeader {
    /// Longest header that the reference reads, in bytes.
    static let lengthLimit = 100_000_000

    /// The tensors in the order of their bytes.
    let tensors: [StoredTensor]
    /// `__metadata__`.
    let metadata: [String: String]

    /// Reads and checks the header of `file`.
    init(reading file: MappedFile) throws(Problem) {
        func problem(_ message: String, _ advice: String? = nil) -> Problem {
            Problem(message, file: file.path, advice: advice)
        }
        let bytes = file.bytes
        if bytes.starts(with: Array("GGUF".utf8)) {
            throw problem("is a GGUF file, not safetensors")
        }
        if bytes.starts(with: Array("version https://git-lfs".utf8)) {
            throw problem("is a Git LFS pointer, not the weights", "fetch them: git lfs pull")
        }
        guard bytes.count >= 8 else {
            throw problem("is no safetensors file: only \(bytes.count) bytes", "copy the file again")
        }
        let claimed = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard let length = Int(exactly: claimed), length <= Self.lengthLimit, length >= 2 else {
            throw problem(
                "is no safetensors file: it claims a header of \(claimed) bytes (limit \(Self.lengthLimit))")
        }
        guard length <= bytes.count - 8 else {
            throw problem(
                "is cut off: the header should take \(length) bytes and the file has \(bytes.count - 8) left",
                "copy the file again")
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[8..<8 + length])
        guard text.first == UInt8(ascii: "{") else {
            throw problem("is no safetensors file: the header does not begin with {")
        }
        let json: JSONValue
        do { json = try JSONValue(parsing: text) } catch { throw problem("header: \(error)") }
        guard case .object(let entries) = json else { throw problem("header: is \(json.kindName), not an object") }
        if let name = entries.repeatedKeys.first { throw problem("header: tensor '\(name)' is named twice") }

        var tensors: [StoredTensor] = []
        var metadata: [String: String] = [:]
        for (name, entry) in entries.members {
            if name == "__metadata__" {
                metadata = try Self.metadata(entry, problem)
            } else {
                tensors.append(try Self.tensor(name, entry, file: file, dataStart: 8 + length, problem))
            }
        }
        tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        try Self.checkCoverage(tensors, dataStart: 8 + length, fileSize: bytes.count, problem)
        self.tensors = tensors
        self.metadata = metadata
    }

    private typealias MakeProblem = (String, String?) -> Problem

    private static func metadata(_ json: JSONValue, _ problem: MakeProblem) throws(Problem) -> [String: String] {
        guard let object = json.objectValue else {
            throw problem("header: __metadata__ is \(json.kindName), not an object", nil)
        }
        var metadata: [String: String] = [:]
        for (key, value) in object.members {
            guard let text = value.stringValue else {
                throw problem("header: __metadata__ '\(key)' is \(value.kindName), not a string", nil)
            }
            metadata[key] = text
        }
        return metadata
    }

    private static func tensor(
        _ name: String, _ entry: JSONValue, file: MappedFile, dataStart: Int, _ problem: MakeProblem
    ) throws(Problem) -> StoredTensor {
        guard let dtype = entry["dtype"]?.stringValue, let shape = naturals(entry["shape"]),
            let offsets = naturals(entry["data_offsets"]), offsets.count == 2
        else {
            throw problem("header: tensor '\(name)' needs dtype, shape and two data_offsets, all natural numbers", nil)
        }
        guard let format = StoredFormat(safetensors: dtype) else {
            throw problem("tensor '\(name)': unknown dtype '\(dtype)'", nil)
        }
        guard let size = format.byteCount(shape) else {
            throw problem("tensor '\(name)': a shape of \(shape) is impossible for \(dtype)", nil)
        }
        let (begin, end) = (offsets[0], offsets[1])
        let available = file.bytes.count - dataStart
        guard begin <= end, end <= available else {
            throw problem(
                "tensor '\(name)': its bytes \(begin)–\(end) reach beyond the file's \(available) bytes of data",
                "the file is cut off or corrupt; copy it again")
        }
        guard end - begin == size else {
            throw problem(
                "tensor '\(name)': \(shape) of \(dtype) takes \(size) bytes, but its offsets hold \(end - begin)", nil)
        }
        return StoredTensor(
            name: name, shape: shape, format: format, file: file, range: dataStart + begin..<dataStart + end)
    }

    private static func naturals(_ json: JSONValue?) -> [Int]? {
        guard let elements = json?.arrayValue else { return nil }
        var numbers: [Int] = []
        for element in elements {
            guard case .integer(let n) = element, n >= 0 else { return nil }
            numbers.append(n)
        }
        return numbers
    }

    /// The data must be covered without gap or overlap, as the reference demands.
    private static func checkCoverage(
        _ tensors: [StoredTensor], dataStart: Int, fileSize: Int, _ problem: MakeProblem
    ) throws(Problem) {
        var at = dataStart
        var before = "the header"
        for tensor in tensors {
            guard tensor.range.lowerBound >= at else {
                throw problem("tensor '\(tensor.name)' overlaps \(before)", nil)
            }
            guard tensor.range.lowerBound == at else {
                throw problem(
                    "\(tensor.range.lowerBound - at) bytes before tensor '\(tensor.name)' belong to no tensor", nil)
            }
            at = tensor.range.upperBound
            before = "tensor '\(tensor.name)'"
        }
        guard at == fileSize else {
            throw problem(
                "\(fileSize - at) bytes after \(before) belong to no tensor", "the header or the data is corrupt")
        }
    }
}
