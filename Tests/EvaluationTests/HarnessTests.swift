import Datasets
import Evaluation
import Foundation
import OrderedJSON
import Recipes
import Testing
import Tokenizers

/// Row by row what lm-evaluation-harness 0.4.13 gives (scripts/fixtures/make_lm_eval_fixture.py), in f32.
@Suite(.serialized) struct HarnessTests {
    private let folder = projectRoot + "/Tests/Fixtures/evaluation"
    private let chat = "<|im_start|>user\n{{prompt}}<|im_end|>\n<|im_start|>assistant\n"

    /// The tasks as the script describes them.
    private func tasks(chat: Bool) -> [TaskSettings] {
        var choices = TaskSettings(name: "choices", data: [folder + "/choices.jsonl"])
        choices.prompt = "Question: {{question}}\nAnswer:"
        var shown = choices
        shown.name = "choices_shown"
        shown.fewShot = FewShotSettings()
        shown.fewShot?.rows = 3
        var texts = TaskSettings(name: "texts", data: [folder + "/texts.jsonl"])
        texts.rolling = true
        var answers = TaskSettings(name: "answers", data: [folder + "/answers.jsonl"])
        answers.prompt = chat ? self.chat : "{{prompt}}"
        answers.maxTokens = 24
        answers.stop = ["\n"]
        var asked = choices
        asked.name = "choices_chat"
        asked.prompt = self.chat.replacing("prompt", with: "question")
        asked.delimiter = ""
        return [choices, shown, texts, answers] + (chat ? [asked] : [])
    }

    @Test(arguments: [("tiny", tinyModel), ("stories260K", nil)])
    func rowsAreThoseOfTheHarness(name: String, path: String?) throws {
        guard let path = path ?? sharedModel(name) else { return }
        let wanted = try #require(try JSONValue(contentsOfFile: folder + "/lm_eval.json")[name])
        let subject = try Subject(path)
        let stop = Set([subject.tokenizer.eosID].compactMap { $0 })
        let settings = tasks(chat: name == "tiny")
        let results = try subject.results(try subject.reader(.none, stop: stop).read(settings).tasks)
        for task in results.tasks {
            let rows = try #require(wanted[task.name]?["rows"]?.arrayValue)
            #expect(rows.count == task.rows.count)
            for (row, outcome) in zip(rows, task.outcomes[0]) {
                if let values = row["log_likelihoods"]?.arrayValue {
                    #expect(values.count == outcome.logLikelihoods.count)
                    for (value, own) in zip(values, outcome.logLikelihoods) {
                        #expect(abs((value.doubleValue ?? 0) - own) < 1e-3)
                    }
                    #expect(outcome.scores["accuracy"]?.sum == row["acc"]?.doubleValue)
                    #expect(outcome.scores["accuracy_norm"]?.sum == row["acc_norm"]?.doubleValue)
                } else if let value = row["log_likelihood"]?.doubleValue {
                    #expect(abs((outcome.scores["loss"]?.sum ?? 0) + value) < 1e-3)
                    #expect(outcome.scores["byte_perplexity"]?.weight == row["bytes"]?.doubleValue)
                    #expect(outcome.scores["word_perplexity"]?.weight == row["words"]?.doubleValue)
                } else {
                    let text = try #require(row["text"]?.stringValue)
                    #expect(outcome.answer.map { $0.trimmed } == text.trimmed)
                    #expect(outcome.scores["exact_match"]?.sum == row["exact_match"]?.doubleValue)
                }
            }
            for (total, own) in [
                ("acc", "accuracy"), ("acc_norm", "accuracy_norm"), ("exact_match", "exact_match"),
                ("word_perplexity", "word_perplexity"), ("byte_perplexity", "byte_perplexity"),
                ("bits_per_byte", "bits_per_byte"),
            ] {
                guard let value = wanted[task.name]?["totals"]?[total]?.doubleValue else { continue }
                let metric = try #require(task.metric(own))
                let mean = try #require(task.scores(metric, model: 0).mean)
                #expect(abs(metric.value(ofMean: mean) / value - 1) < 1e-4 || value == mean)
            }
        }
        #expect(results.tasks.count == settings.count)
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
