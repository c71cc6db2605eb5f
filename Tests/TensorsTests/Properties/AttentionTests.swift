import Kernels
import Tensors
import Testing

extension TensorsTests {
    @Suite(.serialized) struct AttentionTests {
        private struct Rows {
            let parameters: [Parameter]
            let leaves: Leaves

            init(_ grids: [Grid], _ type: ElementType) {
                parameters = grids.map { grid in
                    let parameter = Parameter("rows", rows: grid.rows, columns: grid.columns)
                    for (i, x) in grid.numbers.enumerated() { parameter.value.floats[i] = Float(x) }
                    return parameter
                }
                leaves = Leaves(parameters: parameters, type: type)
            }
        }

        /// Rows of other segments are never seen: neither by outputs nor by gradients, to the bit.
        @Test(arguments: ElementType.allCases) func segmentsDoNotSeeEachOther(_ type: ElementType) {
            guard type == .f32 || Machine.hasBF16 else { return print("SKIPPED: attention in bf16") }
            let shape = AttentionShape(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.25)
            let segments = [AttentionSegment(0..<37), AttentionSegment(37..<180), AttentionSegment(180..<191)]
            var inputs = [64, 32, 32].map { constant(191, $0, "segments") }
            func run() -> [[Float]] {
                let rows = Rows(inputs, type)
                let out = attention(
                    rows.leaves.operand(0), rows.leaves.operand(1), rows.leaves.operand(2), shape, segments: segments)
                let values = out.view(rows: segments[1].queries).values()
                Tensor.backward(from: [(out, constant(191, 64, "segments dout").tensor())])
                return [values] + rows.parameters.map { $0.gradient.view(rows: segments[1].queries).values() }
            }
            let before = run()
            #expect(before.allSatisfy { $0.contains { $0 != 0 } })
            for i in inputs.indices {
                for segment in [segments[0], segments[2]] {
                    for r in segment.queries {
                        for c in 0..<inputs[i].columns { inputs[i][r, c] = inputs[i][r, c] * 3 + 1 }
                    }
                }
            }
            #expect(run() == before)
        }

        /// New tokens of cached sequences: fewer queries than keys, slots with room that holds nothing yet.
        @Test(arguments: [AttentionShape.Reach.full, .window(20), .chunk(32)])
        func queriesAreTheLastPositions(_ reach: AttentionShape.Reach) {
            let shape = AttentionShape(heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.25, reach: reach)
            let segments = [
                AttentionSegment(queries: 0..<1, keys: 0..<70), AttentionSegment(queries: 1..<4, keys: 100..<103),
                AttentionSegment(queries: 4..<21, keys: 200..<799),
            ]
            let (q, k, v) = (constant(21, 64, "cache q"), constant(800, 32, "cache k"), constant(800, 32, "cache v"))
            let expected = Formula.attention(q, k, v, shape, segments: segments, sinks: nil)
            for type in ElementType.allCases where type == .f32 || Machine.hasBF16 {
                let out = attention(q.tensor(type), k.tensor(type), v.tensor(type), shape, segments: segments)
                #expect(out.edge == nil)
                #expect(relativeError(Grid(out).numbers, expected.numbers) <= Tolerances.of(type).forward)
            }
        }

        /// A sequence cut in two, the second part attending to the first through the cache, gives the same rows.
        @Test func cachedAttentionContinuesAWholeOne() {
            let shape = AttentionShape(heads: 2, keyValueHeads: 1, headSize: 20, scale: 0.2)
            let inputs = [40, 20, 20].map { constant(150, $0, "continued") }
            let whole = attention(
                inputs[0].tensor(), inputs[1].tensor(), inputs[2].tensor(), shape, segments: [AttentionSegment(0..<150)]
            )
            let second = attention(
                inputs[0].slice(rows: 90..<150).tensor(), inputs[1].tensor(), inputs[2].tensor(), shape,
                segments: [AttentionSegment(queries: 0..<60, keys: 0..<150)])
            #expect(
                relativeError(Grid(second).numbers, Grid(whole.view(rows: 90..<150)).numbers)
                    <= Tolerances.of(.f32).forward)
        }

        @Test func rowsOfNoSegmentAreZero() {
            let shape = AttentionShape(heads: 1, keyValueHeads: 1, headSize: 16, scale: 1)
            let x = constant(30, 16, "outside").tensor()
            let out = attention(x, x, x, shape, segments: [AttentionSegment(3..<10), AttentionSegment(12..<20)])
            for r in [0, 1, 2, 10, 11, 20, 29] {
                #expect(out.view(rows: r..<r + 1).values().allSatisfy { $0 == 0 })
            }
        }
    }
}
