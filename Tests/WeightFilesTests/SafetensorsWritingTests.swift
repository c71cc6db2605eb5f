import Diagnostics
import Foundation
import Kernels
import OrderedJSON
import Testing
import WeightFiles

@Suite("Safetensors: writing")
struct SafetensorsWritingTests {
    static let tensors = [
        TensorDeclaration("z", shape: [3], format: .u8),
        TensorDeclaration("b.weight", shape: [2, 3], format: .element(.f32)),
        TensorDeclaration("a.weight", shape: [5], format: .element(.bf16)),
        TensorDeclaration("é\"\\", shape: [1, 1], format: .element(.f32)),
        TensorDeclaration("none", shape: [0, 7], format: .element(.f16)),
        TensorDeclaration("scalar", shape: [], format: .i64),
    ]

    /// Bytes that differ from tensor to tensor.
    static func bytes(_ tensor: TensorDeclaration) -> [UInt8] {
        (0..<tensor.byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ tensor.name.utf8.count) }
    }

    @Test func readsBackWhatWasWritten() throws {
        let scratch = try Scratch()
        let path = scratch.path("m.safetensors")
        try SafetensorsWriter.write(to: path, tensors: Self.tensors) { tensor, sink in
            let bytes = Self.bytes(tensor)
            try bytes[..<(bytes.count / 2)].withUnsafeBytes(sink)
            try bytes[(bytes.count / 2)...].withUnsafeBytes(sink)
        }
        let store = try WeightStore.open(path)
        #expect(store.metadata == ["format": "pt"])
        for tensor in Self.tensors {
            let read = try #require(store[tensor.name])
            #expect(read.shape == tensor.shape && read.format == tensor.format)
            #expect(Array(read.bytes) == Self.bytes(tensor))
        }
        // As the reference lays them out: 8-byte elements first, then 4, 2, 1; data begins at a multiple of 8.
        #expect(store.all.map(\.name).filter { $0 != "none" } == ["scalar", "b.weight", "é\"\\", "a.weight", "z"])
        #expect(store["scalar"].map { $0.range.lowerBound % 8 } == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["m.safetensors"])
    }

    @Test func leavesNothingWhenContentFails() throws {
        let scratch = try Scratch()
        #expect(throws: CancellationError.self) {
            try SafetensorsWriter.write(to: scratch.path("m.safetensors"), tensors: Self.tensors) { _, _ in
                throw CancellationError()
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
        #expect(throws: RunFailure.self) {
            try SafetensorsWriter.write(to: scratch.path("no/such/folder"), tensors: []) { _, _ in }
        }
    }

    @Test(arguments: [20, 30, 1_000_000]) func shardsAsTransformersDoes(_ limit: Int) throws {
        let scratch = try Scratch()
        let files = try SafetensorsWriter.writeSharded(into: scratch.path, tensors: Self.tensors, shardBytes: limit) {
            tensor, sink in try Self.bytes(tensor).withUnsafeBytes(sink)
        }
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: scratch.path)) == Set(files))
        let store = try WeightStore.open(scratch.path)
        #expect(Set(store.names) == Set(Self.tensors.map(\.name)))
        for tensor in Self.tensors {
            #expect(store[tensor.name].map { Array($0.bytes) } == Self.bytes(tensor))
        }
        guard files.count > 1 else {
            #expect(files == ["model.safetensors"] && limit == 1_000_000)
            return
        }
        let index = try JSONValue(
            parsing: String(contentsOfFile: scratch.path("model.safetensors.index.json"), encoding: .utf8))
        #expect(index["metadata"]?["total_size"]?.intValue == Self.tensors.reduce(0) { $0 + $1.byteCount })
        #expect(
            index["weight_map"]?["z"]?.stringValue == "model-00001-of-\(limit == 20 ? "00004" : "00002").safetensors")
    }
}
