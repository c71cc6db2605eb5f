import Diagnostics
import Kernels
import Models
import Tensors
import Tokenizers

/// Continues prompts, several at a time: a row that is done makes room for the next.
///
/// Each prompt is run by itself and decoding's products do not depend on the number of rows, so a row's answer depends
/// on neither the rows beside it nor their order.
public final class Generator {
    /// Which earlier work a prompt's beginning may be taken from.
    public enum Sharing: Sendable {
        /// Whole pieces of other prompts: the same numbers as without sharing.
        case prompts
        /// Anything that begins alike, earlier answers too: for conversations.
        case conversations
    }

    /// The model.
    public let model: Transformer
    /// What makes text of ids; without it answers have ids alone.
    public let tokenizer: Tokenizer?
    let precision: ElementType
    let sharing: Sharing
    /// Tokens of a prompt that run together. Sharing begins and ends where pieces do.
    let piece: Int
    private let wantedSlots: Int
    private let cacheBytes: Int
    private(set) var cache: KeyValueCache?
    /// By slot: the tokens at its start that others may take over.
    var shared: [[Int32]] = []
    /// By slot: the set of adapters that what it holds was computed with.
    var adapterSets: [Int] = []

    /// A generator of up to `slots` rows at a time; fewer where `cacheBytes` would not hold their keys.
    ///
    /// - Parameters:
    ///   - piece: tokens of a prompt that run together; by default 128, or 512 in conversations.
    ///   - cacheBytes: memory for keys and values; more only where one row needs it.
    public init(
        _ model: Transformer, tokenizer: Tokenizer?, precision: ElementType, slots: Int = FewRows.limit,
        sharing: Sharing = .prompts, piece: Int? = nil, cacheBytes: Int = Machine.memory / 8
    ) {
        precondition(slots > 0 && piece ?? 1 > 0, "Generator: \(slots) slots, pieces of \(piece ?? 0)")
        self.model = model
        self.tokenizer = tokenizer
        self.precision = precision
        self.sharing = sharing
        self.piece = piece ?? (sharing == .prompts ? 128 : 512)
        wantedSlots = slots
        self.cacheBytes = cacheBytes
    }

    /// Answers to requests, in their order.
    ///
    /// - Parameters:
    ///   - onToken: told each row's number, new token and the text that became certain with it; answers whether the row
    ///     goes on. Text held back for a stop string, or as part of a character, comes with a later token or not at
    ///     all: ``Generation/text`` is complete.
    ///   - onEnd: told each row's number and answer as soon as it is complete.
    /// - Throws: ``Problem`` when a prompt is empty, longer than the model's positions or has an id it does not know;
    ///   ``RunFailure`` when the model gives no numbers; what the listeners throw.
    public func run(
        _ requests: [GenerationRequest], onToken: (Int, Int32, String) throws -> Bool = { _, _, _ in true },
        onEnd: (Int, Generation) throws -> Void = { _, _ in }
    ) throws -> [Generation] {
        try Problems(requests.indices.compactMap { problem(requests[$0], $0, of: requests.count) }).throwIfAny()
        let cache = prepare(requests)
        var answers = [Generation?](repeating: nil, count: requests.count)
        var free = Array((0..<cache.slots).reversed())
        var rows: [ActiveRow] = []
        var next = 0
        func settle(_ row: ActiveRow) throws -> Bool {
            guard let end = row.end else { return true }
            let answer = Generation(ids: row.ids, text: row.text.text, end: end)
            answers[row.number] = answer
            free.append(row.slot)
            try onEnd(row.number, answer)
            return false
        }
        while next < requests.count || !rows.isEmpty {
            while next < requests.count && !free.isEmpty {
                let slot = place(requests[next], in: &free)
                var row = ActiveRow(requests[next], number: next, slot: slot, tokenizer: tokenizer)
                next += 1
                try start(&row, onToken)
                if try settle(row) { rows.append(row) }
            }
            if rows.isEmpty { continue }
            try step(&rows, onToken)
            rows = try rows.filter { try settle($0) }
        }
        return answers.compactMap { $0 }
    }

    private func problem(_ request: GenerationRequest, _ number: Int, of count: Int) -> Problem? {
        let which = count == 1 ? "the prompt" : "prompt \(number + 1)"
        let config = model.config
        if request.prompt.isEmpty { return Problem("\(which) has no tokens", advice: "give it at least one word") }
        if let id = request.prompt.first(where: { $0 < 0 || Int($0) >= config.vocabularySize }) {
            return Problem("\(which) has the token \(id), but the model knows \(config.vocabularySize) tokens")
        }
        if request.prompt.count > config.maximumPositions {
            return Problem(
                "\(which) has \(request.prompt.count) tokens; the model has positions for \(config.maximumPositions)")
        }
        return nil
    }

    /// A cache with room for the longest request, what is shared kept.
    private func prepare(_ requests: [GenerationRequest]) -> KeyValueCache {
        let longest = requests.map { $0.prompt.count + $0.maxTokens }.max() ?? 1
        let capacity = (min(longest, model.config.maximumPositions) + 63) / 64 * 64
        if let cache, cache.capacity >= capacity { return cache }
        let bytes = max(1, model.config.cachedBytes(precision) * capacity)
        let slots = max(1, min(wantedSlots, cacheBytes / bytes))
        if let cache, cache.slots <= slots {
            // Conversations grow bit by bit: room is made in advance.
            cache.grow(
                to: sharing == .conversations
                    ? max(capacity, min(cache.capacity * 2, model.config.maximumPositions)) : capacity)
            return cache
        }
        let fresh = KeyValueCache(slots: slots, capacity: capacity, type: precision)
        shared = Array(repeating: [], count: slots)
        adapterSets = Array(repeating: 0, count: slots)
        cache = fresh
        return fresh
    }
}
