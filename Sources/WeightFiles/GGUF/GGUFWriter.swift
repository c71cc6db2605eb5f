import SafeFiles

/// Writes GGUF files (version 3, little-endian): streamed, so that no tensor need be in memory twice, and whole or not
/// at all.
public enum GGUFWriter {
    /// Writes one file. Tensors are stored in the order given, each beginning at a multiple of `general.alignment`
    /// (32 unless the metadata say otherwise); shapes are outermost first, at most four dimensions.
    ///
    /// `content` is called once for each tensor, in order, and must hand exactly the tensor's bytes to the sink.
    /// Throws ``RunFailure`` when the disk refuses, and whatever `content` throws; nothing is left then.
    public static func write(
        to path: String, metadata: GGUFMetadata, tensors: [TensorDeclaration],
        content: (TensorDeclaration, ByteSink) throws -> Void
    ) throws {
        let alignment = metadata["general.alignment"]?.intValue ?? 32
        precondition(alignment > 0 && alignment & (alignment - 1) == 0, "GGUFWriter: alignment \(alignment)")
        precondition(Set(tensors.map(\.name)).count == tensors.count, "GGUFWriter: a name occurs twice")

        var header = GGUFEncoder()
        header.append("GGUF".utf8)
        header.append(UInt32(3))
        header.append(UInt64(tensors.count))
        header.append(UInt64(metadata.count))
        for key in metadata.keys {
            guard let value = metadata[key] else { continue }
            header.append(key)
            header.append(value)
        }
        var offset = 0
        for tensor in tensors {
            header.append(tensor, offset: offset)
            offset += padded(tensor.byteCount, to: alignment)
        }
        header.append(repeatElement(0, count: padded(header.bytes.count, to: alignment) - header.bytes.count))

        let file = try AtomicFile(path: path)
        try header.bytes.withUnsafeBytes { try file.write($0) }
        let zeros = [UInt8](repeating: 0, count: alignment)
        for tensor in tensors {
            var written = 0
            try content(tensor) { bytes in
                written += bytes.count
                try file.write(bytes)
            }
            precondition(
                written == tensor.byteCount,
                "GGUFWriter: \(written) bytes given for \(tensor.name) \(tensor.shape) of \(tensor.format.name)")
            try zeros[..<(padded(written, to: alignment) - written)].withUnsafeBytes { try file.write($0) }
        }
        try file.commit()
    }

    private static func padded(_ count: Int, to alignment: Int) -> Int {
        (count + alignment - 1) / alignment * alignment
    }
}

/// A GGUF header under construction.
struct GGUFEncoder {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    mutating func append<T: FixedWidthInteger>(_ number: T) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        append(text.utf8)
    }

    mutating func append(_ tensor: TensorDeclaration, offset: Int) {
        guard let type = tensor.format.ggmlType else {
            preconditionFailure("GGUF cannot hold \(tensor.format.name) (\(tensor.name))")
        }
        // ggml keeps names in 64 bytes with a terminating zero, and has no tensors without dimensions.
        precondition(
            tensor.name.utf8.count < 64 && tensor.shape.count <= 4, "GGUF cannot hold \(tensor.name) \(tensor.shape)")
        let shape = tensor.shape.isEmpty ? [1] : tensor.shape
        append(tensor.name)
        append(UInt32(shape.count))
        for dimension in shape.reversed() { append(UInt64(dimension)) }
        append(type)
        append(UInt64(offset))
    }

    mutating func append(_ value: GGUFValue) {
        append(value.type.rawValue)
        switch value {
        case .uint8(let x): append(x)
        case .int8(let x): append(x)
        case .uint16(let x): append(x)
        case .int16(let x): append(x)
        case .uint32(let x): append(x)
        case .int32(let x): append(x)
        case .float32(let x): append(x.bitPattern)
        case .bool(let x): append(UInt8(x ? 1 : 0))
        case .string(let x): append(x)
        case .array(let x): append(x)
        case .uint64(let x): append(x)
        case .int64(let x): append(x)
        case .float64(let x): append(x.bitPattern)
        }
    }

    private mutating func append(_ array: GGUFArray) {
        append(array.type.rawValue)
        append(UInt64(array.count))
        switch array {
        case .uint8(let a): append(a)
        case .int8(let a): for x in a { append(x) }
        case .uint16(let a): for x in a { append(x) }
        case .int16(let a): for x in a { append(x) }
        case .uint32(let a): for x in a { append(x) }
        case .int32(let a): for x in a { append(x) }
        case .float32(let a): for x in a { append(x.bitPattern) }
        case .bool(let a): for x in a { append(UInt8(x ? 1 : 0)) }
        case .string(let a): for x in a { append(x) }
        case .array(let a): for x in a { append(x) }
        case .uint64(let a): for x in a { append(x) }
        case .int64(let a): for x in a { append(x) }
        case .float64(let a): for x in a { append(x.bitPattern) }
        }
    }
}
