import CKernels

/// Products of a few rows with a whole matrix, which generating text consists of. They read the matrix once, in the
/// format it is stored in, at the speed of memory.
///
/// The order of a sum does not depend on how many rows there are, so a row's result does not depend on its company.
public enum FewRows {
    /// The most rows these products are for; with more, oneDNN's are faster.
    public static let limit = 16

    private static let hasBF16Dots = graft_has_bf16_dots() != 0

    /// `y (+)= x·Wᵀ` for W [outputs, inner], rows of `rowBytes` bytes at any address.
    ///
    /// - Parameters:
    ///   - x: [rows, inner], rows `x.stride` numbers apart. With W in bf16 as well as x, products are the processor's
    ///     own of bf16; else W's numbers become f32 in registers, exactly.
    ///   - y: [rows, outputs] in f32.
    public static func multiply(
        _ x: Operand, rows: Int, by weights: UnsafeRawPointer, _ format: ElementFormat, rowBytes: Int, outputs: Int,
        inner: Int, into y: Destination, accumulate: Bool
    ) {
        precondition(y.type == .f32 && !x.transposed, "few rows: \(rows)×\(outputs)×\(inner) into \(y.type)")
        if x.type == .bf16 && format == .bf16 && hasBF16Dots && rowBytes % 2 == 0 {
            strips(outputs, bytes: rowBytes) { range in
                graft_few_rows_bf16(
                    weights, rowBytes / 2, x.data, x.stride, rows, inner, y.floats, y.stride, accumulate ? 1 : 0,
                    range.lowerBound, range.upperBound)
            }
            return
        }
        withFloats(x, rows, inner) { numbers, stride in
            strips(outputs, bytes: rowBytes) { range in
                let known = graft_few_rows(
                    format.rawValue, weights, rowBytes, numbers, stride, rows, inner, y.floats, y.stride,
                    accumulate ? 1 : 0, range.lowerBound, range.upperBound)
                precondition(known != 0, "few rows: no kernel for \(format)")
            }
        }
    }

    /// `y (+)= x·W` for W [inner, outputs] stored as f32, f16 or bf16, its rows `stride` numbers apart.
    public static func multiply(
        _ x: Operand, rows: Int, byInputsFirst weights: UnsafeRawPointer, _ format: ElementFormat, stride: Int,
        outputs: Int, inner: Int, into y: Destination, accumulate: Bool
    ) {
        precondition(y.type == .f32 && !x.transposed, "few rows: \(rows)×\(outputs)×\(inner) into \(y.type)")
        withFloats(x, rows, inner) { numbers, numbersStride in
            strips(outputs, bytes: inner * format.rowBytes(1), multiple: 64) { range in
                let known = graft_few_rows_inputs_first(
                    format.rawValue, weights, stride, numbers, numbersStride, rows, inner, y.floats, y.stride,
                    accumulate ? 1 : 0, range.lowerBound, range.upperBound)
                precondition(known != 0, "few rows: no kernel for \(format) stored inputs first")
            }
        }
    }

    /// Calls `body` with ranges of outputs in parallel. Each takes a part of what is left: memory is read fastest in
    /// long stretches, and the short ones at the end are for whichever thread is done first.
    private static func strips(_ outputs: Int, bytes: Int, multiple: Int = 4, _ body: (Range<Int>) -> Void) {
        let least = max(1, (1 << 15) / max(1, bytes))  // so short that starting it would show
        var bounds = [0]
        var start = 0
        while start < outputs {
            let strip = max(least, (outputs - start) / (Pool.threads * 2))
            start = min(outputs, start + (strip + multiple - 1) / multiple * multiple)
            bounds.append(start)
        }
        Pool.run(bounds.count - 1) { i in body(bounds[i]..<bounds[i + 1]) }
    }

    /// Calls `body` with the rows as floats.
    private static func withFloats(
        _ x: Operand, _ rows: Int, _ columns: Int, _ body: (UnsafePointer<Float>, Int) -> Void
    ) {
        if x.type == .f32 { return body(x.data.assumingMemoryBound(to: Float.self), x.stride) }
        let copy = Storage(byteCount: rows * columns * 4)
        let floats = copy.base.assumingMemoryBound(to: Float.self)
        graft_convert(x.data, x.stride, 1, floats, columns, 0, 1, rows, columns)
        withExtendedLifetime(copy) { body(floats, columns) }
    }
}

extension Destination {
    fileprivate var floats: UnsafeMutablePointer<Float> { data.assumingMemoryBound(to: Float.self) }
}

extension Product {
    /// Does a product that is one of few rows with a matrix, and tells whether it was.
    static func ofFewRows(
        _ a: Operand, _ b: Operand, _ c: Destination, _ rows: Int, _ columns: Int, _ inner: Int, _ accumulate: Bool
    ) -> Bool {
        guard
            (1...FewRows.limit).contains(rows) && columns > 0 && inner > 0 && a.type == b.type && !a.transposed
                && c.type == .f32
        else { return false }
        defer { withExtendedLifetime((a, b)) {} }
        let format: ElementFormat = b.type == .bf16 ? .bf16 : .f32
        if b.transposed {
            FewRows.multiply(
                a, rows: rows, by: b.data, format, rowBytes: b.stride * b.type.size, outputs: columns, inner: inner,
                into: c, accumulate: accumulate)
        } else {
            FewRows.multiply(
                a, rows: rows, byInputsFirst: b.data, format, stride: b.stride, outputs: columns, inner: inner, into: c,
                accumulate: accumulate)
        }
        return true
    }
}
