import CKernels
import Kernels
import Tensors
import Testing

extension KernelsTests {
    /// Our kernels share work so that no result depends on the number of threads. (Products are the engines' business:
    /// these ops use none, or ones that run inside one index.)
    @Suite(.serialized) struct ThreadTests {
        private func with<R>(threads: Int, _ body: () -> R) -> R {
            let before = Pool.threads
            Pool.use(threads: threads)
            defer { Pool.use(threads: before) }
            return body()
        }

        private func parameter(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Parameter {
            var numbers = Numbers(seed)
            let parameter = Parameter("p", rows: rows, columns: columns)
            for (i, x) in numbers.floats(rows * columns).enumerated() { parameter.value.floats[i] = x }
            return parameter
        }

        /// Outputs and gradients of an op over parameters of the given shapes.
        private func run(
            _ shapes: [(Int, Int)], _ type: ElementType, _ op: ([Parameter], [Tensor]) -> [Tensor]
        ) -> [[UInt32]] {
            let parameters = shapes.enumerated().map { parameter($1.0, $1.1, UInt64($0 + 1)) }
            let outputs = op(parameters, parameters.map { $0.tensor.convertedRecording(to: type) })
            let values = outputs.map { $0.values() }
            Tensor.backward(from: outputs.map { ($0, parameter($0.rows, $0.columns, 99).value) })
            return (values + parameters.map { $0.gradient.values() }).map { $0.map(\.bitPattern) }
        }

        private func compare(
            _ name: String, _ shapes: [(Int, Int)], _ op: ([Parameter], [Tensor]) -> [Tensor]
        ) {
            for type in ElementType.allCases where type == .f32 || Machine.hasBF16 {
                let one = with(threads: 1) { run(shapes, type, op) }
                #expect(one.allSatisfy { $0.contains { $0 != 0 } }, "\(name): nothing was computed")
                for threads in [2, 3] {
                    #expect(
                        with(threads: threads) { run(shapes, type, op) } == one,
                        "\(name) in \(type), \(threads) threads")
                }
            }
        }

        @Test func norms() {
            for centred in [false, true] {
                compare("norm", [(300, 70), (1, 70)]) { p, x in
                    [x[0].normalized(Norm(weight: p[1].tensor, epsilon: 1e-5, centred: centred))]
                }
                compare("joint", [(300, 70), (300, 70), (1, 70), (1, 70)]) { p, x in
                    let norm = Norm(weight: p[2].tensor, bias: p[3].tensor, epsilon: 1e-5, centred: centred)
                    let (sum, normalized) = p[0].tensor.adding(x[1], scale: 0.5, thenNormalized: norm, to: .f32)
                    return [sum, normalized]
                }
            }
        }

        @Test func activations() {
            for kind in Activation.allCases {
                compare("\(kind)", [(300, 70), (300, 70)]) { _, x in [x[0].activated(kind, times: x[1])] }
            }
        }

        @Test func rotation() {
            let table = RotaryTable(positions: 300, inverseFrequencies: [1, 0.5, 0.1])
            compare("rotary", [(300, 40)]) { _, x in
                [x[0].rotated(by: table, positions: (0..<300).map { Int32($0) }, headSize: 10)]
            }
        }

        @Test func elementwise() {
            compare("sums, scales, pieces, rows", [(300, 70), (300, 70)]) { p, x in
                let pieces = x[0].adding(x[1], scale: 0.3).split([30, 40])
                return [pieces[0].scaled(by: 2), pieces[1].rows([7, 299, 0])]
            }
            compare("embedding", [(40, 200)]) { p, _ in
                [embedding((0..<300).map { Int32($0 * 7 % 40) }, in: .trained(p[0]), scale: 2)]
            }
        }

        @Test func attentionForwardAndBackward() {
            let segments = [AttentionSegment(0..<31), AttentionSegment(31..<250), AttentionSegment(250..<300)]
            for sinks in [nil, [Float(1), 0, -1, 0.5]] {
                compare("attention", [(300, 64), (300, 32), (300, 32)]) { _, x in
                    let shape = AttentionShape(
                        heads: 4, keyValueHeads: 2, headSize: 16, scale: 0.25, reach: sinks == nil ? .full : .window(40)
                    )
                    return [attention(x[0], x[1], x[2], shape, segments: segments, sinks: sinks)]
                }
            }
            compare("attention of one short segment", [(5, 16), (5, 16), (5, 16)]) { _, x in
                let shape = AttentionShape(heads: 1, keyValueHeads: 1, headSize: 16, scale: 0.25)
                return [attention(x[0], x[1], x[2], shape, segments: [AttentionSegment(0..<5)])]
            }
        }

        @Test func crossEntropyPointwise() {
            let (rows, width) = (300, 2000)
            var results: [[Float]] = []
            for threads in [1, 2, 3] {
                with(threads: threads) {
                    let (logits, weights) = (Buffer(random: rows * width, 1, -9...9), Buffer(zeros: rows * width))
                    let maximum = Buffer([Float](repeating: -.infinity, count: rows), bf16: false)
                    let (sum, logit, slope) = (Buffer(zeros: rows), Buffer(zeros: rows), Buffer(zeros: rows))
                    let dx = Buffer(random: rows * 8, 2)
                    let targets = (0..<rows).map { Int32($0 * 11 % width) }
                    nonisolated(unsafe) let (l, w, m) = (logits.floats, weights.floats, maximum.floats)
                    nonisolated(unsafe) let (s, t, u, d) = (sum.floats, logit.floats, slope.floats, dx.floats)
                    Pool.rows(rows, atLeast: 4) { range in
                        let r = range.lowerBound
                        graft_cross_entropy_slice(
                            l + r * width, width, 0, width, 1, 0, Array(targets[range]), m + r, s + r, t + r, u + r,
                            w + r * width, width, 0, d + r * 8, 8, range.count)
                    }
                    results.append(weights.values + maximum.values + sum.values + logit.values + dx.values)
                }
            }
            #expect(results[1] == results[0] && results[2] == results[0])
        }

        @Test func adamW() {
            var results: [[Float]] = []
            for threads in [1, 2, 3] {
                with(threads: threads) {
                    let n = 100_000
                    let (value, gradient) = (Buffer(random: n, 1), Buffer(random: n, 2))
                    let (first, second) = (Buffer(zeros: n), Buffer(zeros: n))
                    nonisolated(unsafe) let (v, g) = (value.floats, gradient.floats)
                    nonisolated(unsafe) let (m, s) = (first.floats, second.floats)
                    Pool.rows(n, atLeast: 777) { range in
                        let at = range.lowerBound
                        graft_adamw(
                            v + at, g + at, m + at, s + at, 1, 1e-3, 0.9, 0.999, 1e-8, 0.1, 0.1, 0.001, range.count)
                    }
                    results.append(value.values)
                }
            }
            #expect(results[1] == results[0] && results[2] == results[0])
        }
    }
}
