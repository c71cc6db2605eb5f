/// SplitMix64 (Steele, Lea, Flood 2014): integer arithmetic only, so a seed gives the same text on every machine.
struct RandomSource {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in `range`; the bias of the remainder is below 1e-15 for the small ranges used here.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// True in `percent` of a hundred draws.
    mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[number(0...choices.count - 1)] }

    /// Fisher and Yates, from the end.
    mutating func shuffled<Element>(_ list: [Element]) -> [Element] {
        var list = list
        for i in stride(from: list.count - 1, to: 0, by: -1) { list.swapAt(i, number(0...i)) }
        return list
    }

    /// `count` different elements in random order.
    mutating func sample<Element>(_ list: [Element], _ count: Int) -> [Element] {
        Array(shuffled(list).prefix(count))
    }
}
