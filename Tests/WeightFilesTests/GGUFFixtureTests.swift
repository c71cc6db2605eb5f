import Diagnostics
import Foundation
import Kernels
import OrderedJSON
import Testing
import WeightFiles

/// Files written by llama.cpp's own tools, in the workplace's test data.
@Suite("GGUF: llama.cpp's files")
struct GGUFFixtureTests {
    private func expected(_ folder: String) throws -> JSONValue {
        try JSONValue(parsing: String(contentsOfFile: folder + "/expected.json", encoding: .utf8))
    }

    @Test func everyKeyValueType() throws {
        guard let folder = sharedAssets("gguf_fixtures/files") else { return }
        let gguf = try GGUFFile.open(folder + "/kv_types.gguf")
        let pairs = try #require(try expected(folder)["kv_types.gguf"]?["kv"]?.objectValue)
        #expect(gguf.version == 3)
        #expect(Array(gguf.metadata.keys.filter { pairs[$0] != nil }) == pairs.keys)
        for (key, entry) in pairs.members {
            let value = try #require(gguf.metadata[key])
            #expect(Self.typeName(value) == entry["type"]?.stringValue, "\(key)")
            #expect(Self.json(value) == entry["value"], "\(key)")
        }
        #expect(gguf.metadata["t.uint64"] == .uint64(.max) && gguf.metadata["t.int64"] == .int64(.min))

        let weights = gguf.weights
        #expect(weights["f32.3x4"]?.shape == [3, 4] && weights["f32.3x4"]?.floats() == (0..<12).map(Float.init))
        #expect(weights["f16.2x3"]?.shape == [2, 3] && weights["f16.2x3"]?.floats() == (0..<6).map(Float.init))
        #expect(weights["i32.2x2"]?.format == .i32 && weights["i32.2x2"]?.floats() == nil)
        #expect(weights["f32.scalarish"]?.shape == [1] && weights["f32.scalarish"]?.floats() == [7])
        #expect(weights["f32.4d"]?.shape == [1, 2, 3, 4] && weights["f32.4d"]?.floats() == (0..<24).map(Float.init))
    }

    private static func typeName(_ value: GGUFValue) -> String {
        switch value {
        case .uint8: "UINT8"
        case .int8: "INT8"
        case .uint16: "UINT16"
        case .int16: "INT16"
        case .uint32: "UINT32"
        case .int32: "INT32"
        case .float32: "FLOAT32"
        case .bool: "BOOL"
        case .string: "STRING"
        case .array: "ARRAY"
        case .uint64: "UINT64"
        case .int64: "INT64"
        case .float64: "FLOAT64"
        }
    }

    private static func json(_ value: GGUFValue) -> JSONValue? {
        if let array = value.arrayValue {
            return array.strings.map { .array($0.map { .string($0) }) }
                ?? array.bools.map { .array($0.map { .bool($0) }) }
                ?? array.integers.map { .array($0.map { .integer($0) }) }
                ?? array.doubles.map { .array($0.map { .number($0) }) }
        }
        if case .uint64(let number) = value, Int(exactly: number) == nil { return .largeInteger(String(number)) }
        return value.stringValue.map { .string($0) } ?? value.boolValue.map { .bool($0) }
            ?? value.intValue.map { .integer($0) } ?? value.doubleValue.map { .number($0) }
    }

    @Test func alignmentAndEmptiness() throws {
        guard let folder = sharedAssets("gguf_fixtures/files") else { return }
        let aligned = try GGUFFile.open(folder + "/align64.gguf")
        #expect(aligned.weights["a"]?.floats() == [0, 1, 2, 3, 4])
        #expect(aligned.weights["b"]?.floats() == [0, 1, 2, 3, 4, 5, 6])
        #expect(aligned.weights["b"].map { $0.range.lowerBound % 64 } == 0)
        #expect(try GGUFFile.open(folder + "/no_tensors.gguf").weights.names.isEmpty)
        let problem = #expect(throws: Problem.self) { try GGUFFile.open(folder + "/kv_types_be.gguf") }
        #expect(problem?.message.contains("big-endian") == true)
    }

    @Test func everyTensorType() throws {
        guard let folder = sharedAssets("gguf_fixtures/files") else { return }
        let gguf = try GGUFFile.open(folder + "/all_types.gguf")
        let tensors = try #require(try expected(folder)["all_types.gguf"]?["tensors"]?.objectValue)
        #expect(Set(gguf.weights.names) == Set(tensors.keys + ["ref.f32"]) && tensors.keys.count == 26)
        var expanded = 0
        for (name, entry) in tensors.members {
            let tensor = try #require(gguf.weights[name])
            #expect(tensor.shape == [16, 512])
            guard let numbers = tensor.floats() else { continue }
            let file = try #require(entry["deq"]?.stringValue)
            let reference = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + file))
            #expect(numbers.withUnsafeBytes { Data($0) } == reference, "\(name)")
            expanded += 1
        }
        // There is no fixture of F32 here.
        #expect(expanded == ElementFormat.allCases.filter(\.isGGML).count - 1)
    }

    @Test func everyMalformedFileIsRefused() throws {
        guard let folder = sharedAssets("gguf_fixtures/files") else { return }
        let cases = try #require(try expected(folder).objectValue).keys.filter { $0.hasPrefix("malformed/") }
        #expect(cases.count == 19)
        for name in cases {
            let path = folder + "/" + name
            let problem = #expect(throws: Problem.self, "\(name)") { try GGUFFile.open(path) }
            #expect(problem?.file == path)
        }
    }

    @Test func everyModelOpens() throws {
        for set in ["models", "architectures"] {
            guard let folder = sharedAssets("gguf_fixtures/" + set) else { return }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".gguf") }
            #expect(files.count >= 9)
            for name in files {
                let gguf = try GGUFFile.open(folder + "/" + name)
                #expect(gguf.metadata["general.architecture"]?.stringValue != nil)
                #expect(gguf.weights["token_embd.weight"]?.shape.count == 2)
                #expect(GGUFFile.isGGUF(folder + "/" + name))
            }
        }
    }

    @Test("rewriting a file gives the same bytes") func rewrites() throws {
        guard let folder = sharedAssets("gguf_fixtures") else { return }
        let scratch = try Scratch()
        var files = ["kv_types", "all_types", "align64", "no_tensors"].map { "files/\($0).gguf" }
        for set in ["models", "architectures"] {
            files += try FileManager.default.contentsOfDirectory(atPath: folder + "/" + set)
                .filter { $0.hasSuffix(".gguf") && !$0.contains("pad256-f32") }.map { set + "/" + $0 }
        }
        for name in files {
            let gguf = try GGUFFile.open(folder + "/" + name)
            let tensors = gguf.weights.all.map { TensorDeclaration($0.name, shape: $0.shape, format: $0.format) }
            try GGUFWriter.write(to: scratch.path("copy"), metadata: gguf.metadata, tensors: tensors) { tensor, sink in
                if let stored = gguf.weights[tensor.name] { try sink(stored.bytes) }
            }
            #expect(
                FileManager.default.contentsEqual(atPath: folder + "/" + name, andPath: scratch.path("copy")), "\(name)"
            )
        }
    }
}
