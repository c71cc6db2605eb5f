import Kernels
import Tensors
import Testing

/// What the tape keeps is let go on time: counted by the arena, in a process of its own.
struct MemoryChecks {
    private static let (rows, width, depth) = (128, 128, 12)
    private static let block = rows * width * 4

    /// One thread: other tests' processes would only make its team wait. What is made once a process is made first.
    init() {
        Pool.use(threads: 1)
        chain(parameter(), recomputes: true) { _ in }.backward()
    }

    private var used: Int { Arena.shared.usage.used }

    private func parameter() -> Parameter {
        let parameter = Parameter("w", rows: Self.width, columns: Self.width)
        let numbers = constant(Self.width, Self.width, "memory", spread: 0.1).numbers
        for (i, x) in numbers.enumerated() { parameter.value.floats[i] = Float(x) }
        _ = parameter.gradient
        return parameter
    }

    /// A chain of layers, each keeping two tensors; returns the loss.
    private func chain(_ parameter: Parameter, recomputes: Bool = false, watch: @escaping @Sendable (Int) -> Void)
        -> Tensor
    {
        var x = constant(Self.rows, Self.width, "memory x").tensor()
        for layer in 0..<Self.depth {
            let body: ([Tensor]) -> [Tensor] = { inputs in
                projections(
                    inputs[0].activated(.silu).watched { watch(layer) }, [LinearWeights(.trained(parameter))])
            }
            x = recomputes ? recomputed([x], body)[0] : body([x])[0]
        }
        return linearCrossEntropy(
            x, head: .trained(parameter), targets: [Int32](repeating: 3, count: Self.rows)
        ).sum
    }

    func savedTensorsGoWhileTheBackwardPassRuns() {
        let parameter = parameter()
        let before = used
        let seen = Seen()
        var loss: Tensor? = chain(parameter) { _ in seen.note(Arena.shared.usage.used) }
        let kept = used - before
        // Each layer keeps its activation's input and its projection's; the lowest activation trains nothing.
        #expect(kept >= 2 * Self.depth * Self.block && kept < (2 * Self.depth + 1) * Self.block)
        loss.take()?.backward()
        #expect(used == before, "\(used - before) bytes are left after the step")
        // The forward pass goes by every layer, the backward pass by all that have something to train below.
        #expect(seen.levels.count == 2 * Self.depth - 1)
        let levels = seen.levels.suffix(Self.depth - 1).map { $0 - before }
        for (later, earlier) in zip(levels, levels.dropFirst()) {
            #expect(
                earlier <= later - 2 * Self.block, "a layer's saved tensors outlive its backward pass: \(levels)")
        }
    }

    func recomputedBlocksKeepOnlyTheirInputs() {
        let parameter = parameter()
        let before = used
        var loss: Tensor? = chain(parameter, recomputes: true) { _ in }
        #expect(used - before < (Self.depth + 2) * Self.block)
        loss.take()?.backward()
        #expect(used == before)
    }

    func nothingGrowsOverManySteps() {
        let parameter = parameter()
        var levels: [Int] = []
        var tops: [Int] = []
        for step in 0..<50 {
            chain(parameter, recomputes: step % 2 == 1) { _ in }.backward()
            parameter.clearGradient()
            levels.append(used)
            tops.append(Arena.shared.usage.top)
        }
        #expect(Set(levels).count == 1, "memory in use after each step: \(levels)")
        #expect(tops[2] == tops[49], "the arena grew: \(tops)")
    }

    /// Head and loss of a thousand tokens over a vocabulary of 131072, forward and backward: half a gigabyte of logits.
    func logitsNeverExistAllAtOnce() {
        let (rows, width, vocabulary) = (1024, 8, 1 << 17)
        let head = StoredMatrix(vocabulary, width, .f32)
        let parameter = Parameter("w", rows: width, columns: width)
        for i in 0..<width { parameter.value.floats[i * width + i] = 1 }
        _ = parameter.gradient
        let x = constant(rows, width, "memory head").tensor()
        let before = used
        let hidden = projections(x, [LinearWeights(.trained(parameter))])[0]
        let targets = (0..<rows).map { Int32($0 * 127 % vocabulary) }
        linearCrossEntropy(hidden, head: head.weight, targets: targets).sum.backward()
        let logits = rows * vocabulary * 4
        #expect(Arena.shared.usage.top - before < logits / 8, "\(Arena.shared.usage.top - before) of \(logits) bytes")
        #expect(parameter.gradient.values().contains { $0 != 0 })
    }

    func forwardAloneLeavesNothing() {
        let parameter = parameter()
        let before = used
        do { _ = chain(parameter) { _ in } }
        #expect(used == before)
    }

    func frozenChainsKeepNothing() {
        let before = used
        let stored = StoredMatrix(Self.width, Self.width, .f32)
        var x = constant(Self.rows, Self.width, "memory x").tensor()
        for _ in 0..<Self.depth { x = projections(x.activated(.silu), [LinearWeights(stored.weight)])[0] }
        #expect(x.edge == nil)
        #expect(used - before == Self.block)
    }
}

extension TensorsTests {
    @Suite(.serialized) struct MemoryTests {
        @Test func savedTensorsGoWhileTheBackwardPassRuns() async {
            await #expect(processExitsWith: .success) { MemoryChecks().savedTensorsGoWhileTheBackwardPassRuns() }
        }
        @Test func recomputedBlocksKeepOnlyTheirInputs() async {
            await #expect(processExitsWith: .success) { MemoryChecks().recomputedBlocksKeepOnlyTheirInputs() }
        }
        @Test func nothingGrowsOverManySteps() async {
            await #expect(processExitsWith: .success) { MemoryChecks().nothingGrowsOverManySteps() }
        }
        @Test func logitsNeverExistAllAtOnce() async {
            await #expect(processExitsWith: .success) { MemoryChecks().logitsNeverExistAllAtOnce() }
        }
        @Test func forwardAloneLeavesNothing() async {
            await #expect(processExitsWith: .success) { MemoryChecks().forwardAloneLeavesNothing() }
        }
        @Test func frozenChainsKeepNothing() async {
            await #expect(processExitsWith: .success) { MemoryChecks().frozenChainsKeepNothing() }
        }
    }
}

extension Tensor {
    /// The tensor itself; `note` is called where it is made, and again in the backward pass when its gradient is.
    fileprivate func watched(_ note: @escaping () -> Void) -> Tensor {
        recomputed([self]) { same in
            note()
            return same
        }[0]
    }
}

/// What was seen in order.
private final class Seen: @unchecked Sendable {
    // One test at a time writes, on its own thread.
    var levels: [Int] = []
    func note(_ level: Int) { levels.append(level) }
}
