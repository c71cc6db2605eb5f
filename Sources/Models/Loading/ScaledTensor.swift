import Diagnostics
import Kernels
import OrderedJSON
import SafeFiles
import Tensors
import WeightFiles

/// A weight stored as small floats with scales in a tensor of their own.
public struct ScaledTensor: Sendable {
    /// How.
    public enum Kind: Sendable, Equatable {
        /// 8-bit floats, `NAME` with factors `NAME_scale_inv` (DeepSeek V3); height and width of a block, nil for one
        /// factor a matrix.
        case fp8(height: Int?, width: Int?)
        /// 4-bit floats, `NAME_blocks` with powers of two `NAME_scales` (gpt-oss).
        case mxfp4
    }

    /// The small floats.
    public let values: StoredTensor
    /// Their scales.
    public let scales: StoredTensor
    /// How.
    public let kind: Kind
    /// The weight's shape.
    public let shape: [Int]

    /// Its word in messages and listings.
    public var formatName: String { kind == .mxfp4 ? "MXFP4" : "FP8" }

    /// The matrix, all leading dimensions being rows.
    func matrix(inputsFirst: Bool) -> FrozenMatrix? {
        guard let numbers, let start = values.bytes.baseAddress, let columns = shape.last else { return nil }
        return FrozenMatrix(
            rows: shape.dropLast().reduce(1, *), columns: columns, scaled: numbers, bytes: start, owner: values.file,
            inputsFirst: inputsFirst)
    }

    /// The numbers and how to expand them; nil where there are none.
    private var numbers: ScaledNumbers? {
        guard let columns = shape.last, shape.count >= 2 else { return nil }
        let matrixRows = shape[shape.count - 2]
        switch kind {
        case .fp8(let height, let width):
            return ScaledNumbers(
                e4m3: scales.floats() ?? [], height: height ?? matrixRows, width: width ?? columns,
                matrixRows: matrixRows, columns: columns)
        case .mxfp4:
            guard let powers = scales.bytes.baseAddress else { return nil }
            return ScaledNumbers(e2m1: powers, owner: scales.file, matrixRows: matrixRows, columns: columns)
        }
    }

    /// The rows of all matrices in f32, expanded when they are asked for.
    ///
    /// - Parameter name: the weight's, for messages.
    public func rows(named name: String) -> RowSource {
        guard let numbers, let start = values.bytes.baseAddress, let columns = shape.last else {
            return RowSource(name: name, file: values.file.path, rows: 0, columns: 1) { _, _ in }
        }
        let (rowBytes, owner) = (numbers.rowBytes, values.file)
        nonisolated(unsafe) let from = start
        return RowSource(
            name: name, file: values.file.path, rows: shape.dropLast().reduce(1, *), columns: columns
        ) { row, to in
            withExtendedLifetime(owner) { numbers.expand(row: row, from + row * rowBytes, into: to, as: .f32) }
        }
    }
}

extension ScaledTensor {
    /// Hands rows of 4-bit floats to the sink as GGUF's MXFP4 has them, the same numbers: a scale before its 16 bytes,
    /// of which each holds numbers `i` and `i + 16` of the block instead of neighbours.
    ///
    /// - Parameter order: which row comes first, second …; nil for all in the stored order.
    public func writeMXFP4(order: [Int]?, to sink: ByteSink) throws {
        precondition(kind == .mxfp4, "writeMXFP4: \(values.name) is \(formatName)")
        guard let columns = shape.last, let values = values.bytes.baseAddress, let scales = scales.bytes.baseAddress
        else { return }
        let blocks = columns / 32
        let rows = order ?? Array(0..<shape.dropLast().reduce(1, *))
        let height = max(1, (1 << 22) / max(1, blocks * 17))
        let panel = Storage(byteCount: min(height, max(1, rows.count)) * blocks * 17)
        nonisolated(unsafe) let (from, powers) = (
            values.assumingMemoryBound(to: UInt8.self), scales.assumingMemoryBound(to: UInt8.self)
        )
        nonisolated(unsafe) let to = panel.base.assumingMemoryBound(to: UInt8.self)
        for first in stride(from: 0, to: rows.count, by: height) {
            let part = Array(rows[first..<min(rows.count, first + height)])
            Pool.rows(part.count) { range in
                for row in range {
                    for block in 0..<blocks {
                        let at = part[row] * blocks + block
                        let (numbers, target) = (from + at * 16, to + (row * blocks + block) * 17)
                        target[0] = powers[at]
                        for i in 0..<16 {
                            // Number n is in the low half of byte n / 2 where n is even, else in the high half.
                            let shift = i % 2 * 4
                            let (low, high) = (numbers[i / 2] >> shift & 15, numbers[i / 2 + 8] >> shift & 15)
                            target[1 + i] = low | high << 4
                        }
                    }
                }
            }
            try sink(UnsafeRawBufferPointer(start: panel.base, count: part.count * blocks * 17))
        }
        withExtendedLifetime((panel, self)) {}
    }
}

