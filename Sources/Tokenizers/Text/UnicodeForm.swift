import Foundation

/// One of Unicode's four normalisation forms, applied a few characters at a time so that origins stay known.
///
/// The mapping itself is Foundation's. What this file adds is a table, made on first use, that says which scalars stay
/// as they are and begin a new unit: most text consists of such and is copied without asking Foundation.
final class UnicodeForm: Sendable {
    static let nfc = UnicodeForm { $0.precomposedStringWithCanonicalMapping }
    static let nfd = UnicodeForm { $0.decomposedStringWithCanonicalMapping }
    static let nfkc = UnicodeForm { $0.precomposedStringWithCompatibilityMapping }
    static let nfkd = UnicodeForm { $0.decomposedStringWithCompatibilityMapping }

    private let map: @Sendable (String) -> String
    /// For each scalar below U+30000: 1 = changes even when alone, 2 = belongs to the unit of the scalar before it.
    private let flags: [UInt8]

    private init(_ map: @escaping @Sendable (String) -> String) {
        self.map = map
        flags = Self.table(map)
    }

    // Every scalar on a line of its own is mapped at once: a line feed separates units in every form.
    private static func table(_ map: (String) -> String) -> [UInt8] {
        var flags = [UInt8](repeating: 0, count: 0x30000)
        var text = String.UnicodeScalarView()
        for value in UInt32(0)..<0x30000 where value != 10 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            text.append(scalar)
            text.append("\n")
            if scalar.properties.canonicalCombiningClass != .notReordered { flags[Int(value)] |= 2 }
        }
        let lines = String(text)
        forEachLine(map(lines)) { value, line in
            if line.count != 1 || line[line.startIndex].value != value { flags[Int(value)] |= 1 }
        }
        // What follows the first scalar of a canonical decomposition may compose with what stands before it.
        forEachLine(lines.decomposedStringWithCanonicalMapping) { _, line in
            for scalar in line.dropFirst() where scalar.value < 0x30000 { flags[Int(scalar.value)] |= 2 }
        }
        return flags
    }

    private static func forEachLine(_ text: String, _ body: (UInt32, Substring.UnicodeScalarView) -> Void) {
        var value: UInt32 = 0
        let scalars = Substring(text).unicodeScalars
        var start = scalars.startIndex
        while start < scalars.endIndex {
            while value == 10 || Unicode.Scalar(value) == nil { value += 1 }
            let end = scalars[start...].firstIndex(of: "\n") ?? scalars.endIndex
            body(value, scalars[start..<end])
            value += 1
            start = end < scalars.endIndex ? scalars.index(after: end) : end
        }
    }

    /// The passage in this form.
    func apply(_ passage: Passage, tracking: Bool) -> Passage {
        let bytes = passage.bytes
        var rewriter: Rewriter?
        var copied = 0
        var at = 0
        while at < bytes.count {
            // The longest stretch of ASCII, which no form changes and which attaches to nothing.
            if bytes[at] < 0x80, at + 1 == bytes.count || bytes[at + 1] < 0x80 {
                at += 1
                continue
            }
            let first = UTF8Text.scalar(bytes, at: at)
            var end = at + first.width
            var changes = flag(first.value) & 1 != 0
            while end < bytes.count, bytes[end] >= 0x80 {
                let next = UTF8Text.scalar(bytes, at: end)
                guard flag(next.value) & 2 != 0 else { break }
                changes = true
                end += next.width
            }
            if changes {
                let unit = UnsafeBufferPointer(rebasing: bytes[at..<end])
                let mapped = Array(map(UTF8Text.string(unit)).utf8)
                if !unit.elementsEqual(mapped) {
                    let target = rewriter ?? Rewriter(passage, tracking: tracking)
                    rewriter = target
                    target.copy(copied..<at)
                    target.write(mapped, for: at..<end)
                    copied = end
                }
            }
            at = end
        }
        guard let rewriter else { return passage }
        rewriter.copy(copied..<bytes.count)
        return rewriter.passage()
    }

    @inline(__always)
    private func flag(_ scalar: UInt32) -> UInt8 {
        scalar < 0x30000 ? flags[Int(scalar)] : 0
    }
}
