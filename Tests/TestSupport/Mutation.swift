import Randomness

/// Damages texts for fuzzing.
public enum Mutation {
    /// Bytes with one to `most` changes: a piece of up to `span` bytes taken out, doubled elsewhere or replaced by one
    /// of `splices`, or one byte made another.
    public static func of(
        _ bytes: [UInt8], splices: [String], most: Int = 6, span: Int = 20, _ generator: inout SplitMix64
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...most, using: &generator) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, at + Int.random(in: 1...span, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.removeSubrange(at..<end)
            case 1: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            case 2: bytes[at] = UInt8.random(in: 0...255, using: &generator)
            default:
                let splice = splices.randomElement(using: &generator) ?? ""
                bytes.replaceSubrange(at..<(Bool.random(using: &generator) ? at : end), with: Array(splice.utf8))
            }
        }
        return bytes
    }
}
