/// How large a difference is, whatever the number of rows.
public enum EffectSize {
    /// Cohen's d of pairs: the mean of the differences in their standard deviations; nil for fewer than two and where
    /// all differ alike. 0.2 is called small, 0.5 medium, 0.8 large (Cohen 1988).
    public static func pairs(_ differences: [Double]) -> Double? {
        if differences.count < 2 { return nil }
        let mean = differences.reduce(0, +) / Double(differences.count)
        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let deviation = (squares / Double(differences.count - 1)).squareRoot()
        return deviation > 1e-12 ? mean / deviation : nil
    }

    /// The odds ratio of discordant pairs, each count raised by a half so that none is divided by zero (Haldane): how
    /// many rows got better for each that got worse.
    public static func odds(_ test: McNemar) -> Double {
        (Double(test.onlySecond) + 0.5) / (Double(test.onlyFirst) + 0.5)
    }
}
