/// Which rows each expert works on. A choice is a row's j-th expert, number `row · perToken + j`; a slot is a choice's
/// place when choices are sorted by expert, those of one expert in the order of their rows.
public struct ExpertAssignment: Sendable {
    /// The experts that were chosen at all, ascending: the only ones whose weights are read.
    public let experts: [Int]
    /// Their slots.
    public let pieces: [Range<Int>]
    let rows: Int
    let perToken: Int
    let choiceOfSlot: [Int32]
    let slotOfChoice: [Int32]
    let pieceOfChoice: [Int32]

    /// Sorts choices, `perToken` a row, by expert.
    public init(_ choices: [Int32], perToken: Int, experts count: Int) {
        precondition(choices.count % perToken == 0, "experts: \(choices.count) choices, \(perToken) a row")
        var sizes = [Int](repeating: 0, count: count)
        for expert in choices { sizes[Int(expert)] += 1 }
        let used = (0..<count).filter { sizes[$0] > 0 }
        var next = [Int](repeating: 0, count: count)
        var pieceOf = [Int32](repeating: 0, count: count)
        var ranges: [Range<Int>] = []
        for expert in used {
            let start = ranges.last?.upperBound ?? 0
            next[expert] = start
            pieceOf[expert] = Int32(ranges.count)
            ranges.append(start..<start + sizes[expert])
        }
        var (slots, back) = ([Int32](repeating: 0, count: choices.count), [Int32](repeating: 0, count: choices.count))
        for (choice, expert) in choices.enumerated() {
            slots[choice] = Int32(next[Int(expert)])
            back[next[Int(expert)]] = Int32(choice)
            next[Int(expert)] += 1
        }
        experts = used
        pieces = ranges
        rows = choices.count / perToken
        self.perToken = perToken
        choiceOfSlot = back
        slotOfChoice = slots
        pieceOfChoice = choices.map { pieceOf[Int($0)] }
    }

    /// The rows that a piece holds.
    public func rows(of piece: Int) -> [Int32] {
        pieces[piece].map { choiceOfSlot[$0] / Int32(perToken) }
    }

    /// Calls `body` with every choice of a row: its number, its piece, and its row there.
    func eachChoice(of row: Int, _ body: (_ choice: Int, _ piece: Int, _ place: Int) -> Void) {
        for choice in row * perToken..<(row + 1) * perToken {
            let piece = Int(pieceOfChoice[choice])
            body(choice, piece, Int(slotOfChoice[choice]) - pieces[piece].lowerBound)
        }
    }
}
