/// What a bootstrap draws: rows, or the sums over the rows of each document.
struct ResampledUnits {
    /// What each unit adds up to.
    private(set) var sums: [Double] = []
    /// How many things each unit counts; above 0.
    private(set) var weights: [Double] = []

    /// Units of rows; rows that weigh nothing are left out.
    init(sums: [Double], weights: [Double], documents: [Int]?) {
        precondition(
            sums.count == weights.count && documents.map { $0.count == sums.count } ?? true,
            "ResampledUnits: \(sums.count) sums, \(weights.count) weights, \(documents?.count ?? 0) documents")
        var places: [Int: Int] = [:]
        for row in sums.indices where weights[row] > 0 {
            if let documents, let place = places[documents[row]] {
                self.sums[place] += sums[row]
                self.weights[place] += weights[row]
                continue
            }
            if let documents { places[documents[row]] = self.sums.count }
            self.sums.append(sums[row])
            self.weights.append(weights[row])
        }
    }

    /// How many there are.
    var count: Int { sums.count }

    /// The ratio of sums: the mean over everything counted.
    var mean: Double { sums.reduce(0, +) / weights.reduce(0, +) }
}