/// The scaled weights of a checkpoint, and what the rest of its tensors are.
struct ScaledTensors {
    private(set) var tensors: [String: ScaledTensor] = [:]
    private(set) var problems: [Problem] = []
    /// Names that are parts of scaled weights and nothing else.
    private(set) var parts: Set<String> = []

    /// Finds pairs of numbers and scales by their names.
    init(_ source: any WeightSource, configuration: JSONValue, file: String) {
        let settings = configuration["quantization_config"] ?? configuration["text_config"]?["quantization_config"]
        let block = settings?["weight_block_size"]?.arrayValue?.compactMap(\.intValue) ?? [128, 128]
        let size = block.count == 2 && block.allSatisfy { $0 > 0 && $0 <= 1 << 20 } ? block : [128, 128]
        for name in source.names {
            if name.hasSuffix("_scale_inv"), let scales = source[name] {
                takeFP8(source[String(name.dropLast("_scale_inv".count))], scales, size, file: file)
            } else if name.hasSuffix("_blocks"), let blocks = source[name] {
                let weight = String(name.dropLast("_blocks".count))
                if let scales = source[weight + "_scales"] { takeMXFP4(weight, blocks, scales, file: file) }
            }
        }
    }

    private mutating func takeFP8(_ values: StoredTensor?, _ scales: StoredTensor, _ block: [Int], file: String) {
        guard let values, values.format == .f8E4M3 else { return }
        parts.insert(scales.name)
        let (shape, count) = (values.shape, values.shape.count)
        let expected =
            count < 2
            ? [] : shape.dropLast(2) + zip(shape.suffix(2), block).map { ($0 + $1 - 1) / $1 }
        let isWhole = count == 2 && scales.count == 1
        guard count >= 2, isWhole || scales.shape == expected, scales.format.element?.blockSize == 1 else {
            problems.append(
                Problem(
                    "tensor \(scales.name) is \(scales.format.name) \(scales.shape); the scales of \(shape) in blocks of "
                        + "\(block[0])×\(block[1]) are \(expected)", file: file))
            return
        }
        tensors[values.name] = ScaledTensor(
            values: values, scales: scales,
            kind: .fp8(height: isWhole ? nil : block[0], width: isWhole ? nil : block[1]), shape: shape)
    }

    private mutating func takeMXFP4(_ name: String, _ blocks: StoredTensor, _ scales: StoredTensor, file: String) {
        guard blocks.format == .u8, scales.format == .u8 else { return }
        parts.formUnion([blocks.name, scales.name])
        let shape = scales.shape
        guard shape.count >= 2, shape.count <= 3, blocks.shape == shape + [16] else {
            problems.append(
                Problem("tensor \(blocks.name) \(blocks.shape) does not go with \(scales.name) \(shape)", file: file))
            return
        }
        tensors[name] = ScaledTensor(
            values: blocks, scales: scales, kind: .mxfp4, shape: shape.dropLast() + [shape[shape.count - 1] * 32])
    }
}
