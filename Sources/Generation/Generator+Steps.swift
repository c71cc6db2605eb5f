import Diagnostics
import Kernels
import Models
import Tensors
import Tokenizers

/// A request that is being answered.
struct ActiveRow {
    let request: GenerationRequest
    let number: Int
    let slot: Int
    var chooser: Chooser
    var text: AnswerText
    var ids: [Int32] = []
    /// What the repetition penalty looks at; empty without one.
    var seen: Set<Int32> = []
    var end: GenerationEnd?

    init(_ request: GenerationRequest, number: Int, slot: Int, tokenizer: Tokenizer?) {
        self.request = request
        self.number = number
        self.slot = slot
        chooser = Chooser(request.sampling, key: request.key)
        text = AnswerText(request, tokenizer: tokenizer)
        if request.sampling.repetitionPenalty != 1 { seen = Set(request.prompt) }
        if request.maxTokens <= 0 { end = .length }
    }
}

extension Generator {
    /// A free slot for a prompt, with as much of its beginning as some slot already holds.
    func place(_ request: GenerationRequest, in free: inout [Int]) -> Int {
        guard let cache, let any = free.last else { preconditionFailure("Generator: no slot is free") }
        let prompt = request.prompt
        // The last token runs in any case: its hidden state is wanted.
        func usable(_ slot: Int) -> Int {
            if model.config.anglesDependOnLength { return 0 }
            // Keys and values differ from adapter to adapter.
            if adapterSets[slot] != request.adapterSet { return 0 }
            let alike = zip(shared[slot], prompt.dropLast()).prefix { $0 == $1 }.count
            return sharing == .prompts ? alike / piece * piece : alike
        }
        let counts = shared.indices.map(usable)
        let best = counts.indices.max { counts[$0] < counts[$1] } ?? any
        let slot = free.contains(best) ? best : any
        free.removeAll { $0 == slot }
        let count = counts[best]
        if slot == best {
            cache.truncate(slot, to: count)
        } else {
            cache.copyPrefix(from: best, to: slot, length: count)
        }
        shared[slot] = Array(prompt.prefix(count))
        adapterSets[slot] = request.adapterSet
        return slot
    }

    /// Runs what is left of a row's prompt, piece by piece, and chooses its first token.
    func start(_ row: inout ActiveRow, _ onToken: (Int, Int32, String) throws -> Bool) throws {
        guard let cache, row.end == nil else { return }
        let prompt = row.request.prompt
        var hidden: Tensor?
        while cache.lengths[row.slot] < prompt.count {
            let first = cache.lengths[row.slot]
            let whole = model.config.anglesDependOnLength
            let end = whole ? prompt.count : min(prompt.count, (first / piece + 1) * piece)
            hidden = Recording.off {
                model.hiddenStates(
                    continuing: cache, slots: [row.slot], tokens: [Array(prompt[first..<end])],
                    sets: [row.request.adapterSet], precision: precision)
            }
            shared[row.slot] = Array(prompt[..<end])
        }
        guard let hidden else { return }
        var rows = [row]
        try choose(model.logits(hidden, sets: [row.request.adapterSet]), &rows, onToken)
        row = rows[0]
    }

    /// Runs every row's last token and chooses its next.
    func step(_ rows: inout [ActiveRow], _ onToken: (Int, Int32, String) throws -> Bool) throws {
        guard let cache else { return }
        // Rows with the same adapters stand together.
        rows.sort { ($0.request.adapterSet, $0.number) < ($1.request.adapterSet, $1.number) }
        let tokens = rows.map { row in
            let before = cache.lengths[row.slot]
            guard model.config.turnsAnew(from: before, to: before + 1) else { return row.ids.suffix(1) }
            cache.truncate(row.slot)
            return row.request.prompt[...] + row.ids
        }
        let sets = rows.map(\.request.adapterSet)
        let hidden = Recording.off {
            model.hiddenStates(
                continuing: cache, slots: rows.map(\.slot), tokens: tokens.map { Array($0) }, sets: sets,
                precision: precision)
        }
        if sharing == .conversations {
            for (row, token) in zip(rows, tokens) { shared[row.slot] += token }
        }
        try choose(model.logits(hidden, sets: sets), &rows, onToken)
    }

    private func choose(
        _ logits: Tensor, _ rows: inout [ActiveRow], _ onToken: (Int, Int32, String) throws -> Bool
    ) throws {
        var chosen = [Int32?](repeating: nil, count: rows.count)
        rows.withUnsafeMutableBufferPointer { rows in
            chosen.withUnsafeMutableBufferPointer { chosen in
                Pool.run(rows.count) { i in
                    let own = UnsafeMutableBufferPointer(
                        start: logits.floats + i * logits.stride, count: logits.columns)
                    chosen[i] = rows[i].chooser.choose(own, seen: rows[i].seen)
                }
            }
        }
        withExtendedLifetime(logits) {}
        for i in rows.indices {
            guard let id = chosen[i] else {
                throw RunFailure("the model gives values that are not numbers (row \(rows[i].number + 1))")
            }
            try rows[i].accept(id, limit: model.config.maximumPositions, onToken)
        }
    }
}

extension ActiveRow {
    /// Takes a chosen token in and notices whether the answer ends.
    fileprivate mutating func accept(
        _ id: Int32, limit: Int, _ onToken: (Int, Int32, String) throws -> Bool
    ) throws {
        if request.stopIDs.contains(id) {
            end = .stopToken(id)
        } else {
            ids.append(id)
            if request.sampling.repetitionPenalty != 1 { seen.insert(id) }
            let goesOn = try onToken(number, id, text.append(id))
            if let found = text.found {
                end = .stopString(found)
            } else if !goesOn {
                end = .cancelled
            } else if ids.count >= request.maxTokens {
                end = .length
            } else if request.prompt.count + ids.count > limit {
                end = .contextFull
            }
        }
        if end == nil { return }
        _ = text.finish()
        if let found = text.found { end = .stopString(found) }
    }
}
