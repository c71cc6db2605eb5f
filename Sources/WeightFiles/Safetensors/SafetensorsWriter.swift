import Diagnostics
import OrderedJSON
import SafeFiles

/// A tensor that will be written: what a header says of it.
public struct TensorDeclaration: Sendable, Equatable {
    /// The name in the file.
    public let name: String
    /// Row-major dimensions, outermost first.
    public let shape: [Int]
    /// How the numbers are stored.
    public let format: StoredFormat

    /// A declaration; the shape must fill the format's blocks.
    public init(_ name: String, shape: [Int], format: StoredFormat) {
        precondition(format.byteCount(shape) != nil, "tensor \(name): shape \(shape) is impossible for \(format.name)")
        self.name = name
        self.shape = shape
        self.format = format
    }

    /// Bytes the tensor takes.
    public var byteCount: Int { format.byteCount(shape) ?? 0 }
}

/// Takes the bytes of one tensor, in pieces of any length, in order.
public typealias ByteSink = (UnsafeRawBufferPointer) throws -> Void

/// Writes safetensors files: streamed, so that no tensor need be in memory twice, and whole or not at all.
public enum SafetensorsWriter {
    /// Writes one file, laid out as the reference does: larger elements first, then by name; header padded to 8 bytes.
    ///
    /// `content` is called once for each tensor, in the file's order, and must hand exactly the tensor's bytes to the
    /// sink. Throws ``RunFailure`` when the disk refuses, and whatever `content` throws; nothing is left then.
    public static func write(
        to path: String, tensors: [TensorDeclaration], metadata: [(String, String)] = [("format", "pt")],
        content: (TensorDeclaration, ByteSink) throws -> Void
    ) throws {
        let ordered = layout(tensors)
        let file = try AtomicFile(path: path)
        let text = header(of: ordered, metadata: metadata)
        try withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { try file.write($0) }
        try file.write(text)
        for tensor in ordered {
            var written = 0
            try content(tensor) { bytes in
                written += bytes.count
                try file.write(bytes)
            }
            precondition(
                written == tensor.byteCount,
                "SafetensorsWriter: \(written) bytes given for \(tensor.name) \(tensor.shape) of \(tensor.format.name)")
        }
        try file.commit()
    }

    /// The order in a file: by falling alignment of the format, then by name.
    static func layout(_ tensors: [TensorDeclaration]) -> [TensorDeclaration] {
        precondition(Set(tensors.map(\.name)).count == tensors.count, "SafetensorsWriter: a name occurs twice")
        func rank(_ tensor: TensorDeclaration) -> Int {
            guard let rank = StoredFormat.safetensorsFormats.firstIndex(of: tensor.format) else {
                preconditionFailure("safetensors cannot hold \(tensor.format.name) (\(tensor.name))")
            }
            return rank
        }
        return tensors.map { (rank: rank($0), tensor: $0) }
            .sorted { a, b in
                a.rank != b.rank ? a.rank > b.rank : a.tensor.name.utf8.lexicographicallyPrecedes(b.tensor.name.utf8)
            }
            .map(\.tensor)
    }

    /// The JSON text, padded with spaces to a multiple of 8.
    private static func header(of tensors: [TensorDeclaration], metadata: [(String, String)]) -> String {
        var object = JSONObject()
        if !metadata.isEmpty {
            object["__metadata__"] = .object(JSONObject(metadata.map { ($0.0, .string($0.1)) }))
        }
        var at = 0
        for tensor in tensors {
            object[tensor.name] = [
                "dtype": .string(tensor.format.name),
                "shape": .array(tensor.shape.map { .integer($0) }),
                "data_offsets": [.integer(at), .integer(at + tensor.byteCount)],
            ]
            at += tensor.byteCount
        }
        var text = JSONValue.object(object).serialized()
        text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
        return text
    }
}
