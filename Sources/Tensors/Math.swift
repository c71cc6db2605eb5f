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
