import Diagnostics
import Evaluation
import OrderedJSON
import Recipes
import Testing

/// Gates: how they are written, what is wrong with them, how they are judged.
struct GateTests {
    @Test func gatesAreRead() throws {
        let gate = try Gate("handbook.exact_match >= base + 0.2")
        #expect(gate.task == "handbook" && gate.metric == "exact_match" && gate.relation == .atLeast)
        #expect(gate.required == .base(times: 1, plus: 0.2) && gate.namesBase && gate.category == nil)
        #expect(try Gate("general.perplexity<=base*1.05").required == .base(times: 1.05, plus: 0))
        #expect(try Gate("g.loss < base - 1e-2").required == .base(times: 1, plus: -0.01))
        #expect(try Gate("g.loss < base").required == .base(times: 1, plus: 0))
        let named = try Gate("g.accuracy:price list > 0.8")
        #expect(named.category == "price list" && named.required == .value(0.8) && named.relation == .above)
    }

    @Test(arguments: [
        "", "accuracy > 0.5", "a.b", "a.b > ", "a.b > many", "a.b > base / 2", "a.b = 1", "a.b > base + x",
        "a.b >= base * 1e308", "a.b > nan", "a.b > inf",
    ])
    func whatIsNoGateIsRefused(text: String) { #expect(throws: Problem.self) { try Gate(text) } }

    /// Twenty rows: the base has five right, the adapted fifteen; losses fall by a tenth.
    private var results: EvaluationResults {
        let exact = Metric(name: "exact_match", title: "exact match", isYesNo: true)
        func outcomes(right: Int, loss: Double) -> [RowOutcome] {
            (0..<20).map { row in
                var outcome = RowOutcome()
                outcome.scores["exact_match"] = RowScore(row < right ? 1 : 0)
                outcome.scores["loss"] = RowScore(loss * 10 + Double(row % 3) * 0.01, weight: 10)
                return outcome
            }
        }
        let rows = (0..<20).map { TaskRow(file: 0, line: $0 + 1, prompt: "") }
        let task = TaskResult(
            name: "t", kind: .heldOut, files: [EvaluatedFile(path: "t.jsonl", hash: "")],
            metrics: [exact, .loss, .perplexity], rows: rows,
            outcomes: [outcomes(right: 5, loss: 2), outcomes(right: 15, loss: 1.9)])
        return EvaluationResults(
            program: "test", settings: JSONObject(),
            models: [
                EvaluatedModel(name: "base", path: "m", modelHash: ""),
                EvaluatedModel(name: "a", path: "m", adapter: "a", modelHash: ""),
            ], tasks: [task])
    }

    @Test(arguments: [
        ("t.exact_match >= base + 0.2", true, true), ("t.exact_match >= base + 0.45", false, true),
        ("t.exact_match >= base + 0.6", false, false), ("t.exact_match > 0.5", true, true),
        ("t.exact_match > 0.7", false, true), ("t.exact_match >= base * 3", false, true),
        ("t.perplexity <= base * 0.95", true, true), ("t.perplexity <= base * 0.9", false, false),
        ("t.loss <= base - 0.09", true, true), ("t.loss < 1.8", false, false),
    ])
    func gatesAreJudged(text: String, byBound: Bool, byValue: Bool) throws {
        let gate = try Gate(text)
        #expect(gate.judged(results, by: .bound).map(\.isMet) == [byBound])
        #expect(gate.judged(results, by: .value).map(\.isMet) == [byValue])
    }

    /// All rows may be left out as leaked, and a metric may apply to none: that is no reason to ship.
    @Test(arguments: ["t.exact_match >= 0", "t.exact_match >= base - 1", "t.loss <= 100"])
    func nothingMeasuredMeetsNoGate(text: String) throws {
        var results = self.results
        results.tasks[0].rows = []
        results.tasks[0].outcomes = [[], []]
        let judged = try Gate(text).judged(results)
        #expect(judged.map(\.isMet) == [false])
        results.gates = judged
        #expect(EvaluationReport(results).json["gates"]?[0]?["value"] == .null)
        #expect(EvaluationReport(results).html().contains("failed"))
    }
}
