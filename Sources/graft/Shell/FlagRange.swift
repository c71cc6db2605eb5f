import ArgumentParser

/// The numbers that flags take.
enum FlagRange {
    /// Refuses a number outside of a range. Where no end is given it is so far away that sums and products of sizes
    /// stay numbers.
    static func check(_ flag: String, _ value: Int, from least: Int = 1, to most: Int = 1 << 20) throws {
        if (least...most).contains(value) { return }
        let range = most == .max ? "from \(least)" : "from \(least) to \(most)"
        throw ValidationError("\(flag) takes a number \(range), not \(value).")
    }
}
