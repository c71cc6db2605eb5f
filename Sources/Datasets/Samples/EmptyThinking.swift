import Foundation

/// The tags between which models think. Templates write an empty pair where a row has no reasoning; that pair is the
/// template's and no word of the assistant, so it carries no loss: trained on, it would teach the model not to think.
enum ThinkingTags {
    static let pairs: [(open: [UInt8], close: [UInt8])] = [
        ("<think>", "</think>"), ("<seed:think>", "</seed:think>"), ("[THINK]", "[/THINK]"),
        ("<|channel>thought", "<channel|>"), ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("<|open|>think<|sep|>", "<|close|>think<|sep|>"), ("<thinking>", "</thinking>"),
        ("<think:opensource>", "</think:opensource>"),
    ].map { (Array($0.utf8), Array($1.utf8)) }

    /// The thought at the start of an answer, between `<think>` and `</think>`.
    static func thought(in content: String) -> String? {
        guard let close = content.range(of: "</think>") else { return nil }
        let before = content[..<close.lowerBound]
        return String(before[(before.range(of: "<think>")?.upperBound ?? before.startIndex)...])
    }

    /// Where an answer beginning at `start` begins after an empty pair of tags, whose opening tag may stand in the
    /// prompt already.
    static func end(ofEmptyPairIn text: [UInt8], from start: Int, to end: Int) -> Int {
        let first = skipSpace(text, start, end)
        for pair in pairs {
            var at = first
            if text[at..<end].starts(with: pair.open) {
                at = skipSpace(text, at + pair.open.count, end)
            } else if !isOpen(pair, before: start, in: text) {
                continue
            }
            if text[at..<end].starts(with: pair.close) { return skipSpace(text, at + pair.close.count, end) }
        }
        return start
    }

    /// The tags whose opening one ends the text before `start`, apart from white space.
    static func openPair(before start: Int, in text: [UInt8]) -> (open: [UInt8], close: [UInt8])? {
        pairs.first { isOpen($0, before: start, in: text) }
    }

    private static func isOpen(_ pair: (open: [UInt8], close: [UInt8]), before start: Int, in text: [UInt8]) -> Bool {
        let end = text[..<start].lastIndex { !isSpace($0) }.map { $0 + 1 } ?? 0
        return end >= pair.open.count && text[(end - pair.open.count)..<end].elementsEqual(pair.open)
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func skipSpace(_ text: [UInt8], _ from: Int, _ end: Int) -> Int {
        text[from..<end].firstIndex { !isSpace($0) } ?? end
    }
}
