import Kernels

/// How a tensor's numbers stand in a file: in a format that Graft can multiply by, or in one it can only list.
public enum StoredFormat: Sendable, Hashable {
    /// A format that can be expanded to numbers and multiplied by.
    case element(ElementFormat)
    /// A format that is only listed: integers, 8-bit floats, rare quantisations.
    case listed(ListedFormat)

    /// The format, where it can be expanded and multiplied by.
    public var element: ElementFormat? { if case .element(let format) = self { format } else { nil } }

    /// The name as safetensors and llama.cpp spell it: `BF16`, `I64`, `Q4_K`.
    public var name: String {
        switch self {
        case .element(let format): format.name
        case .listed(let format): format.name
        }
    }

    /// Numbers in a block; 1 for plain formats.
    public var blockSize: Int {
        switch self {
        case .element(let format): format.blockSize
        case .listed(let format): format.blockSize
        }
    }

    /// Bytes of a block.
    public var blockBytes: Int {
        switch self {
        case .element(let format): format.blockBytes
        case .listed(let format): format.blockBytes
        }
    }

    /// More bytes than any file has: a bound that leaves room for sums and products of sizes.
    private static let mostBytes = 1 << 56

    /// Bytes that a tensor of this shape takes, or nil when a row does not fill its blocks, a dimension is negative or
    /// the dimensions, a zero among them left aside, make more than any file holds. A shape without dimensions is one
    /// number.
    public func byteCount(_ shape: [Int]) -> Int? {
        guard (shape.last ?? 1) % blockSize == 0 else { return nil }
        var count = 1
        for dimension in shape where dimension != 0 {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard dimension > 0, !overflow else { return nil }
            count = product
        }
        let (bytes, overflow) = (count / blockSize).multipliedReportingOverflow(by: blockBytes)
        guard !overflow, bytes <= Self.mostBytes else { return nil }
        return shape.contains(0) ? 0 : bytes
    }
}

/// A format that can be listed but not multiplied by.
public struct ListedFormat: Sendable, Hashable {
    /// The name as safetensors and llama.cpp spell it.
    public let name: String
    /// Numbers in a block.
    public let blockSize: Int
    /// Bytes of a block.
    public let blockBytes: Int
    /// ggml's number of the type, where it has one.
    public let ggmlType: UInt32?

    init(_ name: String, _ blockSize: Int, _ blockBytes: Int, ggml: UInt32? = nil) {
        self.name = name
        self.blockSize = blockSize
        self.blockBytes = blockBytes
        self.ggmlType = ggml
    }
}

extension ElementFormat {
    /// The name as safetensors and llama.cpp spell it: `F32`, `BF16`, `Q4_K`.
    public var name: String { Self.names[self] ?? "" }

    private static let names = Dictionary(uniqueKeysWithValues: allCases.map { ($0, "\($0)".uppercased()) })
}
