/// What a template writes behind an assistant's words when they are the last: `<|im_end|>\n`, `<|end|>\n<|endoftext|>`.
///
/// The loss goes through the end-of-turn token, that is through the first run of characters without white space;
/// what follows (a newline, a document end that only closes the rendering) is outside.
struct TurnClosing: Sendable, Equatable {
    /// Through the end of turn.
    let end: [UInt8]
    /// What follows it.
    let rest: [UInt8]

    /// The closing in a rendering whose last assistant turn says `sentinel`; nil when the sentinel is not in it.
    init?(rendering: String, sentinel: String) {
        let text = Array(rendering.utf8)
        guard let behind = text.endOfLast(Array(sentinel.utf8)) else { return nil }
        let closing = text[behind...]
        guard let word = closing.firstIndex(where: { !ThinkingTags.isSpace($0) }) else {
            // White space alone ends the turn, as the blank line of RWKV's template does.
            (end, rest) = (Array(closing), [])
            return
        }
        let stop = closing[word...].firstIndex(where: ThinkingTags.isSpace) ?? closing.endIndex
        end = Array(closing[..<stop])
        rest = Array(closing[stop...])
    }

    /// Whether anything ends a turn.
    var isEmpty: Bool { end.isEmpty }

    /// Where the loss ends in a rendering that ends with an assistant's turn, or in a `{% generation %}` span of one:
    /// without what follows the closing of plain answers, and, where that closing can be seen, without white space.
    func endOfLoss(in text: ArraySlice<UInt8>) -> Int {
        let follows = !rest.isEmpty && text.count >= rest.count && text.suffix(rest.count).elementsEqual(rest)
        let turn = follows ? text.dropLast(rest.count) : text
        guard end.contains(where: { !ThinkingTags.isSpace($0) }) else { return turn.endIndex }
        return turn.lastIndex { !ThinkingTags.isSpace($0) }.map { $0 + 1 } ?? turn.endIndex
    }
}

extension Array where Element == UInt8 {
    /// The end of the last occurrence of `word`.
    func endOfLast(_ word: [UInt8]) -> Int? {
        guard count >= word.count else { return nil }
        for start in stride(from: count - word.count, through: 0, by: -1)
        where self[start..<(start + word.count)].elementsEqual(word) {
            return start + word.count
        }
        return nil
    }

    /// How many elements at the start are equal.
    func commonPrefixCount(_ other: [UInt8]) -> Int {
        var count = 0
        while count < self.count && count < other.count && self[count] == other[count] { count += 1 }
        return count
    }
}
