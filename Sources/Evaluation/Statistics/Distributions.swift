import Foundation

/// The standard normal distribution.
package enum Normal {
    /// The share below `x`.
    package static func share(below x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    /// The value with a share `p` below it, found by bisection on ``share(below:)``; exact to 1e-12.
    package static func quantile(_ p: Double) -> Double {
        precondition(p > 0 && p < 1, "Normal.quantile: \(p)")
        return bisect(-40, 40) { share(below: $0) < p }
    }
}

/// Student's t distribution.
package enum StudentsT {
    /// The share below `t`, from the incomplete beta function.
    package static func share(below t: Double, degrees: Int) -> Double {
        precondition(degrees > 0, "StudentsT: \(degrees) degrees of freedom")
        let n = Double(degrees)
        let tail = 0.5 * incompleteBeta(n / (n + t * t), n / 2, 0.5)
        return t < 0 ? tail : 1 - tail
    }

    /// The value with a share `p` below it.
    package static func quantile(_ p: Double, degrees: Int) -> Double {
        precondition(p > 0 && p < 1, "StudentsT.quantile: \(p)")
        return bisect(-1e4, 1e4) { share(below: $0, degrees: degrees) < p }
    }

    /// The two-sided probability of a mean at least this many standard errors from zero.
    package static func pValue(_ t: Double, degrees: Int) -> Double {
        2 * share(below: -abs(t), degrees: degrees)
    }
}

/// Where `isBelow` turns false between two places.
private func bisect(_ low: Double, _ high: Double, _ isBelow: (Double) -> Bool) -> Double {
    var (low, high) = (low, high)
    for _ in 0..<200 {
        let middle = (low + high) / 2
        if middle == low || middle == high { break }
        if isBelow(middle) { low = middle } else { high = middle }
    }
    return (low + high) / 2
}

/// The regularised incomplete beta function Iₓ(a, b), by its continued fraction (Abramowitz and Stegun 26.5.8) with
/// Lentz's method.
private func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    // The fraction converges fast on this side only.
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var fraction = d
    for step in 1...10_000 {
        let m = Double(step)
        for term in [
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ] {
            d = 1 + term * d
            d = 1 / (abs(d) < tiny ? tiny : d)
            c = 1 + term / c
            c = abs(c) < tiny ? tiny : c
            fraction *= c * d
        }
        if abs(c * d - 1) < 1e-15 { break }
    }
    return front * fraction
}
