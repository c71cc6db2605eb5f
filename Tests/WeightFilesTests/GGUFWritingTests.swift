import Diagnostics
import Foundation
import Kernels
import Testing
import WeightFiles

@Suite("GGUF: writing, splitting, damage")
struct GGUFWritingTests {
    static let metadata: GGUFMetadata = [
        "general.architecture": .string("llama"), "u8": .uint8(200), "i8": .int8(-3), "u16": .uint16(60_000),
        "i16": .int16(-30_000), "u32": .uint32(.max), "i32": .int32(.min), "f32": .float32(-0.1), "yes": .bool(true),
        "u64": .uint64(.max), "i64": .int64(.min), "f64": .float64(.pi), "text": .string("grüß\n"),
        "list": .array(.string(["a", "", "😀"])), "bools": .array(.bool([true, false])),
        "nested": .array(.array([.int32([1, 2]), .float32([]), .string(["x"])])), "u8s": .array(.uint8([1, 2, 3])),
        "i16s": .array(.int16([-1])), "u64s": .array(.uint64([.max])), "f64s": .array(.float64([1e300])),
    ]
    static let tensors = [
        TensorDeclaration("blk.0.attn_q.weight", shape: [3, 64], format: .element(.q8_0)),
        TensorDeclaration("token_embd.weight", shape: [5, 3], format: .element(.f32)),
        TensorDeclaration("scalar", shape: [], format: .element(.f32)),
        TensorDeclaration("experts", shape: [2, 3, 4], format: .element(.bf16)),
    ]

    static func bytes(_ tensor: TensorDeclaration) -> [UInt8] {
        (0..<tensor.byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ tensor.name.utf8.count) }
    }

    static func write(_ path: String, _ metadata: GGUFMetadata = metadata, _ tensors: [TensorDeclaration] = tensors)
        throws
    {
        try GGUFWriter.write(to: path, metadata: metadata, tensors: tensors) { tensor, sink in
            let bytes = Self.bytes(tensor)
            try bytes[..<(bytes.count / 3)].withUnsafeBytes(sink)
            try bytes[(bytes.count / 3)...].withUnsafeBytes(sink)
        }
    }

    @Test(arguments: [nil, 8, 256]) func readsBackWhatWasWritten(_ alignment: UInt32?) throws {
        let scratch = try Scratch()
        var metadata = Self.metadata
        metadata["general.alignment"] = alignment.map { .uint32($0) }
        try Self.write(scratch.path("any.name"), metadata)
        let gguf = try GGUFFile.open(scratch.path("any.name"))
        #expect(gguf.metadata == metadata && gguf.metadata.keys == metadata.keys)
        #expect(gguf.weights.names == Self.tensors.map(\.name))
        for tensor in Self.tensors {
            let read = try #require(gguf.weights[tensor.name])
            #expect(read.shape == (tensor.shape.isEmpty ? [1] : tensor.shape) && read.format == tensor.format)
            #expect(Array(read.bytes) == Self.bytes(tensor))
            #expect(read.range.lowerBound % Int(alignment ?? 32) == 0)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["any.name"])
    }

    private func writeSplit(_ scratch: Scratch, claimed: Int32 = 4) throws -> [String] {
        let paths = [scratch.path("m-00001-of-00002.gguf"), scratch.path("m-00002-of-00002.gguf")]
        for (number, path) in paths.enumerated() {
            var metadata: GGUFMetadata = number == 0 ? Self.metadata : [:]
            metadata["split.no"] = .uint16(UInt16(number))
            metadata["split.count"] = .uint16(2)
            metadata["split.tensors.count"] = .int32(claimed)
            try Self.write(path, metadata, number == 0 ? Array(Self.tensors[..<3]) : Array(Self.tensors[3...]))
        }
        return paths
    }

    @Test func splitFilesOpenFromAnyPart() throws {
        let scratch = try Scratch()
        let paths = try writeSplit(scratch)
        for path in paths {
            let gguf = try GGUFFile.open(path)
            #expect(gguf.weights.names == Self.tensors.map(\.name) && gguf.weights.files == paths)
            #expect(gguf.metadata["text"] == Self.metadata["text"])
        }
        // A part under another number, a part missing, a name that tells nothing.
        try FileManager.default.copyItem(atPath: paths[1], toPath: scratch.path("other.gguf"))
        let unnamed = #expect(throws: Problem.self) { try GGUFFile.open(scratch.path("other.gguf")) }
        #expect(unnamed?.message.contains("name does not end in") == true)
        try FileManager.default.removeItem(atPath: paths[1])
        let missing = #expect(throws: Problem.self) { try GGUFFile.open(paths[0]) }
        #expect(missing?.message.contains("m-00002-of-00002.gguf") == true)
        try FileManager.default.copyItem(atPath: paths[0], toPath: paths[1])
        let wrong = #expect(throws: Problem.self) { try GGUFFile.open(paths[0]) }
        #expect(wrong?.file == paths[1])
        let lying = try writeSplit(scratch, claimed: 5)
        #expect(throws: Problem.self) { try GGUFFile.open(lying[0]) }
    }

    @Test("refuses every truncation") func truncations() throws {
        let scratch = try Scratch()
        try Self.write(scratch.path("whole.gguf"))
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: scratch.path("whole.gguf"))))
        let last = try #require(try GGUFFile.open(scratch.path("whole.gguf")).weights["experts"]).range.upperBound
        for length in 0..<last {
            let path = try scratch.write(Array(whole[..<length]), "cut.gguf")
            #expect(throws: Problem.self, "cut to \(length) bytes") { try GGUFFile.open(path) }
        }
        #expect(try GGUFFile.open(scratch.write(Array(whole[..<last]), "unpadded.gguf")).weights.names.count == 4)
    }

    @Test("survives random damage") func mutations() throws {
        let scratch = try Scratch()
        try Self.write(scratch.path("whole.gguf"))
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: scratch.path("whole.gguf"))))
        let start = try #require(try GGUFFile.open(scratch.path("whole.gguf")).weights.all.first).range.lowerBound
        var random = SeededGenerator(2)
        var refused = 0
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 4..<start, using: &random)] =
                    Bool.random(using: &random) ? 255 : UInt8.random(in: 0...255, using: &random)
            }
            let path = try scratch.write(bytes, "m.gguf")
            do {
                for tensor in try GGUFFile.open(path).weights.all { _ = tensor.bytes.reduce(0, &+) }
            } catch {
                #expect(error.file == path)
                refused += 1
            }
        }
        #expect(refused > 1000)
    }

    @Test func leavesNothingWhenContentFails() throws {
        let scratch = try Scratch()
        #expect(throws: CancellationError.self) {
            try GGUFWriter.write(to: scratch.path("m.gguf"), metadata: [:], tensors: Self.tensors) { _, _ in
                throw CancellationError()
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }
}
