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
