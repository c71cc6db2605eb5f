import Datasets
import Diagnostics
import Evaluation
import Foundation
import Models
import OrderedJSON
import Recipes
import Testing
import Tokenizers

/// Rows of every kind, and what is wrong with them.
@Suite(.serialized) struct TaskReaderTests {
    private let scratch: Scratch
    private let subject: Subject

    init() throws {
        scratch = try Scratch()
        subject = try Subject(tinyModel)
    }

    private func problems(_ settings: [TaskSettings], _ source: PromptRenderer.Source = .model) -> [Problem] {
        let reader = subject.reader(source)
        return #expect(throws: Problems.self) { _ = try reader.read(settings) }?.list ?? []
    }

    @Test func faultsOfAllFilesAreToldTogether() throws {
        let empty = try scratch.text("empty.jsonl", "\n\n")
        let choices = try scratch.rows(
            "choices.jsonl",
            [
                ["question": "?", "choices": ["a", "b"], "answer": 1],
                ["question": "?", "choices": ["a", "b"], "answer": 2],
                ["question": "?", "choices": ["a", "b"], "answer": "c"],
                ["question": "?", "choices": ["a", "b"], "anwser": 0],
                ["question": "?", "choices": ["a"], "answer": 0],
                ["question": "?", "choices": ["a", ""], "answer": 0],
                ["qestion": "?", "choices": ["a", "b"], "answer": 0], ["text": "another kind"],
                ["question": .string(String(repeating: "long ", count: 2000)), "choices": ["a", "b"], "answer": 0],
            ])
        let written = try scratch.rows(
            "written.jsonl",
            [
                ["prompt": "?", "reference": "x"], ["prompt": "?", "references": []], ["reference": "x"],
                ["nothing": 1],
            ])
        let found = problems([
            TaskSettings(data: [empty]), TaskSettings(data: [choices]), TaskSettings(data: [written]),
            TaskSettings(data: ["/does/not/exist.jsonl"]),
        ])
        #expect(found.filter { $0.file == choices }.map(\.line) == [2, 3, 4, 5, 6, 7, 8, 9])
        #expect(found.filter { $0.file == written }.map(\.line) == [2, 3, 4])
        #expect(found.contains { $0.file == empty } && found.contains { $0.file == "/does/not/exist.jsonl" })
        let text = Problems(found).description
        for words in [
            "'answer' is 2, but there are 2 choices", "did you mean 'anwser'?", "'choices' has 1",
            "choices[1] is empty",
            "another kind (held-out rows)", "more than the model's 1024 positions",
        ] { #expect(text.contains(words), "\(words) in \(text)") }
    }

    /// What a task says and its rows cannot use.
    @Test func settingsWithoutMeaningAreTold() throws {
        let choices = try scratch.rows("choices.jsonl", [["question": "?", "choices": ["a", "b"], "answer": 1]])
        let written = try scratch.rows("written.jsonl", [["prompt": "?", "reference": "x"]])
        var unjudged = TaskSettings(data: [choices])
        unjudged.schema = try scratch.text("schema.json", #"{"type": "strnig"}"#)
        #expect(problems([unjudged]).map(\.file) == [unjudged.schema])
        // Keys that change nothing for the rows there are.
        let chats = try scratch.rows("said.jsonl", [["prompt": "?", "completion": "x"]])
        var idle = TaskSettings(name: "said", data: [chats])
        (idle.prompt, idle.regex, idle.fewShot) = ("{{prompt}}", "x", FewShotSettings())
        idle.fewShot?.rows = 1
        idle.fewShot?.data = written
        #expect(
            problems([idle]).map(\.message).filter { $0.contains("no meaning for rows of this kind (held-out rows)") }
                .map { String($0.split(separator: "'")[3]) } == ["prompt", "few_shot", "regex"])
        var windows = TaskSettings(data: [chats])
        windows.rolling = true
        #expect(problems([windows]).map(\.message) == ["is no text, which rolling windows are for"])
    }

    /// Rows of every kind that are longer than the context, which no other limit is named for.
    @Test func rowsLongerThanTheContextAreToldAlike() throws {
        let long = JSONValue.string(String(repeating: "long ", count: 2000))
        let rows: [(row: JSONValue, gives: Int)] = [
            (["question": long, "choices": ["a", "b"], "answer": 0], 0), (["prompt": long, "reference": "x"], 0),
            (["prompt": long, "chosen": "a", "rejected": "b"], 0), (["prompt": "a", "completion": long], 0),
            (["text": long], 1),
        ]
        let settings = try rows.enumerated().map { number, one in
            TaskSettings(data: [try scratch.rows("long\(number).jsonl", [one.row])])
        }
        let found = problems(settings)
        #expect(found.map(\.line) == [1, 1, 1, 1])
        #expect(found.allSatisfy { $0.message.hasSuffix("the model's 1024 positions") }, "\(found)")
        #expect(found.allSatisfy { $0.advice == "shorten the row, or ask with fewer few-shot rows" })
        var reader = subject.reader()
        reader.tooLong = .drop
        for (settings, one) in zip(settings, rows) where one.gives == 0 {
            let nothing = #expect(throws: Problems.self) { try reader.read([settings]) }
            #expect(nothing?.list.map(\.message) == ["there are no rows to evaluate"])
        }
    }

    @Test func templatesAskForKeysThatRowsHave() throws {
        let file = try scratch.rows("rows.jsonl", [["question": "Who?", "choices": ["a", "b"], "answer": "B"]])
        var settings = TaskSettings(data: [file])
        settings.prompt = "Q: {{ qestion }}\nA:"
        #expect(problems([settings])[0].message.contains("has no 'qestion'"))
        #expect(problems([settings])[0].advice == "did you mean 'question'?")
        settings.prompt = "Q: {{ question | upper }}\nA:"
        let task = try subject.reader(.none).read([settings]).tasks[0]
        #expect(task.rows[0].row.prompt == "Q: WHO?\nA:" && task.rows[0].row.answer == 1)
    }

    /// What no row of a task can give is not one of its metrics, and is told before a model is asked.
    @Test func metricsAreThoseThatRowsGive() throws {
        let rows: [String: [JSONValue]] = [
            "written": [["prompt": "?", "reference": "x"], ["prompt": "?", "reference": "y"]],
            "matched": [["prompt": "?", "reference": "x"], ["prompt": "?", "reference": "y", "regex": "y"]],
            "text": [["text": "Once."]], "ids": [["input_ids": [5, 6, 7]]],
        ]
        func settings(_ name: String, _ metrics: String...) throws -> TaskSettings {
            var settings = TaskSettings(name: name, data: [try scratch.rows("\(name).jsonl", rows[name] ?? [])])
            settings.metrics = metrics
            return settings
        }
        let impossible = try [
            settings("written", "regex", "exact_match"), settings("written", "json_schema"),
            settings("text", "word_perplexity"), settings("text", "exact_match"), settings("written", "exact_mach"),
        ]
        let found = problems(impossible)
        #expect(
            found.map(\.message) == [
                "task 'written' has no metric 'regex'", "task 'written-2' has no metric 'json_schema'",
                "task 'text' has no metric 'word_perplexity'", "task 'text-2' has no metric 'exact_match'",
                "task 'written-3' has no metric 'exact_mach'",
            ])
        #expect(found[0].advice?.contains("exact_match, f1, rouge_l") == true, "\(found[0].advice ?? "")")
        #expect(found[4].advice == "did you mean 'exact_match'?")
        let possible = try [settings("matched", "regex"), settings("text", "byte_perplexity"), settings("ids", "loss")]
        let tasks = try subject.reader().read(possible).tasks
        #expect(tasks.map { $0.metrics.first?.name } == ["regex", "byte_perplexity", "loss"])
        // Without a tokenizer no text has a length.
        let reader = TaskReader(
            tokenizer: try Tokenizer.none(), config: subject.files.description.config, stopIDs: [], modelPath: tinyModel
        )
        let ids = try reader.read([TaskSettings(data: [scratch.path + "/ids.jsonl"])]).tasks[0]
        #expect(ids.metrics.map(\.name) == ["loss", "perplexity"])
    }

