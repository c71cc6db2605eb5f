/// Byte-pair encoding with GPT-2's pre-tokenizer (Sennrich et al. 2016, Radford et al. 2019), trained from word counts.
struct BytePairs {
    static let specials: [String] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

    private(set) var vocabulary: [String] = []
    private(set) var merges: [(String, String)] = []

    /// GPT-2's printable stand-ins for the 256 bytes.
    static let byteLetters: [String] = {
        let printable = Set(Array(33...126) + Array(161...172) + Array(174...255))
        var next: UInt32 = 256
        return (0...255).map { byte in
            if printable.contains(byte) { return String(UnicodeScalar(UInt8(byte))) }
            defer { next += 1 }
            return UnicodeScalar(next).map { String($0) } ?? ""
        }
    }()

    /// ` ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` with the contractions before; ASCII text only.
    static func words(_ text: String) -> [[UInt8]] {
        let bytes = Array(text.utf8)
        var words: [[UInt8]] = []
        var i = 0
        while i < bytes.count {
            let start = i
            if let end = contraction(bytes, i) {
                i = end
            } else {
                if bytes[i] == 32, i + 1 < bytes.count, sort(bytes[i + 1]) != .space { i += 1 }
                let first = sort(bytes[i])
                while i < bytes.count, sort(bytes[i]) == first { i += 1 }
                // White space before a word leaves its last character to the word.
                if first == .space, i < bytes.count, i - start > 1 { i -= 1 }
            }
            words.append(Array(bytes[start..<i]))
        }
        return words
    }

    private enum Sort { case letter, digit, space, other }

    private static func sort(_ byte: UInt8) -> Sort {
        switch byte {
        case 65...90, 97...122: return .letter
        case 48...57: return .digit
        case 9...13, 32: return .space
        default: return .other
        }
    }

    private static func contraction(_ bytes: [UInt8], _ i: Int) -> Int? {
        guard bytes[i] == 39 else { return nil }
        for ending in ["s", "t", "re", "ve", "m", "ll", "d"] where bytes[(i + 1)...].starts(with: ending.utf8) {
            return i + 1 + ending.utf8.count
        }
        return nil
    }

    /// Merges the most frequent pair until the vocabulary is full; of equals the one with the smaller ids.
    /// No merge joins two digits, so that every digit of a number is a token of its own.
    init(size: Int, texts: [String]) {
        vocabulary = Self.specials + Self.byteLetters
        var counts: [[UInt8]: Int] = [:]
        for text in texts { for word in Self.words(text) { counts[word, default: 0] += 1 } }
        let offset = Self.specials.count
        // A word seen once tells nothing about the next text, and there are many of them: invented names.
        var words = counts.filter { $0.value > 1 }.map { (ids: $0.key.map { offset + Int($0) }, count: $0.value) }
        let digits = Set("0123456789")
        while vocabulary.count < size {
            var pairs: [Int: Int] = [:]
            for word in words where word.ids.count > 1 {
                for i in 1..<word.ids.count { pairs[word.ids[i - 1] << 32 | word.ids[i], default: 0] += word.count }
            }
            let allowed = pairs.filter { pair in
                (vocabulary[pair.key >> 32] + vocabulary[pair.key & 0xFFFF_FFFF]).count(where: digits.contains) < 2
            }
            guard let best = allowed.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return }
            let (left, right) = (best.key >> 32, best.key & 0xFFFF_FFFF)
            merges.append((vocabulary[left], vocabulary[right]))
            vocabulary.append(vocabulary[left] + vocabulary[right])
            for index in words.indices where words[index].ids.count > 1 {
                words[index].ids = Self.joined(words[index].ids, left, right, as: vocabulary.count - 1)
            }
        }
    }

    private static func joined(_ ids: [Int], _ left: Int, _ right: Int, as new: Int) -> [Int] {
        var result: [Int] = []
        var i = 0
        while i < ids.count {
            if i + 1 < ids.count, ids[i] == left, ids[i + 1] == right {
                result.append(new)
                i += 2
            } else {
                result.append(ids[i])
                i += 1
            }
        }
        return result
    }
}
