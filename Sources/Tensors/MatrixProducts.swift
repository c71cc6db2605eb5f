import Kernels

// Products of activations with weights in whatever format they are stored. Few rows, and many where our own kernel
// runs, read it as it is; otherwise what the product cannot read is expanded panel by panel right before it, so that
// only a panel is ever resident.

/// Numbers in an expanded panel. Panels of four million make products of 512 rows with an expanded matrix 94 % as fast
/// as with a plain one, panels of one million 89 to 93 % (docs/performance.md).
private let panelNumbers = 1 << 22

/// An adapter's part of a layer's result or gradient, `low·matrix`: low [rows, rank] and matrix [rank, columns] in the
/// operand type.
struct LowRank {
    let low: Tensor
    let matrix: Tensor

    /// The part of some of the result's columns.
    func term(columns: Range<Int>) -> LowRankTerm {
        LowRankTerm(low.operand, matrix.view(columns: columns).operand, rank: low.columns)
    }

    /// y += low·matrix.
    func add(to y: Tensor) {
        Product.multiply(
            low.operand, matrix.operand, into: y.destination, rows: low.rows, columns: y.columns, inner: low.columns,
            accumulate: true)
    }
}

extension MatrixWeight {
    /// Calls `body` with operands for consecutive ranges of stored rows, in the given type.
    private func panels(_ type: ElementType, _ body: (_ rows: Range<Int>, _ operand: Tensor) -> Void) {
        switch self {
        case .trained(let parameter):
            body(0..<parameter.rows, parameter.operandTensor(type))
        case .slice(let parameter, let range):
            body(0..<range.count, parameter.operandTensor(type).view(rows: range))
        case .frozen(let matrix):
            if matrix.isOperand(type) {
                body(0..<matrix.rows, matrix.asTensor(type))
                return
            }
            let height = max(1, min(matrix.rows, panelNumbers / max(1, matrix.columns)))
            let panel = Tensor(uninitialized: height, matrix.columns, type)
            var start = 0
            while start < matrix.rows {
                let range = start..<min(matrix.rows, start + height)
                let part = panel.view(rows: 0..<range.count)
                matrix.expand(range, into: part)
                body(range, part)
                start = range.upperBound
            }
        }
    }

    /// `y (+)= x·Wᵀ` plus the terms: x [rows, inputs] in the operand type, y [rows, outputs] in f32.
    func apply(to x: Tensor, into y: Tensor, accumulate: Bool = false, plus terms: [LowRank] = []) {
        precondition(
            x.columns == inputs && y.columns == outputs && x.rows == y.rows,
            "x·Wᵀ: \(x.shape) with W \(outputs)×\(inputs) into \(y.shape)")
        if applyToFewRows(x, into: y, accumulate: accumulate) {
            terms.forEach { $0.add(to: y) }
            return
        }
        Profile.measure(.frozenProducts) {
            if multiplyAsStored(x, transposed: !isInputsFirst, into: y, accumulate: accumulate, plus: terms) { return }
            panels(x.type) { range, w in
                if isInputsFirst {
                    Product.multiply(
                        x.view(columns: range).operand, w.operand, into: y.destination, rows: x.rows, columns: outputs,
                        inner: range.count, accumulate: accumulate || range.lowerBound > 0,
                        plus: range.upperBound == inputs ? terms.map { $0.term(columns: 0..<outputs) } : [])
                } else {
                    Product.multiply(
                        x.operand, w.transposedOperand, into: y.view(columns: range).destination, rows: x.rows,
                        columns: range.count, inner: inputs, accumulate: accumulate,
                        plus: terms.map { $0.term(columns: range) })
                }
            }
        }
    }

    /// Products of few rows with a frozen matrix read it as it is stored, so nothing is expanded.
    private func applyToFewRows(_ x: Tensor, into y: Tensor, accumulate: Bool) -> Bool {
        guard x.rows <= FewRows.limit, case .frozen(let matrix) = self, !matrix.inputsFirst, matrix.scaled == nil
        else { return false }
        Profile.measure(.frozenProducts) {
            FewRows.multiply(
                x.operand, rows: x.rows, by: matrix.bytes, matrix.format,
                rowBytes: matrix.format.rowBytes(matrix.columns), outputs: matrix.rows, inner: matrix.columns,
                into: y.destination, accumulate: accumulate)
        }
        return true
    }

    /// `y (+)= x·M` plus the terms, for M the matrix as it is stored, or its transpose.
    private func multiplyAsStored(
        _ x: Tensor, transposed: Bool, into y: Tensor, accumulate: Bool, plus terms: [LowRank]
    ) -> Bool {
        guard case .frozen(let matrix) = self, matrix.scaled == nil else { return false }
        defer { withExtendedLifetime(matrix) {} }
        return Product.ownTiles(
            x.operand,
            StoredOperand(matrix.bytes, stride: matrix.columns, format: matrix.format, transposed: transposed),
            into: y.destination, rows: x.rows, columns: y.columns, inner: x.columns, accumulate: accumulate,
            plus: terms.map { $0.term(columns: 0..<y.columns) })
    }

    /// `dx (+)= dy·W` plus the terms: dy [rows, outputs] in the operand type, dx [rows, inputs] in f32.
    func applyTransposed(to dy: Tensor, into dx: Tensor, accumulate: Bool = false, plus terms: [LowRank] = []) {
        precondition(
            dy.columns == outputs && dx.columns == inputs && dx.rows == dy.rows,
            "dy·W: \(dy.shape) with W \(outputs)×\(inputs) into \(dx.shape)")
        Profile.measure(.frozenProducts) {
            if multiplyAsStored(dy, transposed: isInputsFirst, into: dx, accumulate: accumulate, plus: terms) { return }
            panels(dy.type) { range, w in
                if isInputsFirst {
                    Product.multiply(
                        dy.operand, w.transposedOperand, into: dx.view(columns: range).destination, rows: dy.rows,
                        columns: range.count, inner: outputs, accumulate: accumulate,
                        plus: terms.map { $0.term(columns: range) })
                } else {
                    Product.multiply(
                        dy.view(columns: range).operand, w.operand, into: dx.destination, rows: dy.rows,
                        columns: inputs,
                        inner: range.count, accumulate: accumulate || range.lowerBound > 0,
                        plus: range.upperBound == outputs ? terms.map { $0.term(columns: 0..<inputs) } : [])
                }
            }
        }
    }

    private var isInputsFirst: Bool { if case .frozen(let matrix) = self { matrix.inputsFirst } else { false } }
}

/// `c (+)= aᵀ·b` for a [rows, m], b [rows, n]: how gradients of weights are made.
func multiplyTransposed(_ a: Tensor, _ b: Tensor, into c: Tensor, accumulate: Bool) {
    Product.multiply(
        a.transposedOperand, b.operand, into: c.destination, rows: a.columns, columns: b.columns, inner: a.rows,
        accumulate: accumulate)
}

extension FrozenMatrix {
    /// Whether the product can read the stored numbers as they are.
    func isOperand(_ type: ElementType) -> Bool {
        if scaled != nil { return false }
        return (type == .bf16 && format == .bf16)
            || (type == .f32 && format == .f32 && UInt(bitPattern: bytes) % 4 == 0)
    }

    /// The stored numbers as a tensor that nobody may write to.
    func asTensor(_ type: ElementType) -> Tensor {
        Tensor(
            rows: rows, columns: columns, stride: columns, type: type,
            storage: Storage(borrowing: bytes, byteCount: byteCount, owner: owner), offset: 0)
    }
}
