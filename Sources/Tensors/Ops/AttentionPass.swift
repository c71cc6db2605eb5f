import CKernels
import Kernels

/// The tiles of attention's forward and backward pass.
struct AttentionPass {
    let shape: AttentionShape
    let segments: [AttentionSegment]
    let sinks: [Float]?

    private static let tileQueries = 128
    private static let tileKeys = 512

    /// Queries of one tile of one segment, and what they may see.
    private struct Tile {
        let segment: AttentionSegment
        let queries: Range<Int>  // rows of q
        let low: [Int32]  // per query: first visible key, counted within the segment
        let high: [Int32]  // per query: end of the visible keys

        init(_ segment: AttentionSegment, _ first: Int, _ shape: AttentionShape) {
            self.segment = segment
            queries = first..<min(segment.queries.upperBound, first + tileQueries)
            let position = segment.keys.count - segment.queries.count + first - segment.queries.lowerBound
            low = (0..<queries.count).map { Int32(shape.firstSeen(from: position + $0)) }
            high = (0..<queries.count).map { Int32(position + $0 + 1) }
        }

        /// Ranges of keys with something to see in them, within the segment; tiles that are masked whole are left out.
        var keyTiles: [Range<Int>] {
            guard let first = low.first, let last = high.last else { return [] }
            return stride(from: Int(first) / 64 * 64, to: Int(last), by: tileKeys).map {
                $0..<min(Int(last), $0 + tileKeys)
            }
        }
    }

    private func tiles(of segment: AttentionSegment) -> [Tile] {
        stride(from: segment.queries.lowerBound, to: segment.queries.upperBound, by: Self.tileQueries).map {
            Tile(segment, $0, shape)
        }
    }

    // Products of few distinct sizes: rounding up reads rows of the next segment, whose weights are zero or unused. At
    // the end of the tensor, where there is nothing to read, the true size is used.
    private func rounded(_ count: Int, to step: Int, from row: Int, in tensor: Tensor) -> Int {
        let up = (count + step - 1) / step * step
        return row + up <= tensor.rows ? up : count
    }

    func forward(_ q: Tensor, _ k: Tensor, _ v: Tensor, out: Tensor, lse: Tensor) {
        let work = segments.flatMap { tiles(of: $0) }
        // The longest tiles first, so that no thread is left with one at the end.
        let order = work.indices.sorted { (work[$0].high.last ?? 0, $1) > (work[$1].high.last ?? 0, $0) }
        Pool.run(work.count * shape.heads) { index in
            forwardTile(work[order[index / shape.heads]], head: index % shape.heads, q, k, v, out, lse)
        }
    }

    private func forwardTile(
        _ tile: Tile, head: Int, _ q: Tensor, _ k: Tensor, _ v: Tensor, _ out: Tensor, _ lse: Tensor
    ) {
        let (size, width) = (shape.headSize, shape.valueSize)
        let group = head / (shape.heads / shape.keyValueHeads)
        let (first, count) = (tile.queries.lowerBound, tile.queries.count)
        let rows = rounded(count, to: 32, from: first, in: q)
        let scores = Tensor(uninitialized: rows, Self.tileKeys)
        let weights = Tensor(uninitialized: rows, Self.tileKeys, q.type)
        let sum = Tensor(zeros: rows, width)
        let state = Tensor(
            [Float](repeating: -.infinity, count: rows) + [Float](repeating: 0, count: rows), rows: 2, columns: rows)
        let queries = q.view(columns: head * size..<(head + 1) * size)
        let keys = k.view(columns: group * size..<(group + 1) * size)
        let values = v.view(columns: group * width..<(group + 1) * width)
        for range in tile.keyTiles {
            let start = tile.segment.keys.lowerBound + range.lowerBound
            let n = rounded(range.count, to: 64, from: start, in: k)
            Product.multiply(
                Operand(queries.row(first), stride: q.stride, type: q.type),
                Operand(keys.row(start), stride: k.stride, type: k.type, transposed: true),
                into: scores.destination, rows: rows, columns: n, inner: size)
            graft_softmax_tile(
                scores.floats, scores.stride, weights.pointer, weights.type.isBF16, tile.low, tile.high,
                Int32(range.lowerBound), shape.scale, shape.softcap, state.floats, state.floats + rows, sum.floats,
                width,
                width, count, n)
            clearRows(count..<rows, of: weights, columns: n)
            Product.multiply(
                weights.operand, Operand(values.row(start), stride: v.stride, type: v.type), into: sum.destination,
                rows: rows, columns: width, inner: n, accumulate: true)
        }
        graft_softmax_finish(
            sum.floats, width, state.floats, state.floats + rows, sinks == nil ? 0 : 1, sinks?[head] ?? 0,
            out.row(first) + head * width * out.type.size, out.stride, out.type.isBF16,
            lse.floats + first * lse.stride + head, lse.stride, count, width)
    }

    private func clearRows(_ range: Range<Int>, of tensor: Tensor, columns: Int) {
        for r in range { tensor.view(columns: 0..<columns).view(rows: r..<r + 1).clear() }
    }

    // Query heads of a group share its keys, whose gradients they must not add to at the same time. So a group's heads
    // are cut into a fixed number of parts with sums of their own, added in order at the end: enough parts to keep
    // threads busy, a number that does not depend on the threads, so that the bits do not either.
    private var parts: Int {
        let perGroup = shape.heads / shape.keyValueHeads
        let wanted = (16 + segments.count * shape.keyValueHeads - 1) / max(1, segments.count * shape.keyValueHeads)
        return (1...perGroup).first { $0 >= min(wanted, perGroup) && perGroup % $0 == 0 } ?? perGroup
    }

