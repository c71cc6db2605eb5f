import Diagnostics
import SafeFiles

/// What one GGUF file holds: version, metadata, tensors. Every claim is checked against the file's size.
struct GGUFHeader {
    let version: Int
    let alignment: Int
    let metadata: GGUFMetadata
    /// In the order of the header.
    let tensors: [StoredTensor]

    init(reading file: MappedFile) throws(Problem) {
        var cursor = GGUFCursor(file.bytes, file: file.path)
        let tensorCount: Int
        (version, tensorCount, metadata) = try Self.readMetadata(&cursor)
        alignment = try Self.alignment(metadata, file: file.path)

        var infos: [TensorInfo] = []
        infos.reserveCapacity(tensorCount)
        for number in 0..<tensorCount {
            cursor.subject = "tensor \(number + 1) of \(tensorCount)"
            infos.append(try TensorInfo(&cursor))
        }
        let dataStart = (cursor.offset + alignment - 1) / alignment * alignment
        var tensors: [StoredTensor] = []
        var names: Set<String> = []
        for info in infos {
            guard names.insert(info.name).inserted else {
                throw Problem("tensor '\(info.name)' occurs twice", file: file.path)
            }
            tensors.append(try info.stored(in: file, dataStart: dataStart, alignment: alignment))
        }
        try Self.refuseOverlaps(tensors, file: file.path)
        self.tensors = tensors
    }

    private static func readMetadata(
        _ cursor: inout GGUFCursor
    ) throws(Problem) -> (version: Int, tensorCount: Int, GGUFMetadata) {
        guard cursor.bytes.starts(with: Array("GGUF".utf8)) else {
            throw Problem(cursor.bytes.isEmpty ? "is empty" : "is no GGUF file", file: cursor.file)
        }
        let _: UInt32 = try cursor.integer()
        let version: UInt32 = try cursor.integer()
        if version != 0, version & 0xffff == 0 {
            throw Problem(
                "is a big-endian GGUF file", file: cursor.file,
                advice: "convert it on the machine that wrote it, or use the little-endian one")
        }
        guard version == 2 || version == 3 else {
            throw Problem(
                "has GGUF version \(version); versions 2 and 3 are read", file: cursor.file,
                advice: version == 1 ? "convert the model again with a newer llama.cpp" : nil)
        }
        // The smallest tensor entry: an empty name's length, no dimensions, type, offset. The smallest pair likewise.
        let tensorCount = try cursor.count(of: "tensors", smallest: 24)
        let pairCount = try cursor.count(of: "key-value pairs", smallest: 13)
        var metadata = GGUFMetadata()
        for number in 0..<pairCount {
            cursor.subject = "key \(number + 1) of \(pairCount)"
            let key = try cursor.name()
            cursor.subject = "key '\(key)'"
            guard metadata[key] == nil else { throw cursor.problem("occurs twice") }
            metadata[key] = try cursor.value()
        }
        return (Int(version), tensorCount, metadata)
    }

    private static func alignment(_ metadata: GGUFMetadata, file: String) throws(Problem) -> Int {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard case .uint32(let alignment) = value, alignment > 0, alignment & (alignment - 1) == 0 else {
            throw Problem("key 'general.alignment': must be a power of two as UINT32, not \(value)", file: file)
        }
        return Int(alignment)
    }

    private static func refuseOverlaps(_ tensors: [StoredTensor], file: String) throws(Problem) {
        let sorted = tensors.filter { !$0.range.isEmpty }.sorted { $0.range.lowerBound < $1.range.lowerBound }
        for (a, b) in zip(sorted, sorted.dropFirst()) where b.range.lowerBound < a.range.upperBound {
            throw Problem("tensor '\(b.name)' overlaps tensor '\(a.name)'", file: file)
        }
    }
}

/// A tensor's entry in the header, its claims not yet checked against the data.
private struct TensorInfo {
    let name: String
    let shape: [Int]
    let format: StoredFormat
    let offset: UInt64

    init(_ cursor: inout GGUFCursor) throws(Problem) {
        name = try cursor.name()
        cursor.subject = "tensor '\(name)'"
        guard name.utf8.count < 64 else { throw cursor.problem("its name has more than ggml's 63 bytes") }
        let rank: UInt32 = try cursor.integer()
        guard rank <= 4 else { throw cursor.problem("has \(rank) dimensions; at most 4 are allowed") }
        var dimensions: [Int] = []
        for _ in 0..<rank {
            let claimed: UInt64 = try cursor.integer()
            guard let dimension = Int(exactly: claimed) else { throw cursor.problem("a dimension is \(claimed)") }
            dimensions.append(dimension)
        }
        // ggml counts dimensions from the innermost, everyone else from the outermost.
        shape = dimensions.reversed()
        let type: UInt32 = try cursor.integer()
        guard let format = StoredFormat(ggml: type) else { throw cursor.problem("unknown type \(type)") }
        self.format = format
        offset = try cursor.integer()
    }

    func stored(in file: MappedFile, dataStart: Int, alignment: Int) throws(Problem) -> StoredTensor {
        func problem(_ message: String, _ advice: String? = nil) -> Problem {
            Problem("tensor '\(name)': \(message)", file: file.path, advice: advice)
        }
        guard (shape.last ?? 1) % format.blockSize == 0 else {
            throw problem("rows of \(shape.last ?? 1) do not fill \(format.name)'s blocks of \(format.blockSize)")
        }
        guard let size = format.byteCount(shape) else { throw problem("a shape of \(shape) is impossible") }
        guard offset % UInt64(alignment) == 0 else {
            throw problem("its offset \(offset) is no multiple of the alignment \(alignment)")
        }
        let available = max(0, file.bytes.count - dataStart)
        guard let begin = Int(exactly: offset), begin <= available, size <= available - begin else {
            throw problem(
                "its \(size) bytes at \(offset) reach beyond the file's \(available) bytes of data",
                "the file is cut off or corrupt; copy it again")
        }
        // An empty tensor may stand at the very end, where alignment has no bytes to point to.
        let start = min(dataStart, file.bytes.count) + begin
        return StoredTensor(name: name, shape: shape, format: format, file: file, range: start..<start + size)
    }
}
