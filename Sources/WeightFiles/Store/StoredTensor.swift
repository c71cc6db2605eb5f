import Kernels
import SafeFiles

/// A tensor as a file stores it: its name, shape and format, and where its bytes lie in the mapped file.
///
/// Holding one keeps the mapping alive. Nothing is read until the bytes are touched.
public struct StoredTensor: Sendable {
    /// The name in the file.
    public let name: String
    /// Row-major dimensions, outermost first: `[rows, columns]` for a matrix; empty for a single number.
    public let shape: [Int]
    /// How the numbers are stored.
    public let format: StoredFormat
    /// The mapped file.
    public let file: MappedFile
    /// Where in the file the bytes lie.
    public let range: Range<Int>

    /// A tensor whose bytes are `file.bytes[range]`; `range` must lie in the file.
    public init(name: String, shape: [Int], format: StoredFormat, file: MappedFile, range: Range<Int>) {
        precondition(
            range.upperBound <= file.bytes.count && format.byteCount(shape) == range.count,
            "StoredTensor \(name): shape \(shape) of \(format.name) does not match bytes \(range) of \(file.bytes.count)"
        )
        self.name = name
        self.shape = shape
        self.format = format
        self.file = file
        self.range = range
    }

    /// The bytes, in the mapping; not necessarily aligned to the size of an element. Valid while `file` lives.
    public var bytes: UnsafeRawBufferPointer {
        range.isEmpty ? UnsafeRawBufferPointer(start: nil, count: 0) : .init(rebasing: file.bytes[range])
    }

    /// Numbers in the tensor.
    public var count: Int { shape.reduce(1, *) }

    /// Length of a row: the last dimension, 1 for a single number.
    public var columns: Int { shape.last ?? 1 }

    /// Number of rows of ``columns`` numbers, all leading dimensions together.
    public var rows: Int { shape.dropLast().reduce(1, *) }
}
