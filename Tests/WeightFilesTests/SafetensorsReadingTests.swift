import Diagnostics
import Foundation
import Kernels
import Testing
import WeightFiles

@Suite("Safetensors: reading")
struct SafetensorsReadingTests {
    @Test func readsNamesShapesFormatsAndBytes() throws {
        let scratch = try Scratch()
        let header = """
            {"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},\
            "a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"empty":{"dtype":"F32","shape":[0,5],"data_offsets":[3,3]},\
            "flag":{"dtype":"BOOL","shape":[],"data_offsets":[3,4]}}
            """
        let path = try scratch.write(safetensors(header, data: 16), "any name.safetensors")
        let store = try WeightStore.open(path)
        #expect(store.names == ["a", "empty", "flag", "b"])
        #expect(store.metadata == ["format": "pt"])
        let b = try #require(store["b"])
        #expect(b.shape == [2, 3] && b.format == .element(.bf16) && b.rows == 2 && b.columns == 3)
        #expect(Array(b.bytes) == Array(4..<16))
        #expect(store["empty"]?.bytes.count == 0)
        #expect(store["flag"]?.format == .bool && store["flag"]?.count == 1)
        #expect(store["missing"] == nil)
        #expect(store.byteCount == 16)
    }

    /// Header, bytes of data that follow it, and words that the problem must hold.
    static let corrupt: [(header: String, data: Int, words: [String])] = [
        ("[]", 0, ["does not begin with {"]),
        ("{\"a\":", 0, ["not valid JSON"]),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, ["'a'", "beyond"]),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, ["'a'", "takes 8 bytes"]),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, ["'a'", "beyond"]),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, ["'a'", "natural"]),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}", 8, ["'a'", "natural"]),
        ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, ["'a'", "data_offsets"]),
        ("{\"a\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, ["'a'", "F33"]),
        ("{\"a\":7}", 0, ["'a'"]),
        (
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296,4294967296],\"data_offsets\":[0,8]}}", 8,
            ["'a'", "impossible"]
        ),
        // No bytes at all, but sizes that overflow wherever one is added to them.
        (
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[0,9223372036854775807],\"data_offsets\":[0,0]}}", 0,
            ["'a'", "impossible"]
        ),
        (
            "{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,8]}}", 8,
            ["'a'", "impossible"]
        ),
        (
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
            6, ["'b'", "overlaps", "'a'"]
        ),
        (
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[6,10]}}",
            10, ["2 bytes", "'b'", "no tensor"]
        ),
        ("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 9, ["5 bytes", "'a'", "no tensor"]),
        (
            "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
            4, ["'a'", "twice"]
        ),
        ("{\"__metadata__\":{\"k\":3}}", 0, ["__metadata__", "'k'"]),
        ("{\"__metadata__\":[]}", 0, ["__metadata__"]),
    ]

    @Test("refuses lying headers, naming file and tensor", arguments: corrupt)
    func refuses(_ fault: (header: String, data: Int, words: [String])) throws {
        let scratch = try Scratch()
        let path = try scratch.write(safetensors(fault.header, data: fault.data), "m.safetensors")
        let problem = #expect(throws: Problem.self) { try WeightStore.open(path) }
        #expect(problem?.file == path)
        for word in fault.words {
            #expect(problem?.description.contains(word) == true, "\(problem?.description ?? "")")
        }
    }

    @Test("refuses impossible header lengths", arguments: [0, 1, 24, 1 << 20, 1 << 40, UInt64.max, UInt64.max - 7])
    func refusesLength(_ length: UInt64) throws {
        let scratch = try Scratch()
        let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}".utf8)
        let path = try scratch.write(bytes, "m.safetensors")
        let problem = #expect(throws: Problem.self) { try WeightStore.open(path) }
        #expect(problem?.file == path)
    }

    @Test("refuses every truncation") func refusesTruncation() throws {
        let scratch = try Scratch()
        let whole = safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", data: 8)
        for length in 0..<whole.count {
            let path = try scratch.write(Array(whole[..<length]), "m.safetensors")
            #expect(throws: Problem.self, "cut to \(length) bytes") { try WeightStore.open(path) }
        }
    }

    @Test("survives random damage to header and length") func mutations() throws {
        let scratch = try Scratch()
        let header = """
            {"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},\
            "a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}
            """
        let whole = safetensors(header, data: 16)
        var random = SeededGenerator(1)
        var refused = 0
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count - 16, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let path = try scratch.write(bytes, "m.safetensors")
            do {
                for tensor in try WeightStore.open(path).all { _ = tensor.bytes.reduce(0, &+) }
            } catch {
                #expect(error.file == path)
                refused += 1
            }
        }
        #expect(refused > 1000)
    }
}