    /// Chats are asked for answers only where something is measured of them, which takes far longer than a likelihood.
    @Test func onlyWhatIsMeasuredIsAsked() throws {
        let file = try scratch.rows("chats.jsonl", [["prompt": "Who?", "completion": "A farmer"]])
        func answers(_ metrics: String...) throws -> [String?] {
            var settings = TaskSettings(data: [file])
            settings.metrics = metrics.isEmpty ? nil : metrics
            settings.maxTokens = 2
            let results = try subject.results(try subject.reader().read([settings]).tasks)
            #expect(metrics.allSatisfy { results.tasks[0].metric($0) != nil })
            return results.tasks[0].outcomes[0].map(\.answer)
        }
        #expect(try answers("loss", "bits_per_byte") == [nil])
        for wanted in [try answers(), try answers("loss", "f1"), try answers("loss", "unfinished")] {
            #expect(wanted != [nil])
        }
    }

    /// One letter written in two ways is two choices; the same choice twice is one.
    @Test func choicesAreToldApartByCodePoints() throws {
        let choices: JSONValue = ["caf\u{e9}", "cafe\u{301}", "caf\u{e9}"]
        let file = try scratch.rows(
            "accents.jsonl", [["question": "?", "choices": choices, "answer": "cafe\u{301}"]])
        let results = try subject.results(try subject.reader().read([TaskSettings(data: [file])]).tasks)
        #expect(results.tasks[0].rows[0].answer == 1)
        let values = results.tasks[0].outcomes[0][0].logLikelihoods
        #expect(values.count == 3 && values[0] != values[1])
        let weights = [values[0], values[1], values[0]].map { exp($0) }
        let wanted = weights[1] / weights.reduce(0, +)
        let own = results.tasks[0].outcomes[0][0].scores["right_probability"]?.sum ?? -1
        #expect(abs(own / wanted - 1) < 1e-9, "\(own), not \(wanted)")
    }

