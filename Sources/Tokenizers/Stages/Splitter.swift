/// Turns a run of matches and of what lies between them into pieces, as a split's behaviour says.
struct Splitter {
    private let behavior: PreTokenizer.Behavior
    /// The pieces so far.
    private(set) var ranges: [Range<Int>] = []
    // Where the pieces of the text at hand begin in `ranges`, and whether the last part was a match.
    private var first = 0
    private var afterMatch = false
    // For `mergedWithNext`: a match waiting for what follows it.
    private var waiting: Range<Int>?

    init(_ behavior: PreTokenizer.Behavior, capacity: Int) {
        self.behavior = behavior
        ranges.reserveCapacity(capacity)
    }

    /// The next part belongs to another text.
    @inline(__always)
    mutating func begin() {
        first = ranges.count
        afterMatch = false
        waiting = nil
    }

    /// Adds the next part, a match or what lies between matches.
    @inline(__always)
    mutating func add(_ part: Range<Int>, _ isMatch: Bool) {
        switch behavior {
        case .isolated:
            if !part.isEmpty { ranges.append(part) }
        case .removed:
            if !isMatch, !part.isEmpty { ranges.append(part) }
        case .contiguous: extend(part, when: isMatch == afterMatch)
        case .mergedWithPrevious: extend(part, when: isMatch && !afterMatch)
        case .mergedWithNext:
            // Only the match right before a text joins it; matches before that stand alone.
            if isMatch {
                flush()
                waiting = part
            } else {
                push((waiting?.lowerBound ?? part.lowerBound)..<part.upperBound)
                waiting = nil
            }
        }
        afterMatch = isMatch
    }

    /// No further part in this text.
    @inline(__always)
    mutating func end() { if waiting != nil { flush() } }

    private mutating func flush() {
        if let alone = waiting { push(alone) }
        waiting = nil
    }

    private mutating func extend(_ part: Range<Int>, when joins: Bool) {
        if joins, ranges.count > first, let last = ranges.last {
            ranges[ranges.count - 1] = last.lowerBound..<part.upperBound
        } else {
            push(part)
        }
    }

    private mutating func push(_ part: Range<Int>) { if !part.isEmpty { ranges.append(part) } }
}
