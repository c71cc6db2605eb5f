import CKernels
import Kernels

extension Tensor {
    /// `self + scale · y`, f32. `dx = g`, `dy = scale · g`.
    public func adding(_ y: Tensor, scale: Float = 1) -> Tensor {
        precondition(rows == y.rows && columns == y.columns, "adding \(y.shape) to \(shape)")
        let sum = copiedAsFloats()
        sum.add(y, scale: scale)
        return Tensor.record(.add, [sum], from: [self, y]) { pullback in
            guard let g = pullback.gradient() else { return }
            pullback.send(g, to: 0)
            if scale == 1 {
                pullback.send(g, to: 1)
            } else if pullback.wants(1) {
                pullback.accumulate(to: 1, rows: g.rows, columns: g.columns, zeroed: true) { sum, _ in
                    sum.add(g, scale: scale)
                }
            }
        }[0]
    }

    /// `factor · self`, f32. `dx = factor · g`.
    public func scaled(by factor: Float) -> Tensor {
        if factor == 1 { return self }
        let y = Tensor(uninitialized: rows, columns)
        y.assign(self, scale: factor)
        return Tensor.record(.scaled, [y], from: [self]) { pullback in
            guard let g = pullback.gradient() else { return }
            let dx = Tensor(uninitialized: g.rows, g.columns)
            dx.assign(g, scale: factor)
            pullback.send(dx, to: 0)
        }[0]
    }

    /// The same numbers in another type; gradients pass as they are.
    public func convertedRecording(to type: ElementType) -> Tensor {
        if type == self.type && isContiguous { return self }
        return Tensor.record(.convert, [converted(to: type)], from: [self]) { pullback in
            guard let g = pullback.gradient() else { return }
            let wanted = pullback.wantedType(0)
            pullback.send(g.type == .f32 && wanted == .bf16 ? g.converted(to: wanted) : g, to: 0)
        }[0]
    }

    /// Cuts the columns into consecutive pieces of the given widths, as views. The pieces' gradients are put side by
    /// side.
    public func split(_ widths: [Int]) -> [Tensor] {
        precondition(widths.reduce(0, +) == columns, "split \(columns) columns into \(widths)")
        let starts = Self.starts(of: widths)
        let pieces = zip(starts, widths).map { view(columns: $0..<$0 + $1) }
        return Tensor.record(.split, pieces, from: [self]) { [rows, columns] pullback in
            let dx = Tensor(uninitialized: rows, columns, pullback.wantedType(0))
            for (i, start) in starts.enumerated() {
                let place = dx.view(columns: start..<start + widths[i])
                if let g = pullback.gradient(i) { place.assign(g) } else { place.clear() }
            }
            pullback.send(dx, to: 0)
        }
    }

    /// Cuts the columns into `groups` equal groups, and each of those into pieces of the given widths; gives every kind
    /// of piece put side by side: [rows, groups · width]. NeoX's fused projection is stored this way.
    public func splitGroups(_ groups: Int, _ widths: [Int]) -> [Tensor] {
        let groupWidth = widths.reduce(0, +)
        precondition(groupWidth * groups == columns, "split \(columns) columns into \(groups) × \(widths)")
        let starts = Self.starts(of: widths)
        let pieces = widths.map { Tensor(uninitialized: rows, groups * $0, type) }
        Self.eachPiece(groups, groupWidth, starts, widths) { i, inWhole, inPiece in
            pieces[i].view(columns: inPiece).assign(view(columns: inWhole))
        }
        return Tensor.record(.split, pieces, from: [self]) { [rows, columns] pullback in
            let dx = Tensor(uninitialized: rows, columns, pullback.wantedType(0))
            let gradients = widths.indices.map { pullback.gradient($0) }
            Self.eachPiece(groups, groupWidth, starts, widths) { i, inWhole, inPiece in
                let place = dx.view(columns: inWhole)
                if let g = gradients[i] { place.assign(g.view(columns: inPiece)) } else { place.clear() }
            }
            pullback.send(dx, to: 0)
        }
    }

    private static func starts(of widths: [Int]) -> [Int] {
        widths.indices.map { widths[..<$0].reduce(0, +) }
    }

    private static func eachPiece(
        _ groups: Int, _ groupWidth: Int, _ starts: [Int], _ widths: [Int],
        _ body: (_ piece: Int, _ inWhole: Range<Int>, _ inPiece: Range<Int>) -> Void
    ) {
        for g in 0..<groups {
            for (i, width) in widths.enumerated() {
                let whole = g * groupWidth + starts[i]
                body(i, whole..<whole + width, g * width..<(g + 1) * width)
            }
        }
    }

    /// Some rows in the given order; none twice. Gradients go back to their rows, zeros to the others.
    public func rows(_ indices: [Int32]) -> Tensor {
        let y = Tensor(uninitialized: indices.count, columns, type)
        Pool.rows(indices.count) { range in
            for i in range { y.copyRow(i, from: self, Int(indices[i])) }
        }
        return Tensor.record(.rows, [y], from: [self]) { [rows, columns] pullback in
            guard let g = pullback.gradient() else { return }
            let dx = Tensor(zeros: rows, columns, g.type)
            Pool.rows(indices.count) { range in
                for i in range { dx.copyRow(Int(indices[i]), from: g, i) }
            }
            pullback.send(dx, to: 0)
        }[0]
    }

    private func copyRow(_ r: Int, from source: Tensor, _ s: Int) {
        row(r).copyMemory(from: source.row(s), byteCount: columns * type.size)
    }
}
