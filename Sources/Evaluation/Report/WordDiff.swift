/// Which words two texts share, in order: the longest common subsequence of words.
package struct WordDiff {
    /// Words that belong together.
    package struct Run: Equatable {
        /// The words with the white space behind them.
        package var text: String
        /// Whether the other text has them too.
        package var isShared: Bool

        package init(text: String, isShared: Bool) {
            self.text = text
            self.isShared = isShared
        }
    }

    /// The first text.
    package private(set) var first: [Run] = []
    /// The second text.
    package private(set) var second: [Run] = []

    /// Compares two texts. Beyond `limit` words of either, everything counts as different where it does not begin or
    /// end alike.
    package init(_ first: String, _ second: String, limit: Int = 1000) {
        let (a, b) = (Self.words(first), Self.words(second))
        var head = 0
        while head < min(a.count, b.count) && a[head].word == b[head].word { head += 1 }
        var tail = 0
        while tail < min(a.count, b.count) - head && a[a.count - 1 - tail].word == b[b.count - 1 - tail].word {
            tail += 1
        }
        var (sharedA, sharedB) = ([Bool](repeating: false, count: a.count), [Bool](repeating: false, count: b.count))
        for at in 0..<head { (sharedA[at], sharedB[at]) = (true, true) }
        for at in 0..<tail { (sharedA[a.count - 1 - at], sharedB[b.count - 1 - at]) = (true, true) }
        let (n, m) = (a.count - head - tail, b.count - head - tail)
        if n > 0 && m > 0 && max(n, m) <= limit {
            // longest[i][j]: words that a from i and b from j share.
            var longest = [[UInt16]](repeating: [UInt16](repeating: 0, count: m + 1), count: n + 1)
            for i in stride(from: n - 1, through: 0, by: -1) {
                for j in stride(from: m - 1, through: 0, by: -1) {
                    longest[i][j] =
                        a[head + i].word == b[head + j].word
                        ? longest[i + 1][j + 1] + 1 : max(longest[i + 1][j], longest[i][j + 1])
                }
            }
            var (i, j) = (0, 0)
            while i < n && j < m {
                if a[head + i].word == b[head + j].word {
                    (sharedA[head + i], sharedB[head + j]) = (true, true)
                    (i, j) = (i + 1, j + 1)
                } else if longest[i + 1][j] >= longest[i][j + 1] {
                    i += 1
                } else {
                    j += 1
                }
            }
        }
        self.first = Self.runs(a, sharedA)
        self.second = Self.runs(b, sharedB)
    }

    /// Words, each with the white space behind it; white space at the start belongs to an empty word.
    private static func words(_ text: String) -> [(word: Substring, text: Substring)] {
        var words: [(word: Substring, text: Substring)] = []
        var at = text.startIndex
        while at < text.endIndex {
            let end = text[at...].firstIndex(where: \.isWhitespace) ?? text.endIndex
            let next = text[end...].firstIndex { !$0.isWhitespace } ?? text.endIndex
            words.append((text[at..<end], text[at..<next]))
            at = next
        }
        return words
    }

    private static func runs(_ words: [(word: Substring, text: Substring)], _ shared: [Bool]) -> [Run] {
        var runs: [Run] = []
        for (word, isShared) in zip(words, shared) {
            if let last = runs.indices.last, runs[last].isShared == isShared {
                runs[last].text += word.text
            } else {
                runs.append(Run(text: String(word.text), isShared: isShared))
            }
        }
        return runs
    }
}
