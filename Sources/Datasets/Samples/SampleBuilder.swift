import Diagnostics
import Tokenizers

/// What happens to a row longer than the longest sequence (`data.too_long`); `text` rows are split whatever it says.
public enum TooLong: String, Sendable {
    /// The row is left out and counted.
    case drop
    /// The row is a fault.
    case error
    /// The prompt is cut from its start, never the answer; a row whose answer alone is too long is left out.
    case truncate
}

/// Makes samples of rows: renders, finds the answers, cuts into tokens, marks those that carry loss.
public struct SampleBuilder: Sendable {
    /// What renders the rows.
    public let renderer: PromptRenderer
    /// The longest sample, in tokens.
    public let maxLength: Int
    /// What happens to longer ones.
    public let tooLong: TooLong
    /// All ids are below it: the model's vocabulary, which is mostly larger than its tokenizer's.
    public let vocabularySize: Int
    private let finder: AnswerFinder
    private let specials: Set<Int32>

    /// A builder for a model and its length.
    ///
    /// - Parameter vocabularySize: the model's, where it is known; else the tokenizer's.
    public init(
        renderer: PromptRenderer, maxLength: Int = .max, tooLong: TooLong = .drop, vocabularySize: Int? = nil
    ) {
        precondition(maxLength >= 2, "SampleBuilder: maxLength is \(maxLength), a sample needs 2 tokens")
        self.renderer = renderer
        self.maxLength = maxLength
        self.tooLong = tooLong
        self.vocabularySize = vocabularySize ?? renderer.tokenizer.vocabularySize
        finder = AnswerFinder(renderer: renderer)
        specials = renderer.tokenizer.specialIDs
    }

    /// What became of a row.
    public struct Result: Sendable, Equatable {
        /// The samples, in the row's order.
        public var samples: [Sample] = []
        /// Samples left out because they are too long.
        public var dropped = 0
        /// Samples whose prompt was cut.
        public var truncated = 0
        /// What is odd about the row but no fault.
        public var warning: String?

        /// No samples.
        public init() {}
    }

    /// The samples of a row. A `preference` row gives its chosen answer here; see ``pair(for:)`` for both.
    ///
    /// - Throws: ``RowFault`` when the template refuses the row, when no token carries loss, or when it is too long and
    ///   that is to be an error.
    public func samples(for row: Row) throws(RowFault) -> Result {
        if !renderer.tokenizer.knowsText, !row.isReady { throw .noTokenizer }
        return switch row {
        case .conversation(let conversation): try answered(conversation)
        case .preference(let chosen, _): try answered(chosen)
        case .text(let text): split(try sample(renderer.document(text), .notTemplated))
        case .tokens(let ids, let targets): try pretokenised(ids, targets)
        }
    }

    /// Both answers of a `preference` row, one sample each; nil when one of them is too long.
    public func pair(for row: Row) throws(RowFault) -> (chosen: Sample, rejected: Sample)? {
        guard case .preference(let chosen, let rejected) = row else {
            throw RowFault("has no chosen and rejected answer")
        }
        if !renderer.tokenizer.knowsText { throw .noTokenizer }
        let good = try answered(Conversation.lastAnswer(of: chosen))
        let bad = try answered(Conversation.lastAnswer(of: rejected))
        guard let good = good.samples.last, let bad = bad.samples.last else { return nil }
        return (good, bad)
    }

    /// What can be said of a row without rendering it.
    package func checkShape(of row: Row) throws(RowFault) {
        switch row {
        case .conversation(let conversation), .preference(let conversation, _):
            if conversation.answers.isEmpty { throw .noAnswer }
        case .tokens(let ids, _): try checkIDs(ids)
        case .text: break
        }
    }

    private func checkIDs(_ ids: [Int32]) throws(RowFault) {
        guard let at = ids.firstIndex(where: { Int($0) >= vocabularySize }) else { return }
        throw RowFault(
            "input_ids[\(at)] is \(ids[at]), but there are \(vocabularySize) tokens",
            advice: "these ids were made with another tokenizer")
    }

    /// Ready tokens are taken as they are; one without loss is left out with a warning.
    private func pretokenised(_ ids: [Int32], _ targets: [Bool]) throws(RowFault) -> Result {
        try checkIDs(ids)
        let sample = Sample(ids: ids, targets: targets, turnEnd: .notTemplated)
        if sample.targetCount > 0 { return try fit([sample]) }
        var result = Result()
        result.warning = "no token of it carries loss; it is left out"
        return result
    }

    // MARK: - Text to tokens

