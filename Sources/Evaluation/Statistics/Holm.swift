/// Holm's step-down correction (1979) for several tests at once.
public enum Holm {
    /// Adjusted probabilities, in the order given: with the p sorted ascending, `max over j ≤ i of (m − j)·pⱼ`, at most
    /// 1. Calling those below α significant keeps the probability of any false alarm below α.
    public static func adjusted(_ values: [Double]) -> [Double] {
        var result = values
        var highest = 0.0
        for (rank, place) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() {
            highest = max(highest, min(1, values[place] * Double(values.count - rank)))
            result[place] = highest
        }
        return result
    }
}
