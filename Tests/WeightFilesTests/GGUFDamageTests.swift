import Diagnostics
import Foundation
import Testing
import WeightFiles

/// Headers that lie, each in one way, written by hand.
@Suite("GGUF: headers that lie")
struct GGUFDamageTests {
    /// The bytes of a file, in the order of the format.
    fileprivate struct Bytes {
        var data = Data("GGUF".utf8)

        init(version: UInt32 = 3, tensors: UInt64 = 0, pairs: UInt64 = 0) {
            add(version)
            add(tensors)
            add(pairs)
        }

        mutating func add<T: FixedWidthInteger>(_ value: T) {
            withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
        }

        mutating func add(_ text: String, claiming length: UInt64? = nil) {
            add(length ?? UInt64(text.utf8.count))
            data.append(Data(text.utf8))
        }

        mutating func tensor(
            _ name: String, _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64 = 0, rank: UInt32? = nil
        ) {
            add(name)
            add(rank ?? UInt32(dimensions.count))
            for dimension in dimensions { add(dimension) }
            add(type)
            add(offset)
        }

        /// With room behind the header, beginning where alignment asks for it.
        func padded(_ count: Int = 256) -> Data { data + Data(count: (32 - data.count % 32) % 32 + count) }
    }

    /// A header's one pair of metadata.
    private static func pair(_ key: String, type: UInt32, _ value: (inout Bytes) -> Void) -> Bytes {
        var bytes = Bytes(pairs: 1)
        bytes.add(key)
        bytes.add(type)
        value(&bytes)
        return bytes
    }

    private static func tensors(_ add: (inout Bytes) -> Void, count: UInt64 = 1) -> Data {
        var bytes = Bytes(tensors: count)
        add(&bytes)
        return bytes.padded()
    }

    private static let lies: [(name: String, data: Data, says: String)] = [
        ("no bytes", Data(), "is empty"),
        ("only the magic", Data("GGUF".utf8), "file ends"),
        ("another magic", Data("GGML".utf8) + Data(count: 64), "no GGUF"),
        ("version 1", Bytes(version: 1).padded(), "version 1"),
        ("version 4", Bytes(version: 4).padded(), "version 4"),
        ("version 0", Bytes(version: 0).padded(), "version 0"),
        ("big-endian", Bytes(version: UInt32(3).byteSwapped).padded(), "big-endian"),
        ("2^60 keys", Bytes(pairs: 1 << 60).padded(), "claims"),
        ("2^64 - 1 keys", Bytes(pairs: .max).padded(), "claims"),
        ("2^60 tensors", Bytes(tensors: 1 << 60).padded(), "claims"),
        ("a key of 2^63 bytes", Bytes(pairs: 1).adding { $0.add("k", claiming: 1 << 63) }, "claims"),
        ("a string of 2^63 bytes", pair("k", type: 8) { $0.add("v", claiming: 1 << 63) }.padded(), "claims"),
        ("an unknown value type", pair("k", type: 13) { $0.add(UInt32(0)) }.padded(), "type 13"),
        ("the value type 2^32 - 1", pair("k", type: .max) { $0.add(UInt32(0)) }.padded(), "type"),
        (
            "an array of 2^62 numbers",
            pair("k", type: 9) {
                $0.add(UInt32(4))
                $0.add(UInt64(1 << 62))
            }.padded(), "claims"
        ),
        (
            "an array of an unknown type",
            pair("k", type: 9) {
                $0.add(UInt32(77))
                $0.add(UInt64(1))
            }.padded(), "type 77"
        ),
        (
            "arrays nested a thousand deep",
            pair("k", type: 9) { bytes in
                for _ in 0..<1000 {
                    bytes.add(UInt32(9))
                    bytes.add(UInt64(1))
                }
            }.padded(), "nested"
        ),
        ("alignment 0", pair("general.alignment", type: 4) { $0.add(UInt32(0)) }.padded(), "alignment"),
        ("alignment 3", pair("general.alignment", type: 4) { $0.add(UInt32(3)) }.padded(), "alignment"),
        ("alignment as text", pair("general.alignment", type: 8) { $0.add("32") }.padded(), "alignment"),
        (
            "a key twice",
            Bytes(pairs: 2).adding { bytes in
                for _ in 0..<2 {
                    bytes.add("k")
                    bytes.add(UInt32(4))
                    bytes.add(UInt32(1))
                }
            }, "twice"
        ),
        ("an empty key", pair("", type: 4) { $0.add(UInt32(1)) }.padded(), "name is empty"),
        (
            "a tensor twice",
            tensors(
                {
                    $0.tensor("a", [4])
                    $0.tensor("a", [4], offset: 32)
                }, count: 2), "twice"
        ),
        (
            "tensors that overlap",
            tensors(
                {
                    $0.tensor("a", [16])
                    $0.tensor("b", [16], offset: 32)
                }, count: 2), "overlaps"
        ),
        ("a name of 64 bytes", tensors { $0.tensor(String(repeating: "n", count: 64), [4]) }, "63 bytes"),
        ("dimensions whose product overflows", tensors { $0.tensor("a", [1 << 40, 1 << 40]) }, "impossible"),
        ("a dimension of 2^63", tensors { $0.tensor("a", [1 << 63]) }, "dimension"),
        ("five dimensions", tensors { $0.tensor("a", [1, 1, 1, 1, 1]) }, "dimensions"),
        ("2^32 - 1 dimensions", tensors { $0.tensor("a", [1], rank: .max) }, "dimensions"),
        ("an unknown tensor type", tensors { $0.tensor("a", [32], type: 9999) }, "type 9999"),
        ("a retired tensor type", tensors { $0.tensor("a", [32], type: 4) }, "type 4"),
        ("an offset beyond the end", tensors { $0.tensor("a", [4], offset: 1 << 40) }, "beyond"),
        ("an offset of 2^64 - 32", tensors { $0.tensor("a", [4], offset: UInt64.max - 31) }, "beyond"),
        ("an offset between two alignments", tensors { $0.tensor("a", [4], offset: 4) }, "alignment"),
        ("more numbers than there are bytes", tensors { $0.tensor("a", [1 << 30]) }, "beyond"),
        ("rows that fill no blocks", tensors { $0.tensor("a", [33], type: 8) }, "blocks"),
    ]

