import Kernels
import Models
import Tensors

/// Log-likelihoods of several continuations of one prompt. The prompt is run once: its keys and values are shared by
/// the continuations, and what all prompts begin with (few-shot rows) is run once for all of them.
package struct ChoicePass {
    let model: Transformer
    let precision: ElementType
    var limits = EvaluationLimits()

    /// A prompt with its continuations, none of them empty.
    package typealias Question = (prompt: [Int32], continuations: [[Int32]])

    /// A beginning shorter than this is not worth a slot of its own.
    private static let leastShared = 16

    /// Tokens that are run for a question beyond a shared beginning: its prompt once, but for the last token, which
    /// every continuation begins with in place of its own last.
    package static func tokens(_ question: Question, shared: Int = 0) -> Int {
        question.prompt.count - shared - 1 + question.continuations.reduce(0) { $0 + $1.count }
    }

    /// `ln p` of every continuation; `done` is told after every group of questions.
    func run(_ questions: [Question], done: (Range<Int>, [[Double]]) throws -> Void) rethrows {
        // Where angles depend on the sequence's length nothing can be shared.
        if model.config.anglesDependOnLength { return try runWhole(questions, done: done) }
        let shared = sharedBeginning(questions)
        for group in groups(questions, shared) {
            try done(
                group, values(Array(questions[group]), shared: Array(questions[group.lowerBound].prompt[..<shared])))
        }
    }

    private func sharedBeginning(_ questions: [Question]) -> Int {
        guard let first = questions.first?.prompt, questions.count > 1 else { return 0 }
        var shared = first.count - 1
        for question in questions.dropFirst() {
            let most = min(shared, question.prompt.count - 1)
            shared = (0..<most).first { question.prompt[$0] != first[$0] } ?? most
        }
        return shared < Self.leastShared ? 0 : shared
    }

    private func groups(_ questions: [Question], _ shared: Int) -> [Range<Int>] {
        let bytes = max(1, model.config.cachedBytes(precision))
        let most = limits.cacheBytes / bytes
        var groups: [Range<Int>] = []
        var (start, tokens, slots, longest) = (0, 0, 0, 0)
        for (at, question) in questions.enumerated() {
            let own = Self.tokens(question, shared: shared)
            let length = question.prompt.count + (question.continuations.map(\.count).max() ?? 0)
            let wider = max(longest, length)
            let full = tokens + own > limits.tokensPerPass || (slots + question.continuations.count) * wider > most
            if at > start && full {
                groups.append(start..<at)
                (start, tokens, slots, longest) = (at, 0, 0, 0)
            }
            tokens += own
            slots += question.continuations.count
            longest = max(longest, length)
        }
        if start < questions.count { groups.append(start..<questions.count) }
        return groups
    }

    private func values(_ questions: [Question], shared: [Int32]) -> [[Double]] {
        // A slot a continuation; the first of a question also holds its prompt.
        var slots: [[Int]] = []
        var next = 0
        var capacity = 1
        for question in questions {
            slots.append(Array(next..<next + question.continuations.count))
            next += question.continuations.count
            capacity = max(capacity, question.prompt.count + (question.continuations.map(\.count).max() ?? 0))
        }
        let cache = KeyValueCache(slots: next, capacity: capacity, type: precision)
        let firsts = slots.map { $0[0] }
        return Recording.off {
            if !shared.isEmpty {
                _ = model.hiddenStates(continuing: cache, slots: [0], tokens: [shared], precision: precision)
                for slot in firsts.dropFirst() { cache.copyPrefix(from: 0, to: slot, length: shared.count) }
            }
            // All of the prompt but its last token, which every continuation begins with.
            let rest = questions.map { Array($0.prompt[shared.count...].dropLast()) }
            let open = rest.indices.filter { !rest[$0].isEmpty }
            if !open.isEmpty {
                _ = model.hiddenStates(
                    continuing: cache, slots: open.map { firsts[$0] }, tokens: open.map { rest[$0] },
                    precision: precision)
            }
            for (question, own) in zip(questions, slots) {
                for slot in own.dropFirst() {
                    cache.copyPrefix(from: own[0], to: slot, length: question.prompt.count - 1)
                }
            }
            let inputs = questions.flatMap { question in
                question.continuations.map { question.prompt.suffix(1) + $0.dropLast() }
            }
            let hidden = model.hiddenStates(
                continuing: cache, slots: Array(0..<next), tokens: inputs.map { Array($0) }, all: true,
                precision: precision)
            let targets = questions.flatMap { $0.continuations.flatMap { $0 } }
            var losses = model.loss(hidden, targets: targets).losses[...]
            return questions.map { question in
                question.continuations.map { continuation in
                    defer { losses = losses.dropFirst(continuation.count) }
                    return -losses.prefix(continuation.count).reduce(0) { $0 + Double($1) }
                }
            }
        }
    }

    private func runWhole(_ questions: [Question], done: (Range<Int>, [[Double]]) throws -> Void) rethrows {
        for (at, question) in questions.enumerated() {
            let values = question.continuations.map { continuation -> Double in
                let ids = question.prompt + continuation
                let all = Recording.off { model.logProbabilities([ids], precision: precision)[0] }
                return all.suffix(continuation.count).reduce(0) { $0 + Double($1) }
            }
            try done(at..<at + 1, [values])
        }
    }
}