    func backward(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, out: Tensor, lse: Tensor, dout: Tensor,
        types: (ElementType, ElementType, ElementType)
    ) -> (dq: Tensor, dk: Tensor, dv: Tensor) {
        let perGroup = shape.heads / shape.keyValueHeads
        let parts = self.parts
        let delta = Tensor(uninitialized: q.rows, shape.heads)
        let width = shape.valueSize
        Pool.rows(q.rows) { range in
            for h in 0..<shape.heads {
                let at = h * width * out.type.size
                graft_row_dots(
                    out.row(range.lowerBound) + at, out.stride, dout.row(range.lowerBound) + at, dout.stride,
                    out.type.isBF16, dout.type.isBF16, delta.floats + range.lowerBound * shape.heads + h, shape.heads,
                    range.count, width)
            }
        }
        let dq = Tensor(zeros: q.rows, q.columns)
        let dk = (0..<parts).map { _ in Tensor(zeros: k.rows, k.columns) }
        let dv = (0..<parts).map { _ in Tensor(zeros: v.rows, v.columns) }
        let order = segments.indices.sorted { segments[$0].keys.count > segments[$1].keys.count }
        let units = shape.keyValueHeads * parts
        Pool.run(segments.count * units) { index in
            let segment = segments[order[index / units]]
            let group = index % units / parts
            let part = index % parts
            for tile in tiles(of: segment) {
                for h in part * (perGroup / parts)..<(part + 1) * (perGroup / parts) {
                    backwardTile(
                        tile, head: group * perGroup + h, group: group, q, k, v, lse, delta, dout, dq, dk[part],
                        dv[part])
                }
            }
        }
        return (dq.converted(to: types.0), summed(dk, types.1), summed(dv, types.2))
    }

    private func summed(_ parts: [Tensor], _ type: ElementType) -> Tensor {
        for part in parts.dropFirst() { parts[0].add(part) }
        return parts[0].converted(to: type)
    }

    private func backwardTile(
        _ tile: Tile, head: Int, group: Int, _ q: Tensor, _ k: Tensor, _ v: Tensor, _ lse: Tensor, _ delta: Tensor,
        _ dout: Tensor, _ dq: Tensor, _ dk: Tensor, _ dv: Tensor
    ) {
        let (size, width) = (shape.headSize, shape.valueSize)
        let (first, count) = (tile.queries.lowerBound, tile.queries.count)
        let rows = rounded(count, to: 32, from: first, in: q)
        let scores = Tensor(uninitialized: rows, Self.tileKeys)
        let dp = Tensor(uninitialized: rows, Self.tileKeys)
        let weights = Tensor(uninitialized: rows, Self.tileKeys, q.type)
        let ds = Tensor(uninitialized: rows, Self.tileKeys, q.type)
        let dqTile = Tensor(uninitialized: rows, size)
        let queries = Operand(q.row(first) + head * size * q.type.size, stride: q.stride, type: q.type)
        let gradients = Operand(dout.row(first) + head * width * dout.type.size, stride: dout.stride, type: dout.type)
        var any = false
        for range in tile.keyTiles {
            let start = tile.segment.keys.lowerBound + range.lowerBound
            let n = rounded(range.count, to: 64, from: start, in: k)
            let keys = k.row(start) + group * size * k.type.size
            let values = v.row(start) + group * width * v.type.size
            Product.multiply(
                queries, Operand(keys, stride: k.stride, type: k.type, transposed: true), into: scores.destination,
                rows: rows, columns: n, inner: size)
            Product.multiply(
                gradients, Operand(values, stride: v.stride, type: v.type, transposed: true), into: dp.destination,
                rows: rows, columns: n, inner: width)
            graft_softmax_tile_backward(
                scores.floats, dp.floats, scores.stride, weights.pointer, ds.pointer, q.type.isBF16, tile.low,
                tile.high,
                Int32(range.lowerBound), shape.scale, shape.softcap, lse.floats + first * shape.heads + head,
                shape.heads,
                delta.floats + first * shape.heads + head, shape.heads, count, n)
            clearRows(count..<rows, of: weights, columns: n)
            clearRows(count..<rows, of: ds, columns: n)
            Product.multiply(
                ds.operand, Operand(keys, stride: k.stride, type: k.type), into: dqTile.destination, rows: rows,
                columns: size, inner: n, accumulate: any)
            any = true
            // Keys beyond the segment's own must not be written: they may be another thread's.
            let own = range.count
            Product.multiply(
                Operand(ds.pointer, stride: ds.stride, type: ds.type, transposed: true), queries,
                into: Destination(dk.row(start) + group * size * 4, stride: dk.stride), rows: own, columns: size,
                inner: rows, accumulate: true)
            Product.multiply(
                Operand(weights.pointer, stride: weights.stride, type: weights.type, transposed: true), gradients,
                into: Destination(dv.row(start) + group * width * 4, stride: dv.stride), rows: own, columns: width,
                inner: rows, accumulate: true)
        }
        if any {
            dq.view(columns: head * size..<(head + 1) * size).view(rows: tile.queries)
                .assign(dqTile.view(rows: 0..<count))
        }
    }
}
