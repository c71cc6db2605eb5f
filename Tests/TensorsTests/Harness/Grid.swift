import Kernels
import Tensors

/// A matrix of doubles: what the reference formulas are written in.
struct Grid: Sendable {
    let rows: Int
    let columns: Int
    var numbers: [Double]

    init(_ rows: Int, _ columns: Int, _ numbers: [Double]) {
        precondition(numbers.count == rows * columns)
        self.rows = rows
        self.columns = columns
        self.numbers = numbers
    }

    init(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Double = { _, _ in 0 }) {
        self.rows = rows
        self.columns = columns
        numbers = []
        numbers.reserveCapacity(rows * columns)
        for r in 0..<rows { for c in 0..<columns { numbers.append(value(r, c)) } }
    }

    init(_ tensor: Tensor) {
        self.init(tensor.rows, tensor.columns, tensor.values().map(Double.init))
    }

    subscript(_ r: Int, _ c: Int) -> Double {
        get { numbers[r * columns + c] }
        set { numbers[r * columns + c] = newValue }
    }

    func mapped(_ f: (Double) -> Double) -> Grid { Grid(rows, columns, numbers.map(f)) }
    func combined(_ other: Grid, _ f: (Double, Double) -> Double) -> Grid {
        precondition(rows == other.rows && columns == other.columns)
        return Grid(rows, columns, zip(numbers, other.numbers).map(f))
    }
    func slice(columns range: Range<Int>) -> Grid { Grid(rows, range.count) { self[$0, range.lowerBound + $1] } }
    func slice(rows range: Range<Int>) -> Grid { Grid(range.count, columns) { self[range.lowerBound + $0, $1] } }
    var transposed: Grid { Grid(columns, rows) { self[$1, $0] } }

    /// self · otherᵀ.
    func timesTransposed(_ other: Grid) -> Grid {
        precondition(columns == other.columns)
        return Grid(rows, other.rows) { r, c in
            var sum = 0.0
            for i in 0..<columns { sum += numbers[r * columns + i] * other.numbers[c * columns + i] }
            return sum
        }
    }

    static func + (a: Grid, b: Grid) -> Grid { a.combined(b, +) }
    static func * (factor: Double, a: Grid) -> Grid { a.mapped { factor * $0 } }

    /// The numbers as a tensor.
    func tensor(_ type: ElementType = .f32) -> Tensor {
        Tensor(numbers.map { Float($0) }, rows: rows, columns: columns).converted(to: type)
    }
}

/// ‖a − b‖ / ‖b‖; infinite when only b is zero or anything is not a number, 0 when both are zero.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count, "\(a.count) numbers against \(b.count)")
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
        difference += (x - y) * (x - y)
        norm += y * y
    }
    guard difference.isFinite && norm.isFinite else { return .infinity }
    if norm == 0 { return difference == 0 ? 0 : .infinity }
    return (difference / norm).squareRoot()
}
