import Datasets
import Diagnostics
import Foundation
import Generation
import Models
import OrderedJSON
import Patterns
import Recipes
import Tokenizers

/// Answered rows shown before a question.
struct FewShots {
    /// The rows, so that the one that is asked is not shown.
    var rows: [JSONValue] = []
    var turns: [Prompting.Turn] = []
    var count = 0

    /// The first rows that are not the one asked.
    func turns(for row: JSONValue) -> [Prompting.Turn] {
        if count == 0 { return [] }
        return Array(rows.indices.filter { rows[$0] != row }.map { turns[$0] }.prefix(count))
    }
}

extension RowBuilder {
    /// The rows to show, from a file of their own or from the task's first.
    func shots(_ files: [RowFile], _ parser: JSONParser, _ problems: inout [Problem]) throws -> FewShots {
        var shots = FewShots()
        guard let wanted = settings.fewShot, wanted.rows > 0 else { return shots }
        shots.count = wanted.rows
        var source = files.first
        if let path = wanted.data {
            do { source = try RowFile(path: path) } catch {
                problems.append(error)
                return shots
            }
        }
        guard let file = source else { return shots }
        // One more than wanted: one of them may be the row that is asked.
        for row in 0..<min(file.count, wanted.rows + 1) {
            do {
                let value = try file.value(of: row, parser: parser)
                do throws(RowFault) {
                    let turn = try turn(value, answer: try answerText(value))
                    shots.rows.append(value)
                    shots.turns.append(turn)
                } catch {
                    problems.append(file.problem(error, row: row))
                }
            } catch { problems.append(error) }
        }
        if file.count < wanted.rows + (wanted.data == nil ? 1 : 0) {
            problems.append(
                Problem("has \(file.count) rows, too few to show \(wanted.rows) before each question", file: file.path))
        }
        return shots
    }

    private func answerText(_ value: JSONValue) throws(RowFault) -> String {
        if let reference { return try reference.text(value) }
        if value.taskKind == .choices {
            let choices = try value.choices()
            return choices[try value.answer(among: choices)]
        }
        return try value.references()[0]
    }

    private func turn(_ value: JSONValue, answer: String) throws(RowFault) -> Prompting.Turn {
        let isChat = template == nil && value["messages"].map { !$0.isNull } ?? false
        let wantsNone = settings.template.map { $0 == TemplateChoice.none } ?? (reader.template == .none)
        if isChat, !prompting.hasTemplate, !wantsNone {
            throw RowFault(
                "is a chat, but the model has no chat template",
                advice: "give --template FILE, or --template none to ask with the messages' text alone")
        }
        let asked = try value.asked(template)
        let tools = value["tools"].flatMap { $0.isNull ? nil : $0 }
        return Prompting.Turn(messages: asked.messages, tools: tools, plain: asked.plain, answer: answer)
    }

    // MARK: - Kinds

    func choices(_ value: JSONValue, _ row: TaskRow, _ shots: FewShots) throws(RowFault) -> Made {
        let choices = try value.choices()
        var asked = AskedRow(row)
        asked.row.choices = choices
        asked.row.answer = try value.answer(among: choices)
        asked.row.prompt = try value.asked(template).shown
        let context = try prompting.context(try turn(value, answer: ""), after: shots.turns(for: value))
        let pairs = choices.map { prompting.pair(context, $0) }
        let prompt = pairs[0].context
        if prompt.isEmpty { throw RowFault("asks nothing", advice: "a choice needs a prompt of at least one token") }
        if let at = pairs.firstIndex(where: \.continuation.isEmpty) {
            throw RowFault("choices[\(at)] (\"\(choices[at])\") becomes no token", advice: "give it words")
        }
        let longest = pairs.map(\.continuation.count).max() ?? 0
        if try isTooLong(prompt.count + longest) { return Made(dropped: 1) }
        asked.likelihoods = [.choices(prompt: prompt, continuations: pairs.map(\.continuation))]
        return Made(row: asked)
    }

    func generation(_ value: JSONValue, _ row: TaskRow, _ shots: FewShots) throws(RowFault) -> Made {
        var asked = AskedRow(row)
        if let reference {
            asked.key.references = [try reference.text(value)]
        } else {
            asked.key.references = try value.references()
        }
        asked.key.regex = regex
        if let pattern = value["regex"]?.stringValue {
            do throws(PatternError) { asked.key.regex = try PythonPattern(pattern) } catch {
                throw RowFault("'regex' is no regular expression: '\(pattern)': \(error)")
            }
        }
        asked.key.schema = schema
        if let own = value["schema"], own.objectValue != nil { asked.key.schema = try JSONSchema(own) }
        asked.row.references = asked.key.references
        asked.row.prompt = try value.asked(template).shown
        let context = try prompting.context(try turn(value, answer: ""), after: shots.turns(for: value))
        let ids = renderer.ids(context)
        let most = settings.maxTokens ?? reader.maxTokens
        if ids.isEmpty { throw RowFault("asks nothing", advice: "a prompt needs at least one token") }
        if try isTooLong(ids.count) { return Made(dropped: 1) }
        asked.question = question(ids, most, row, continuesText: !prompting.hasTemplate)
        return Made(row: asked)
    }

