extension ResampledUnits {
    /// The interval of the ratio of sums by the studentised bootstrap (Efron and Tibshirani 1993, section 12.5):
    /// `θ − t₁₋ₐ·se … θ − tₐ·se`, the t being those of `(θ* − θ)/se*` over resamples and se the ratio's linearised standard
    /// error, `se² = Σ (sᵤ − θ·wᵤ)² / (w̄²·n·(n−1))`.
    ///
    /// Nil for fewer than two units. With so few units, or so few that differ, that resamples are often all alike,
    /// Student's t takes the place of the resampled one.
    func studentised(_ confidence: Double, resamples: Int, seed: UInt64) -> Bootstrap.Estimate? {
        if count < 2 { return nil }
        let mean = self.mean
        let n = Double(count)
        // Centred, so that the sums of squares below do not cancel.
        let centred = zip(sums, weights).map { $0 - mean * $1 }
        let total = weights.reduce(0, +)
        let error = (centred.reduce(0) { $0 + $1 * $1 } * n / (n - 1)).squareRoot() / total
        if error == 0 { return Bootstrap.Estimate(interval: mean...mean, pValue: mean == 0 ? 1 : 0) }
        let tail = (1 - confidence) / 2
        var draws = SplitMix64(seed)
        var t: [Double] = []
        t.reserveCapacity(resamples)
        var alike = 0
        for _ in 0..<(count < Self.fewestUnits ? 0 : resamples) {
            var (sum, weight, squares, products, weightSquares) = (0.0, 0.0, 0.0, 0.0, 0.0)
            for _ in 0..<count {
                let unit = draws.next(below: count)
                let (c, w) = (centred[unit], weights[unit])
                sum += c
                weight += w
                squares += c * c
                products += c * w
                weightSquares += w * w
            }
            let shift = sum / weight
            let spread = squares - 2 * shift * products + shift * shift * weightSquares
            let own = (max(0, spread) * n / (n - 1)).squareRoot() / weight
            if own > 1e-7 * error { t.append(shift / own) } else { alike += 1 }
        }
        if count < Self.fewestUnits || Double(alike) > tail / 2 * Double(resamples) {
            let half = StudentsT.quantile(1 - tail, degrees: count - 1) * error
            let p = StudentsT.pValue(mean / error, degrees: count - 1)
            return Bootstrap.Estimate(interval: mean - half...mean + half, pValue: p)
        }
        t.sort()
        let interval = mean - Bootstrap.quantile(t, 1 - tail) * error...mean - Bootstrap.quantile(t, tail) * error
        return Bootstrap.Estimate(interval: interval, pValue: Bootstrap.pValue(of: mean / error, among: t))
    }

    /// With fewer, a resample has too few different forms to tell tails by.
    private static let fewestUnits = 10
}
