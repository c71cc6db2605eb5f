import CKernels
import Kernels

/// A trained matrix: f32 value, gradient, and a copy in the operand type that follows the value.
///
/// Several named parts may share one parameter when they take part in one product (the A matrices of adapters that read
/// the same input); each part is a range of its rows.
public final class Parameter {
    /// A named range of rows.
    public struct Part: Sendable {
        /// The name in files and messages.
        public let name: String
        /// The rows it owns.
        public let rows: Range<Int>
        /// Whether files hold it transposed.
        public let transposedInFiles: Bool

        /// A part.
        public init(name: String, rows: Range<Int>, transposedInFiles: Bool = false) {
            self.name = name
            self.rows = rows
            self.transposedInFiles = transposedInFiles
        }
    }

    /// Rows of the matrix.
    public let rows: Int
    /// Columns of the matrix.
    public let columns: Int
    /// The named ranges of rows that make it up.
    public let parts: [Part]
    /// The f32 value. Call ``valueChanged()`` after writing to it.
    public let value: Tensor
    /// What weight decay draws the numbers to: 1 where files hold the difference from 1 (Gemma's norms), else 0.
    public var decaysTo: Float = 0
    private var gradientStorage: Tensor?
    private var operandCopy: Tensor?
    private var operandIsFresh = false

    /// A parameter of zeros.
    public init(rows: Int, columns: Int, parts: [Part]) {
        self.rows = rows
        self.columns = columns
        self.parts = parts
        value = Tensor(zeros: rows, columns)
    }

    /// A parameter of zeros with one part.
    public convenience init(_ name: String, rows: Int, columns: Int, transposedInFiles: Bool = false) {
        self.init(
            rows: rows, columns: columns,
            parts: [Part(name: name, rows: 0..<rows, transposedInFiles: transposedInFiles)])
    }

    /// Number of trained numbers.
    public var count: Int { rows * columns }

    /// The sum of gradients since ``clearGradient()``.
    public var gradient: Tensor {
        if let gradientStorage { return gradientStorage }
        let fresh = Tensor(zeros: rows, columns)
        gradientStorage = fresh
        return fresh
    }

    func gradientTensor(rows: Int, columns: Int) -> Tensor {
        precondition(
            rows == self.rows && columns == self.columns,
            "gradient \(rows)×\(columns) for parameter \(parts.map(\.name)) of \(self.rows)×\(self.columns)")
        return gradient
    }

    /// Sets the gradient to zero.
    public func clearGradient() { gradientStorage?.clear() }

    /// Tells that the value was written to.
    public func valueChanged() { operandIsFresh = false }

    /// The value in the operand type; kept until the value changes.
    func operandTensor(_ type: ElementType) -> Tensor {
        if type == .f32 { return value }
        if let copy = operandCopy, operandIsFresh { return copy }
        let copy = operandCopy ?? Tensor(uninitialized: rows, columns, .bf16)
        copy.assign(value)
        operandCopy = copy
        operandIsFresh = true
        return copy
    }

    /// The value as a tensor whose gradient comes here.
    public var tensor: Tensor {
        var tensor = value
        tensor.edge = .parameter(self)
        return tensor
    }
}
