import CKernels

/// What choosing a next token needs over a whole vocabulary. Serial: the caller divides rows among threads.
public enum Choosing {
    /// The first position of the largest number; nil when one of them is NaN or there is none.
    public static func largest(_ numbers: UnsafePointer<Float>, count: Int) -> Int? {
        let place = graft_largest(numbers, count)
        return place < 0 ? nil : place
    }

    /// `weights[i] = e^((numbers[i] − maximum)·scale)`; gives their sum.
    public static func exponentials(
        _ numbers: UnsafePointer<Float>, count: Int, maximum: Float, scale: Float,
        into weights: UnsafeMutablePointer<Float>
    ) -> Double {
        graft_exponentials(numbers, count, maximum, scale, weights)
    }
}
