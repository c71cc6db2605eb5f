import Foundation

/// How many rows show a difference.
public enum SampleSize {
    /// Rows of which McNemar's test finds a true difference of two models' accuracies with probability `power`:
    /// `n = (z₁₋ₐ/₂·√ψ + z₋·√(ψ − δ²))² / δ²` (Connor 1987), z₋ being the normal quantile of the power, raised for the
    /// exact test by Miettinen's and Fleiss's continuity correction, `n/4·(1 + √(1 + 4/(n·|δ|)))²`.
    ///
    /// - Parameters:
    ///   - difference: the true difference δ of the shares of right answers, not 0.
    ///   - discordant: the share ψ of rows on which the models differ, at least |δ|, at most 1.
    public static func accuracy(
        difference: Double, discordant: Double, power: Double = 0.8, significance: Double = 0.05
    ) -> Int {
        precondition(
            difference != 0 && discordant >= abs(difference) && discordant <= 1,
            "SampleSize: a difference of \(difference) with \(discordant) discordant")
        let delta = abs(difference)
        let root =
            Normal.quantile(1 - significance / 2) * discordant.squareRoot()
            + Normal.quantile(power) * (discordant - delta * delta).squareRoot()
        let plain = root * root / (delta * delta)
        let lift = 1 + (1 + 4 / (plain * delta)).squareRoot()
        return Int((plain / 4 * lift * lift).rounded(.up))
    }

    /// Rows of which a paired comparison of means (losses, F1) finds an effect of `size` standard deviations with
    /// probability `power`: `n = ((z₁₋ₐ/₂ + z₋)/d)²`, two added for the unknown deviation (Guenther 1981).
    public static func mean(effect size: Double, power: Double = 0.8, significance: Double = 0.05) -> Int {
        precondition(size != 0, "SampleSize: an effect of 0")
        let z = Normal.quantile(1 - significance / 2)
        let root = (z + Normal.quantile(power)) / size
        return Int((root * root + z * z / 2).rounded(.up))
    }

    /// The difference that as many rows as gave this 95 % interval would show four times out of five: 2.8 standard
    /// errors.
    public static func detectable(_ interval: ClosedRange<Double>) -> Double {
        let z = Normal.quantile(0.975)
        return (interval.upperBound - interval.lowerBound) / 2 / z * (z + Normal.quantile(0.8))
    }
}
