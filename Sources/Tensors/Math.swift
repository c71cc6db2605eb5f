#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// cos in double precision.
func cosine(_ x: Double) -> Double { cos(x) }
/// sin in double precision.
func sine(_ x: Double) -> Double { sin(x) }
/// tanh in single precision.
func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
/// eˣ in single precision.
func exponential(_ x: Float) -> Float { expf(x) }

/// The softmax of `count` numbers.
func softmax(_ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, _ count: Int) {
    var top = -Float.infinity
    for i in 0..<count { top = max(top, x[i]) }
    var sum: Float = 0
    for i in 0..<count {
        y[i] = exponential(x[i] - top)
        sum += y[i]
    }
    for i in 0..<count { y[i] /= sum }
}
