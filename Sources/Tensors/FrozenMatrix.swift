import Kernels

/// A matrix of frozen weights exactly as its file stores it: memory-mapped, shared between processes, never trained.
///
/// It is no ``Tensor`` and has no gradient, so no code path can compute one for it.
public struct FrozenMatrix: Sendable {
    /// Rows of the stored matrix.
    public let rows: Int
    /// Columns of the stored matrix; a row is contiguous.
    public let columns: Int
    /// How the numbers are stored; of numbers with scales apart, what they are expanded to.
    public let format: ElementFormat
    /// The scales of numbers whose scales are another tensor, and the number of the first row among all they are for.
    let scaled: (numbers: ScaledNumbers, firstRow: Int)?
    /// Whether rows are inputs and columns outputs (GPT-2's Conv1D) instead of the other way round.
    public let inputsFirst: Bool
    // The mapping outlives the pointer through `owner`; nobody writes to it, so any thread may read.
    nonisolated(unsafe) let bytes: UnsafeRawPointer
    let owner: any AnyObject & Sendable

    /// A matrix in memory that `owner` keeps alive.
    public init(
        rows: Int, columns: Int, format: ElementFormat, bytes: UnsafeRawPointer, owner: any AnyObject & Sendable,
        inputsFirst: Bool = false
    ) {
        self.rows = rows
        self.columns = columns
        self.format = format
        self.bytes = bytes
        self.owner = owner
        self.inputsFirst = inputsFirst
        scaled = nil
    }

    /// A matrix of small floats with scales apart, `bytes` being the first of row `firstRow` of all they are for.
    public init(
        rows: Int, columns: Int, scaled: ScaledNumbers, firstRow: Int = 0, bytes: UnsafeRawPointer,
        owner: any AnyObject & Sendable, inputsFirst: Bool = false
    ) {
        self.rows = rows
        self.columns = columns
        format = .f32
        self.bytes = bytes
        self.owner = owner
        self.inputsFirst = inputsFirst
        self.scaled = (scaled, firstRow)
    }

    /// Numbers a product with this matrix takes in.
    public var inputs: Int { inputsFirst ? rows : columns }
    /// Numbers a product with this matrix puts out.
    public var outputs: Int { inputsFirst ? columns : rows }
    /// Bytes as stored.
    public var byteCount: Int { rows * rowBytes }
    /// Bytes of a stored row, without scales that lie apart.
    var rowBytes: Int { scaled?.numbers.rowBytes ?? format.rowBytes(columns) }

    /// Some of the stored rows.
    public func rows(_ range: Range<Int>) -> FrozenMatrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        return with(rows: range, inputsFirst: inputsFirst)
    }

    private func with(rows range: Range<Int>, inputsFirst: Bool) -> FrozenMatrix {
        let start = bytes + range.lowerBound * rowBytes
        if let scaled {
            return FrozenMatrix(
                rows: range.count, columns: columns, scaled: scaled.numbers,
                firstRow: scaled.firstRow + range.lowerBound, bytes: start, owner: owner, inputsFirst: inputsFirst)
        }
        return FrozenMatrix(
            rows: range.count, columns: columns, format: format, bytes: start, owner: owner, inputsFirst: inputsFirst)
    }

    /// The same stored rows, taken for inputs.
    public var withInputsFirst: FrozenMatrix { with(rows: 0..<rows, inputsFirst: true) }

    /// The numbers as f32, for vectors, merges and tests.
    public func expanded() -> Tensor {
        let out = Tensor(uninitialized: rows, columns)
        expand(0..<rows, into: out)
        return out
    }

    /// Writes rows into a tensor of either type.
    func expand(_ range: Range<Int>, into out: Tensor) {
        precondition(out.isContiguous && out.columns == columns, "expand \(columns) columns into \(out.shape)")
        Pool.rows(range.count, atLeast: 4) { part in
            let first = range.lowerBound + part.lowerBound
            if let scaled {
                for i in 0..<part.count {
                    scaled.numbers.expand(
                        row: scaled.firstRow + first + i, bytes + (first + i) * rowBytes,
                        into: out.row(part.lowerBound + i), as: out.type == .bf16 ? .bf16 : .f32)
                }
                return
            }
            BlockFormats.expandRows(
                format, bytes, columns: columns, rows: first..<first + part.count, into: out.row(part.lowerBound),
                as: out.type == .bf16 ? .bf16 : .f32)
        }
    }
}

/// A matrix that multiplies activations: frozen, or trained in a full fine-tune.
public enum MatrixWeight {
    case frozen(FrozenMatrix)
    case trained(Parameter)
    /// Rows of a trained matrix, whose gradient is the business of whoever cut it.
    case slice(Parameter, Range<Int>)

    /// Numbers a product takes in.
    public var inputs: Int {
        switch self {
        case .frozen(let matrix): matrix.inputs
        case .trained(let parameter), .slice(let parameter, _): parameter.columns
        }
    }
    /// Numbers a product puts out.
    public var outputs: Int {
        switch self {
        case .frozen(let matrix): matrix.outputs
        case .trained(let parameter): parameter.rows
        case .slice(_, let range): range.count
        }
    }
    /// The parameter, when it is one.
    public var parameter: Parameter? { if case .trained(let parameter) = self { parameter } else { nil } }
}

extension MatrixWeight {
    /// Some of the stored rows, for products.
    func rows(_ range: Range<Int>) -> MatrixWeight {
        switch self {
        case .frozen(let matrix): .frozen(matrix.rows(range))
        case .trained(let parameter): .slice(parameter, range)
        case .slice(let parameter, let rows):
            .slice(parameter, rows.lowerBound + range.lowerBound..<rows.lowerBound + range.upperBound)
        }
    }

    /// The same numbers, never trained.
    public var untrained: MatrixWeight {
        if case .trained(let parameter) = self { .slice(parameter, 0..<parameter.rows) } else { self }
    }
}