    @Test("are told by what they lie about", arguments: lies.map(\.name))
    func told(_ name: String) throws {
        let lie = try #require(Self.lies.first { $0.name == name })
        let file = try temporary(lie.data)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let problem = #expect(throws: Problem.self) { try GGUFFile.open(file) }
        let message = problem?.message ?? ""
        #expect(message.contains(lie.says) && problem?.file == file, "\(name): \(message)")
    }

    @Test("but are read where they only look odd: version 2, a great alignment, no rows")
    func odd() throws {
        var old = Bytes(version: 2, tensors: 1)
        old.tensor("a", [4])
        var wide = Self.pair("general.alignment", type: 4) { $0.add(UInt32(1 << 31)) }
        wide.data[8] = 1
        wide.tensor("a", [0])
        for (bytes, count) in [(old.padded(), 4), (wide.padded(), 0)] {
            let file = try temporary(bytes)
            defer { try? FileManager.default.removeItem(atPath: file) }
            #expect(try GGUFFile.open(file).weights["a"]?.count == count)
        }
    }

    /// Files that are as long as what they claim would need: no header is, and nothing is allocated for one.
    @Test("cost no memory where the file is long enough for what they claim")
    func long() throws {
        let length = 100 << 30
        func array(of type: UInt32, _ count: Int) -> Data {
            Self.pair("k", type: 9) {
                $0.add(type)
                $0.add(UInt64(count))
            }.padded()
        }
        let cases = [
            Bytes(tensors: UInt64(length / 24 - 10)).padded(), Bytes(pairs: UInt64(length / 13 - 10)).padded(),
            Self.pair("k", type: 8) { $0.add("", claiming: UInt64(length - 1000)) }.padded(),
            array(of: 0, length - 1000), array(of: 6, length / 4 - 1000), array(of: 8, length / 8 - 1000),
            array(of: 9, length / 12 - 1000),
        ]
        for (number, data) in cases.enumerated() {
            let file = try temporary(data)
            defer { try? FileManager.default.removeItem(atPath: file) }
            let handle = try #require(FileHandle(forWritingAtPath: file))
            try handle.truncate(atOffset: UInt64(length))
            try handle.close()
            let problem = #expect(throws: Problem.self) { try GGUFFile.open(file) }
            #expect(
                problem?.message.contains("no header reaches beyond") == true,
                "case \(number): \(problem?.message ?? "")")
        }
    }

    private func temporary(_ data: Data) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "graft-\(UUID().uuidString).gguf").path
        try data.write(to: URL(filePath: path))
        return path
    }
}

extension GGUFDamageTests.Bytes {
    /// With more behind it.
    fileprivate func adding(_ add: (inout Self) -> Void) -> Data {
        var bytes = self
        add(&bytes)
        return bytes.padded()
    }
}
