import CKernels
import Kernels

/// A matrix of numbers, usually tokens × features: everything a decoder computes over concatenated segments is one.
///
/// Rows lie `stride` elements apart, so a range of columns is a view. A tensor that depends on a trained ``Parameter``
/// carries an ``Edge``: where its gradient goes. One that does not records nothing, which is all "frozen" means.
public struct Tensor {
    /// Number of rows.
    public let rows: Int
    /// Number of columns.
    public let columns: Int
    /// Elements between the starts of two rows.
    public let stride: Int
    /// The type of the elements.
    public let type: ElementType
    var storage: Storage
    let offset: Int
    /// Where the tensor's gradient goes; nil when nothing below is trained.
    public internal(set) var edge: Edge?

    init(rows: Int, columns: Int, stride: Int, type: ElementType, storage: Storage, offset: Int, edge: Edge? = nil) {
        self.rows = rows
        self.columns = columns
        self.stride = stride
        self.type = type
        self.storage = storage
        self.offset = offset
        self.edge = edge
    }

    /// A matrix with arbitrary contents.
    public init(uninitialized rows: Int, _ columns: Int, _ type: ElementType = .f32) {
        precondition(rows >= 0 && columns >= 0, "tensor of shape \(rows)×\(columns)")
        self.init(
            rows: rows, columns: columns, stride: columns, type: type,
            storage: Storage(byteCount: rows * columns * type.size), offset: 0)
    }

    /// A matrix of zeros.
    public init(zeros rows: Int, _ columns: Int, _ type: ElementType = .f32) {
        self.init(uninitialized: rows, columns, type)
        clear()
    }

    /// A matrix of given numbers, row by row.
    public init(_ values: [Float], rows: Int, columns: Int) {
        precondition(values.count == rows * columns, "\(values.count) values for \(rows)×\(columns)")
        self.init(uninitialized: rows, columns)
        values.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { floats.update(from: start, count: source.count) }
        }
    }

    /// The first element.
    public var pointer: UnsafeMutableRawPointer { storage.base + offset * type.size }

    /// The first element of an f32 tensor.
    public var floats: UnsafeMutablePointer<Float> {
        precondition(type == .f32, "floats of a \(type) tensor")
        return pointer.assumingMemoryBound(to: Float.self)
    }

    /// Whether rows follow each other without a gap.
    public var isContiguous: Bool { stride == columns || rows <= 1 }
    /// Bytes of the elements.
    public var byteCount: Int { rows * columns * type.size }

    /// The same numbers without a way for gradients.
    public var detached: Tensor {
        Tensor(rows: rows, columns: columns, stride: stride, type: type, storage: storage, offset: offset)
    }

    /// Columns as a view; gradients do not flow through it (``split(_:)`` is the op that lets them).
    public func view(columns range: Range<Int>) -> Tensor {
        precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
        return Tensor(
            rows: rows, columns: range.count, stride: stride, type: type, storage: storage,
            offset: offset + range.lowerBound)
    }

    /// Rows as a view; gradients do not flow through it.
    public func view(rows range: Range<Int>) -> Tensor {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        return Tensor(
            rows: range.count, columns: columns, stride: stride, type: type, storage: storage,
            offset: offset + range.lowerBound * stride)
    }

    /// The same numbers in rows of another length; only for contiguous tensors. Keeps no way for gradients.
    public func view(columnsOf count: Int) -> Tensor {
        precondition(isContiguous && columns % count == 0, "rows of \(columns) cut into rows of \(count)")
        return Tensor(
            rows: rows * (columns / count), columns: count, stride: count, type: type, storage: storage, offset: offset)
    }

    /// The numbers row by row.
    public func values() -> [Float] {
        let copy = converted(to: .f32)
        return withExtendedLifetime(copy) { Array(UnsafeBufferPointer(start: copy.floats, count: rows * columns)) }
    }

    /// Sets all numbers to zero.
    public func clear() {
        for r in 0..<(isContiguous ? 1 : rows) {
            let bytes = (isContiguous ? rows * columns : columns) * type.size
            (pointer + r * stride * type.size).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        }
    }

    /// A contiguous copy in the given type, without a way for gradients; the tensor itself when it is one already.
    public func converted(to type: ElementType) -> Tensor {
        if type == self.type && isContiguous { return detached }
        let copy = Tensor(uninitialized: rows, columns, type)
        copy.assign(self)
        return copy
    }

    /// Copies another tensor's numbers into this one, converting and scaling.
    func assign(_ source: Tensor, scale: Float = 1) {
        precondition(source.rows == rows && source.columns == columns, "assign: \(source.shape) to \(shape)")
        Pool.rows(rows) { range in
            graft_convert(
                source.row(range.lowerBound), source.stride, source.type.isBF16, row(range.lowerBound), stride,
                type.isBF16, scale, range.count, columns)
        }
    }

    /// Copies another tensor's numbers into this one, converting them to its type.
    public func copy(_ source: Tensor) { assign(source) }

    /// Adds another tensor's numbers to this f32 one.
    func add(_ source: Tensor, scale: Float = 1) {
        precondition(source.rows == rows && source.columns == columns, "add: \(source.shape) to \(shape)")
        Pool.rows(rows) { range in
            graft_add(
                source.row(range.lowerBound), source.stride, source.type.isBF16, floats + range.lowerBound * stride,
                stride, scale, range.count, columns)
        }
    }

    /// The transpose of an f32 tensor, as a copy without a way for gradients.
    public func transposed() -> Tensor {
        let source = converted(to: .f32)
        let result = Tensor(uninitialized: columns, rows)
        graft_transpose(source.floats, rows, columns, result.floats)
        return result
    }

    func row(_ r: Int) -> UnsafeMutableRawPointer { pointer + r * stride * type.size }

    var operand: Operand { Operand(pointer, stride: stride, type: type, owner: storage) }
    var transposedOperand: Operand { Operand(pointer, stride: stride, type: type, transposed: true, owner: storage) }
    var destination: Destination { Destination(pointer, stride: stride, type: type) }

    /// "rows×columns", for messages.
    public var shape: String { "\(rows)×\(columns)" }
}
