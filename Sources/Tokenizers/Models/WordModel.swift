/// Models that know whole words only (`WordLevel`), or words from the longest known beginnings (`WordPiece`).
struct WordModel: Sendable {
    let vocabulary: Vocabulary
    let unknown: Int32?
    /// nil: whole words only. Otherwise what marks a token that continues a word.
    let continuingPrefix: [UInt8]?
    /// Longer words are unknown as a whole.
    let mostCharacters: Int
    /// Bytes of the longest token.
    private let longestToken: Int

    /// A model of these words.
    init(vocabulary: Vocabulary, unknown: Int32?, continuingPrefix: [UInt8]?, mostCharacters: Int) {
        self.vocabulary = vocabulary
        self.unknown = unknown
        self.continuingPrefix = continuingPrefix
        self.mostCharacters = mostCharacters
        var longest = 0
        vocabulary.forEach { token, _ in longest = max(longest, token.count) }
        longestToken = longest
    }

    /// Adds the tokens of one piece to the sink.
    func tokenize(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ scratch: Scratch) {
        let first = scratch.sink.count
        guard let continuingPrefix else {
            let word = UnsafeBufferPointer(rebasing: text[range])
            if let id = vocabulary.id(word) ?? unknown { scratch.sink.append(id, range.lowerBound, range.upperBound) }
            return
        }
        let characters = text[range].reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
        var found: [(id: Int32, start: Int, end: Int)] = []
        var start = range.lowerBound
        while characters <= mostCharacters, start < range.upperBound {
            var end = min(range.upperBound, start + longestToken)
            while end > start, end < range.upperBound, text[end] & 0xc0 == 0x80 { end -= 1 }
            var match: Int32?
            while match == nil, end > start {
                var candidate = start > range.lowerBound ? continuingPrefix : []
                candidate.append(contentsOf: text[start..<end])
                match = candidate.withUnsafeBufferPointer { vocabulary.id($0) }
                if match == nil { end = UTF8Text.start(before: end, in: text) }
            }
            guard let match else { break }
            found.append((match, start, end))
            start = end
        }
        if start == range.upperBound, characters <= mostCharacters {
            for token in found { scratch.sink.append(token.id, token.start, token.end) }
        } else if let unknown, scratch.sink.count == first {
            scratch.sink.append(unknown, range.lowerBound, range.upperBound)
        }
    }
}
