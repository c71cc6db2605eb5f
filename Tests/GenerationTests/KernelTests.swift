import Foundation
import Kernels
import Tensors
import Testing

/// The kernels of generation against sums in Double, and the independence of their rows.
@Suite(.serialized) struct KernelTests {
    private static func numbers(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { i -> Float in
            let place = Double(i)
            let wave: Double = sin(place * 27.047 + Double(seed) * 73.8)
            return Float(wave + cos(place * 1.7) * 0.3)
        }
    }

    /// Bytes of a matrix in a format, and the numbers they stand for.
    private static func stored(_ format: ElementFormat, rows: Int, columns: Int) -> (bytes: Storage, values: [Float]) {
        let values = numbers(rows * columns, 9)
        let bytes = Storage(byteCount: rows * format.rowBytes(columns))
        BlockFormats.quantizeRows(format, values, columns: columns, rows: rows, into: bytes.base)
        var expanded = [Float](repeating: 0, count: rows * columns)
        expanded.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            BlockFormats.expandRows(format, bytes.base, columns: columns, rows: 0..<rows, into: start)
        }
        return (bytes, expanded)
    }

    @Test(arguments: [ElementFormat.f32, .f16, .bf16, .q8_0, .q4_0, .q5_1, .q4_k, .q6_k], [ElementType.f32, .bf16])
    func fewRowsEqualSums(format: ElementFormat, type: ElementType) {
        let plain = format.blockSize == 1
        // 2,560 columns take more than one stretch of the block formats.
        for (outputs, inner) in [(37, plain ? 83 : 256), (6, plain ? 2561 : 2560), (1, 256)] {
            let matrix = Self.stored(format, rows: outputs, columns: inner)
            let x = Tensor(Self.numbers(16 * inner, 3), rows: 16, columns: inner).converted(to: type)
            let values = x.values()
            var first: [Float] = []
            for rows in [16, 1, 2, 3, 5, 11] {
                let y = Tensor(Self.numbers(rows * outputs, 5), rows: rows, columns: outputs)
                let before = y.values()
                FewRows.multiply(
                    Operand(x.pointer, stride: inner, type: type), rows: rows, by: matrix.bytes.base, format,
                    rowBytes: format.rowBytes(inner), outputs: outputs, inner: inner,
                    into: Destination(y.pointer, stride: outputs), accumulate: rows == 5)
                let result = y.values()
                if rows == 16 {
                    first = result
                } else if rows != 5 {
                    #expect(result == Array(first[..<(rows * outputs)]))
                }
                var worst = 0.0
                for r in 0..<rows {
                    for o in 0..<outputs {
                        var (sum, size) = (0.0, 0.0)
                        for k in 0..<inner {
                            let product = Double(values[r * inner + k]) * Double(matrix.values[o * inner + k])
                            sum += product
                            size += abs(product)
                        }
                        if rows == 5 { sum += Double(before[r * outputs + o]) }
                        worst = max(worst, abs(sum - Double(result[r * outputs + o])) / (size + 1))
                    }
                }
                #expect(worst < 3e-7, "\(rows)×\(outputs)×\(inner)")
            }
            withExtendedLifetime((x, matrix)) {}
        }
    }

    @Test(arguments: [ElementFormat.f32, .f16, .bf16])
    func fewRowsOfMatricesStoredInputsFirst(format: ElementFormat) {
        let (inner, outputs) = (29, 64 * 2 + 16 + 5)
        let matrix = Self.stored(format, rows: inner, columns: outputs)
        let x = Tensor(Self.numbers(7 * inner, 3), rows: 7, columns: inner)
        let values = x.values()
        for adds in [false, true] {
            let y = Tensor([Float](repeating: 2, count: 7 * outputs), rows: 7, columns: outputs)
            FewRows.multiply(
                Operand(x.pointer, stride: inner, type: .f32), rows: 7, byInputsFirst: matrix.bytes.base, format,
                stride: outputs, outputs: outputs, inner: inner, into: Destination(y.pointer, stride: outputs),
                accumulate: adds)
            let result = y.values()
            for r in 0..<7 {
                for o in 0..<outputs {
                    var sum = adds ? 2.0 : 0.0
                    for k in 0..<inner { sum += Double(values[r * inner + k]) * Double(matrix.values[k * outputs + o]) }
                    #expect(abs(sum - Double(result[r * outputs + o])) < 2e-5)
                }
            }
        }
        withExtendedLifetime((x, matrix)) {}
    }

    @Test(arguments: [ElementType.f32, .bf16], [(6, 2, 64), (4, 4, 20), (7, 1, 128), (8, 4, 8)])
    func singleQueriesEqualTheFormula(type: ElementType, heads: (Int, Int, Int)) {
        let (queryHeads, groups, size) = heads
        let positions = 1500  // more than one part, more than one chunk
        for (softcap, reach, sinks) in [
            (Float(0), AttentionShape.Reach.full, nil), (5, .window(300), [Float](repeating: 0.7, count: queryHeads)),
        ] as [(Float, AttentionShape.Reach, [Float]?)] {
            let shape = AttentionShape(
                heads: queryHeads, keyValueHeads: groups, headSize: size, scale: 0.3, softcap: softcap, reach: reach)
            let q = Tensor(Self.numbers(2 * queryHeads * size, 1), rows: 2, columns: queryHeads * size).converted(
                to: type)
            let k = Tensor(Self.numbers(2 * positions * groups * size, 2), rows: 2 * positions, columns: groups * size)
                .converted(to: type)
            let v = Tensor(Self.numbers(2 * positions * groups * size, 4), rows: 2 * positions, columns: groups * size)
                .converted(to: type)
            let segments = [
                AttentionSegment(queries: 0..<1, keys: 0..<positions),
                AttentionSegment(queries: 1..<2, keys: positions..<positions + 77),
            ]
            let found = attention(q, k, v, shape, segments: segments, sinks: sinks).values()
            let wanted = formula(q.values(), k.values(), v.values(), shape, segments, sinks)
            let norm = wanted.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
            let differences = zip(found, wanted).map { Double($0) - $1 }
            let error = differences.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
            #expect(error / norm < (type == .f32 ? 5e-6 : 4e-3))
        }
    }

    private func formula(
        _ q: [Float], _ k: [Float], _ v: [Float], _ shape: AttentionShape, _ segments: [AttentionSegment],
        _ sinks: [Float]?
    ) -> [Double] {
        let (heads, groups, size) = (shape.heads, shape.keyValueHeads, shape.headSize)
        var out = [Double](repeating: 0, count: q.count)
        for (row, segment) in segments.enumerated() {
            var first = segment.keys.lowerBound
            if case .window(let width) = shape.reach { first = max(first, segment.keys.upperBound - width) }
            for h in 0..<heads {
                let group = h / (heads / groups)
                var weights = (first..<segment.keys.upperBound).map { j -> Double in
                    let (query, key) = ((row * heads + h) * size, (j * groups + group) * size)
                    var dot = 0.0
                    for c in 0..<size { dot += Double(q[query + c]) * Double(k[key + c]) }
                    dot *= Double(shape.scale)
                    return exp(shape.softcap > 0 ? Double(shape.softcap) * tanh(dot / Double(shape.softcap)) : dot)
                }
                let total = weights.reduce(sinks.map { exp(Double($0[h])) } ?? 0, +)
                weights = weights.map { $0 / total }
                for (i, j) in (first..<segment.keys.upperBound).enumerated() {
                    let (to, from) = ((row * heads + h) * size, (j * groups + group) * size)
                    for c in 0..<size { out[to + c] += weights[i] * Double(v[from + c]) }
                }
            }
        }
        return out
    }
}