    private func answered(_ conversation: Conversation) throws(RowFault) -> Result {
        if renderer.template(for: conversation) == nil {
            let rendered = try renderer.render(conversation)
            if rendered.spans.isEmpty { throw .noAnswer }
            return try fit([try sample(rendered, .notTemplated)])
        }
        let texts = try finder.texts(conversation)
        let warning = try finder.omissions(conversation, in: texts)
        var samples: [Sample] = []
        for text in texts {
            var rendered = Rendered(
                text: String(decoding: text.text, as: UTF8.self), spans: text.spans, isTemplated: true)
            rendered.hasOpenEnds = !text.endsTurn
            samples.append(try sample(rendered, text.endsTurn ? .supervised : .missing))
        }
        var result = try fit(samples)
        let isDoubled =
            renderer.tokenizer.bosID.map { bos in samples.contains { $0.ids.starts(with: [bos, bos]) } } ?? false
        result.warning = isDoubled ? "begins with BOS twice" : warning
        return result
    }

    /// A token carries loss when one of its bytes lies in a span; EOS that is added as an id does.
    private func sample(_ rendered: Rendered, _ turnEnd: Sample.TurnEnd) throws(RowFault) -> Sample {
        let tokens = renderer.tokens(rendered)
        var turnEnd = turnEnd
        var targets: [Bool] = []
        targets.reserveCapacity(tokens.count)
        var spans = rendered.spans[...]
        var ended: Int?
        for token in tokens {
            while let span = spans.first, span.upperBound <= token.bytes.lowerBound {
                ended = span.upperBound
                spans.removeFirst()
            }
            let overlaps = spans.first.map { $0.lowerBound < token.bytes.upperBound } ?? false
            // The token by which a model shows that its turn is over, where no end of turn is written.
            let ends = rendered.hasOpenEnds && ended == token.bytes.lowerBound && specials.contains(token.id)
            if ends { turnEnd = .supervised }
            targets.append((overlaps || ends) && !token.bytes.isEmpty)
        }
        if rendered.addsEOS, !targets.isEmpty { targets[targets.count - 1] = true }
        return try checked(Sample(ids: tokens.map(\.id), targets: targets, turnEnd: turnEnd))
    }

    private func checked(_ sample: Sample) throws(RowFault) -> Sample {
        if sample.targetCount == 0 {
            throw RowFault("no token of it carries loss", advice: "its answer is empty, or all of it is masked")
        }
        if let id = sample.ids.first(where: { Int($0) >= vocabularySize }) {
            throw RowFault(
                "has the token \(id), but the model knows \(vocabularySize) tokens",
                advice: "the tokenizer belongs to another model")
        }
        return sample
    }

    // MARK: - Length

    private func fit(_ samples: [Sample]) throws(RowFault) -> Result {
        var result = Result()
        for sample in samples {
            if sample.count <= maxLength {
                result.samples.append(sample)
                continue
            }
            switch tooLong {
            case .drop: result.dropped += 1
            case .error:
                throw RowFault(
                    "has \(sample.count) tokens, more than data.max_length \(maxLength)",
                    advice: "raise it, shorten the row, or set data.too_long to drop or truncate")
            case .truncate:
                if let cut = truncated(sample) {
                    result.samples.append(cut)
                    result.truncated += 1
                } else {
                    result.dropped += 1
                }
            }
        }
        return result
    }

    /// The sample without the beginning of its prompt (a BOS stays); nil when that does not make it short enough.
    private func truncated(_ sample: Sample) -> Sample? {
        let kept = sample.ids.first == renderer.tokenizer.bosID && sample.ids.first != nil ? 1 : 0
        let cut = sample.count - maxLength
        guard let answer = sample.targets.firstIndex(of: true), answer - cut >= 1 else { return nil }
        return Sample(
            ids: Array(sample.ids[..<kept] + sample.ids[(kept + cut)...]),
            targets: Array(sample.targets[..<kept] + sample.targets[(kept + cut)...]), turnEnd: sample.turnEnd)
    }

    /// A document in pieces of at most `maxLength` tokens. Each begins with the last token of the one before, so every
    /// token but the first is predicted exactly once.
    private func split(_ sample: Sample) -> Result {
        var result = Result()
        if sample.count <= maxLength {
            result.samples = [sample]
            return result
        }
        for start in stride(from: 0, to: sample.count - 1, by: maxLength - 1) {
            let range = start..<min(start + maxLength, sample.count)
            let piece = Sample(
                ids: Array(sample.ids[range]), targets: Array(sample.targets[range]), turnEnd: sample.turnEnd)
            // One of nothing but what normalization has put in teaches nothing.
            if piece.targetCount > 0 { result.samples.append(piece) }
        }
        return result
    }
}

extension Conversation {
    /// The same with loss on its last answer only.
    fileprivate static func lastAnswer(of conversation: Conversation) -> Conversation {
        var conversation = conversation
        conversation.firstAnswer = max(conversation.firstAnswer, conversation.answers.last ?? 0)
        return conversation
    }
}
