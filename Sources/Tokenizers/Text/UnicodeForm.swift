/// One of Unicode's four normalisation forms, applied unit by unit so that origins stay known.
///
/// A unit is a scalar with all that may combine with it. A table, made on first use, says which scalars stay as they
/// are when they are a unit alone; most text consists of such and is copied without further work.
final class UnicodeForm: Sendable {
    static let nfc = UnicodeForm(.canonical, composes: true)
    static let nfd = UnicodeForm(.canonical, composes: false)
    static let nfkc = UnicodeForm(.compatibility, composes: true)
    static let nfkd = UnicodeForm(.compatibility, composes: false)

    private let decompositions: UnicodeDecompositions
    private let compositions: UnicodeCompositions?
    /// For each scalar below U+30000: 1 = changes even when alone, 2 = belongs to the unit of the scalar before it.
    private let flags: [UInt8]

    private init(_ decompositions: UnicodeDecompositions, composes: Bool) {
        self.decompositions = decompositions
        let compositions = composes ? UnicodeCompositions.shared : nil
        self.compositions = compositions
        var flags = [UInt8](repeating: 0, count: 0x30000)
        decompositions.forEachCombining { flags[Int($0)] |= 2 }
        for second in compositions?.seconds ?? [] { flags[Int(second)] |= 2 }
        let attaching = flags
        decompositions.forEach { scalar, parts in
            if attaching[Int(parts[0])] & 2 != 0 { flags[Int(scalar)] |= 2 }
            if Self.mapped([scalar], decompositions, compositions) != [scalar] { flags[Int(scalar)] |= 1 }
        }
        if !composes { for syllable in Hangul.syllables { flags[Int(syllable)] |= 1 } }
        self.flags = flags
    }

    /// The passage in this form.
    func apply(_ passage: Passage, tracking: Bool) -> Passage {
        let bytes = passage.bytes
        var rewriter: Rewriter?
        var copied = 0
        var at = 0
        while at < bytes.count {
            // ASCII changes in no form and attaches to nothing.
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
                let mapped = mapped(unit)
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
    private func flag(_ scalar: UInt32) -> UInt8 { scalar < 0x30000 ? flags[Int(scalar)] : 0 }

    private func mapped(_ unit: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var scalars: [UInt32] = []
        var at = 0
        while at < unit.count {
            let scalar = UTF8Text.scalar(unit, at: at)
            scalars.append(scalar.value)
            at += scalar.width
        }
        var out = String.UnicodeScalarView()
        for scalar in Self.mapped(scalars, decompositions, compositions) { out.append(UTF8Text.unicode(scalar)) }
        return Array(String(out).utf8)
    }

    // Decompose, put marks into canonical order, compose (UAX #15).
    private static func mapped(
        _ scalars: [UInt32], _ decompositions: UnicodeDecompositions, _ compositions: UnicodeCompositions?
    ) -> [UInt32] {
        var parts: [UInt32] = []
        for scalar in scalars { decompositions.append(scalar, to: &parts) }
        var order = parts.map { (scalar: $0, rank: decompositions.combiningClass($0)) }
        var start = 0
        while start < order.count {
            var end = start + 1
            if order[start].rank != 0 {
                while end < order.count, order[end].rank != 0 { end += 1 }
                // Swift's sort is stable, which canonical order requires.
                order[start..<end].sort { $0.rank < $1.rank }
            }
            start = end
        }
        guard let compositions else { return order.map(\.scalar) }
        var out: [UInt32] = []
        var starter: Int?
        var lastRank: UInt8 = 0
        for (scalar, rank) in order {
            // A mark is blocked by one of its own class, or a starter, between it and the starter before.
            let adjacent = starter.map { $0 + 1 == out.count } ?? false
            if let at = starter, adjacent || (lastRank != 0 && lastRank < rank),
                let composed = compositions.composed(out[at], scalar)
            {
                out[at] = composed
                continue
            }
            out.append(scalar)
            lastRank = rank
            if rank == 0 { starter = out.count - 1 }
        }
        return out
    }
}
