/// Lists of numbers as JSON, written without a tree of values in between.
enum IDList {
    /// `[1,2,3]`
    static func text(_ ids: [Int32]) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        bytes.reserveCapacity(ids.count * 6 + 2)
        for (i, id) in ids.enumerated() {
            if i > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: String(id).utf8)
        }
        bytes.append(UInt8(ascii: "]"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `[-0.25,-3.5]`: the shortest digits that read back as the same float; `-Infinity` as Python writes it.
    static func text(_ values: [Float]) -> String {
        "[" + values.map { $0 == -.infinity ? "-Infinity" : "\($0)" }.joined(separator: ",") + "]"
    }
}
