/// Finds added tokens in a text: at each place the longest, from left to right.
struct AddedTokenMatcher: Sendable {
    /// How a found token behaves.
    struct Rule: Sendable {
        var id: Int32
        var singleWord = false
        var stripsLeft = false
        var stripsRight = false
    }

    /// A stretch of the text: an added token, or text for the stages that follow.
    struct Stretch {
        var range: Range<Int>
        var id: Int32?
    }

    private struct Node: Sendable {
        var children: [UInt8: Int32] = [:]
        var rule: Int32 = -1
    }

    private var nodes = [Node()]
    private var rules: [Rule] = []
    private var begins = [Bool](repeating: false, count: 256)

    /// Whether there is nothing to find.
    var isEmpty: Bool { rules.isEmpty }

    /// Adds a token by its bytes; of two with the same bytes the last counts.
    mutating func add(_ token: some Collection<UInt8>, _ rule: Rule) {
        guard let first = token.first else { return }
        begins[Int(first)] = true
        var node = 0
        for byte in token {
            if let next = nodes[node].children[byte] {
                node = Int(next)
            } else {
                nodes[node].children[byte] = Int32(nodes.count)
                node = nodes.count
                nodes.append(Node())
            }
        }
        nodes[node].rule = Int32(rules.count)
        rules.append(rule)
    }

    /// Cuts the text into stretches that cover it. As in Hugging Face's library, a token that begins in the white space
    /// which the one before it took along is found all the same, and what is behind it counts again.
    func split(_ text: UnsafeBufferPointer<UInt8>) -> [Stretch] {
        guard !text.isEmpty, !isEmpty else { return [Stretch(range: 0..<text.count, id: nil)] }
        var stretches: [Stretch] = []
        var covered = 0
        var at = 0
        begins.withUnsafeBufferPointer { begins in
            while at < text.count {
                guard begins[Int(text[at])], let (end, rule) = longest(text, at) else {
                    at += 1
                    continue
                }
                var range = at..<end
                at = end
                if rule.singleWord, !isWord(text, range) { continue }
                if rule.stripsLeft {
                    let start = max(
                        covered, UnicodeClass.trimmedEnd(text, before: range.lowerBound, notBefore: covered))
                    // All of it may be taken along already: then there is nothing left of it.
                    range = start..<max(start, range.upperBound)
                }
                if rule.stripsRight {
                    // What is covered behind the token is white space that the one before it took along.
                    let start = max(covered, range.upperBound)
                    range = range.lowerBound..<UnicodeClass.trimmedStart(text, from: start)
                }
                if covered < range.lowerBound {
                    stretches.append(Stretch(range: covered..<range.lowerBound, id: nil))
                }
                if !range.isEmpty { stretches.append(Stretch(range: range, id: rule.id)) }
                covered = range.upperBound
            }
        }
        if covered < text.count { stretches.append(Stretch(range: covered..<text.count, id: nil)) }
        return stretches
    }

    private func longest(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> (end: Int, rule: Rule)? {
        var node = 0
        var at = start
        var found: (Int, Rule)?
        while at < text.count, let next = nodes[node].children[text[at]] {
            node = Int(next)
            at += 1
            if nodes[node].rule >= 0 { found = (at, rules[Int(nodes[node].rule)]) }
        }
        return found
    }

    private func isWord(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        if range.lowerBound > 0 {
            let before = UTF8Text.start(before: range.lowerBound, in: text)
            if UnicodeClass.isWord(UTF8Text.scalar(text, at: before).value) { return false }
        }
        return range.upperBound == text.count
            || !UnicodeClass.isWord(UTF8Text.scalar(text, at: range.upperBound).value)
    }
}