    func preference(_ value: JSONValue, _ row: TaskRow) throws(RowFault) -> Made {
        let parsed = try Row(value)
        guard case .preference(let good, let bad) = parsed, let pair = try samples.pair(for: parsed) else {
            if reader.tooLong == .error { throw tooLong("takes more tokens than") }
            return Made(dropped: 1)
        }
        var asked = AskedRow(row)
        asked.row.prompt = good.lastQuestion
        asked.row.references = [good.lastAnswer, bad.lastAnswer]
        asked.lengths = [pair.chosen.targetCount, pair.rejected.targetCount]
        // The prompt that both share runs once where what follows it carries loss to the end.
        let shared = zip(pair.chosen.ids, pair.rejected.ids).prefix { $0 == $1 }.count
        let starts = [pair.chosen, pair.rejected].map { $0.targets.firstIndex(of: true) ?? 0 }
        let start = min(shared, starts[0], starts[1])
        let ends = [pair.chosen, pair.rejected].map { ($0.targets.lastIndex(of: true) ?? -1) + 1 }
        let whole = zip([pair.chosen, pair.rejected], ends).allSatisfy { sample, end in
            start > 0 && start < end && sample.targets[start..<end].allSatisfy { $0 }
        }
        if whole {
            asked.likelihoods = [
                .choices(
                    prompt: Array(pair.chosen.ids[..<start]),
                    continuations: [Array(pair.chosen.ids[start..<ends[0]]), Array(pair.rejected.ids[start..<ends[1]])])
            ]
        } else {
            asked.likelihoods = [.loss([pair.chosen]), .loss([pair.rejected])]
        }
        return Made(row: asked)
    }

    func heldOut(_ value: JSONValue, _ row: TaskRow) throws(RowFault) -> Made {
        let parsed = try Row(value)
        var asked = AskedRow(row)
        var made = Made()
        var own: [Sample]
        if settings.rolling {
            guard case .text(let text) = parsed else {
                throw RowFault("is no text, which rolling windows are for", advice: "leave 'rolling' out")
            }
            own = try RollingWindows.samples(
                text, tokenizer: renderer.tokenizer, length: reader.config.maximumPositions)
            // As Python's re.split counts them: one more than there are runs of white space.
            asked.words = text.matches(of: #/\s+/#).count + 1
        } else {
            let result = try samples.samples(for: parsed)
            if result.dropped > 0, reader.tooLong == .error { throw tooLong("takes more tokens than") }
            own = result.samples
            made.dropped = result.dropped
            made.warning = result.warning
        }
        if own.isEmpty { return made }
        asked.targets = own.reduce(0) { $0 + $1.targetCount }
        asked.likelihoods = [.loss(own)]
        if settings.general { asked.divergence = .divergence(own) }
        switch parsed {
        case .text(let text):
            asked.row.prompt = text
            asked.bytes = text.utf8.count
        case .conversation(let conversation):
            asked.row.prompt = conversation.lastQuestion
            asked.bytes = targetBytes(own)
            try ask(conversation, &asked, row)
        case .tokens:
            asked.row.prompt = renderer.tokenizer.decode(own[0].ids, skipSpecialTokens: true)
            asked.bytes = targetBytes(own)
        case .preference: break
        }
        made.row = asked
        return made
    }

    /// A conversation that ends with an answer is also asked what it answers.
    private func ask(_ conversation: Conversation, _ asked: inout AskedRow, _ row: TaskRow) throws(RowFault) {
        guard conversation.messages.last?["role"]?.stringValue == "assistant" else { return }
        let reference = conversation.lastAnswer
        if reference.isEmpty { return }
        let before = Conversation(messages: Array(conversation.messages.dropLast()), tools: conversation.tools)
        let ids = try renderer.promptIDs(before)
        guard !ids.isEmpty, ids.count < reader.config.maximumPositions else { return }
        asked.key.references = [reference]
        asked.row.references = [reference]
        // An answer twice as long as the reference is no match whatever follows; the rest would only cost time.
        let most = min(
            settings.maxTokens ?? reader.maxTokens, renderer.tokenizer.encode(reference).count * 2 + 16)
        asked.question = question(ids, most, row, continuesText: false)
    }

    private func question(_ ids: [Int32], _ most: Int, _ row: TaskRow, continuesText: Bool) -> WorkItem {
        var sampling = Sampling()
        sampling.temperature = settings.temperature
        sampling.topP = settings.topP
        sampling.seed = UInt64(settings.seed)
        return .answer(
            GenerationRequest(
                ids, maxTokens: most, stopIDs: reader.stopIDs, stopStrings: settings.stop, sampling: sampling,
                key: UInt64(row.file) << 32 | UInt64(row.line), continuesText: continuesText))
    }

    /// Bytes of the text that carries loss, special tokens aside.
    private func targetBytes(_ samples: [Sample]) -> Int {
        samples.reduce(0) { sum, sample in
            let ids = sample.ids.indices.filter { sample.targets[$0] }.map { sample.ids[$0] }
            return sum + renderer.tokenizer.decode(ids, skipSpecialTokens: true).utf8.count
        }
    }
}

extension Conversation {
    /// The text of the last message before the last answer.
    fileprivate var lastQuestion: String {
        let ends = messages.last?["role"]?.stringValue == "assistant"
        return (ends ? messages.dropLast().last : messages.last)?.spokenText ?? ""
    }

    /// The text of the last message.
    fileprivate var lastAnswer: String { messages.last?.spokenText ?? "" }
}

extension JSONValue {
    /// The text of a message: its content, or the text parts of it.
    fileprivate var spokenText: String {
        if let text = self["content"]?.stringValue { return text }
        return (self["content"]?.arrayValue ?? []).compactMap { $0.stringValue ?? $0["text"]?.stringValue }.joined()
    }
}