    @Test func chatsNeedATemplate() throws {
        let folder = scratch.path + "/bare"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: tinyModel + "/tokenizer.json", toPath: folder + "/tokenizer.json")
        var settings = try JSONValue(contentsOfFile: tinyModel + "/tokenizer_config.json").objectValue ?? JSONObject()
        settings["chat_template"] = nil
        _ = try scratch.text("bare/tokenizer_config.json", JSONValue.object(settings).serialized())
        var reader = TaskReader(
            tokenizer: try Tokenizer.load(directory: folder), config: subject.files.description.config, stopIDs: [],
            modelPath: folder)
        let file = try scratch.rows(
            "rows.jsonl", [["messages": [["role": "user", "content": "Hi"]], "reference": "Hello"]])
        let problems = #expect(throws: Problems.self) { _ = try reader.read([TaskSettings(data: [file])]) }
        #expect(problems?.list.map(\.message) == ["is a chat, but the model has no chat template"])
        reader.template = .none
        #expect(try reader.read([TaskSettings(data: [file])]).tasks[0].rows.count == 1)
    }

    @Test func kindsAreRecognisedByKeys() throws {
        let kinds: [(TaskKind, JSONValue)] = [
            (.heldOut, ["text": "Once."]), (.heldOut, ["prompt": "a", "completion": "b"]),
            (.choices, ["prompt": "a", "choices": ["b", "c"], "answer": 0]),
            (.generation, ["messages": [["role": "user", "content": "Hi"]], "reference": "b"]),
            (.generation, ["prompt": "a", "references": ["b", "c"]]),
            (.preference, ["prompt": "a", "chosen": "b", "rejected": "c"]),
        ]
        let settings = try kinds.enumerated().map { number, kind in
            TaskSettings(data: [try scratch.rows("kind\(number).jsonl", [kind.1])])
        }
        let tasks = try subject.reader().read(settings).tasks
        #expect(tasks.map(\.kind) == kinds.map(\.0))
        let results = try subject.results(tasks)
        for task in results.tasks {
            for metric in task.metrics where metric.role == .quality {
                #expect(task.scores(metric, model: 0).mean != nil, "\(metric.name) of \(task.name)")
            }
        }
        let preference = results.tasks[5]
        #expect(preference.outcomes[0][0].logLikelihoods.count == 2)
    }

    @Test func namesFollowFromFiles() throws {
        let rows: [JSONValue] = [["text": "Once."]]
        try FileManager.default.createDirectory(
            atPath: scratch.path + "/handbook", withIntermediateDirectories: true)
        let files = try ["handbook/eval.jsonl", "prices.v2.jsonl", "handbook/test.jsonl"].map {
            TaskSettings(data: [try scratch.rows($0, rows)])
        }
        let named = ["own", "own", "own-2"].map { TaskSettings(name: $0, data: files[0].data) }
        let tasks = try subject.reader().read(files + named).tasks
        #expect(tasks.map(\.name) == ["handbook", "prices-v2", "handbook-2", "own", "own-2", "own-2-2"])
    }

    /// A prompt of 500 tokens with four choices of ten runs at most 1.15 times the tokens of one choice.
    @Test func choicesShareTheirPrompt() {
        let prompt = [Int32](repeating: 1, count: 500)
        let choice = [Int32](repeating: 2, count: 10)
        let one = ChoicePass.tokens((prompt: prompt, continuations: [choice]))
        let four = ChoicePass.tokens((prompt: prompt, continuations: Array(repeating: choice, count: 4)))
        #expect(one == 509 && Double(four) <= 1.15 * Double(one))
    }

    /// Choices share their prompt's keys and values: the same numbers as each sequence by itself.
    @Test func sharingChangesNoLikelihood() throws {
        let questions: [JSONValue] = (0..<4).map { row in
            let story = String(repeating: "The farmer went to market \(row % 2) again. ", count: 20)
            return [
                "prompt": .string(story + "Then the farmer"), "choices": ["slept", "went home with a cow", "ate"],
                "answer": 0,
            ]
        }
        let file = try scratch.rows("choices.jsonl", questions)
        let results = try subject.results(try subject.reader(.none).read([TaskSettings(data: [file])]).tasks)
        var alone: [[Double]] = []
        for question in questions {
            let prompt = question["prompt"]?.stringValue ?? ""
            let texts = (question["choices"]?.arrayValue ?? []).compactMap(\.stringValue)
            let one = try texts.map { choice in
                let context = subject.tokenizer.encode(prompt)
                let ids = subject.tokenizer.encode(prompt + " " + choice)
                let row: JSONValue = [
                    "input_ids": .array(ids.map { .integer(Int($0)) }),
                    "labels": .array(ids.indices.map { .integer($0 < context.count ? -100 : Int(ids[$0])) }),
                ]
                let own = try scratch.rows("alone.jsonl", [row])
                let result = try subject.results(try subject.reader(.none).read([TaskSettings(data: [own])]).tasks)
                return -result.tasks[0].scores(.loss, model: 0).sums[0]
            }
            alone.append(one)
        }
        for (outcome, values) in zip(results.tasks[0].outcomes[0], alone) {
            for (own, value) in zip(outcome.logLikelihoods, values) { #expect(abs(own - value) < 1e-4) }
        }
    }
}
