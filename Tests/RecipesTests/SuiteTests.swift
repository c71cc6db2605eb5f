import Diagnostics
import Recipes
import Testing

/// Suites: what they hold, and every mistake in them at once.
struct SuiteTests {
    @Test func suitesAreRead() throws {
        let suite = try Suite.read(
            """
            tasks:
              - name: prices
                data: [a.jsonl, b.jsonl]
                prompt: "Question: {{question}}\\nAnswer:"
                few_shot: 3
                metrics: accuracy
                delimiter: ""
              - {data: c.jsonl, general: true, stop: ["\\n"], few_shot: {rows: 2, data: d.jsonl}}
            gates:
              - prices.accuracy >= base + 0.1
            """, file: "suite.yaml")
        #expect(suite.tasks.map(\.name) == ["prices", ""] && suite.tasks[0].data == ["a.jsonl", "b.jsonl"])
        #expect(suite.tasks[0].prompt == "Question: {{question}}\nAnswer:" && suite.tasks[0].fewShot?.rows == 3)
        #expect(suite.tasks[0].metrics == ["accuracy"] && suite.tasks[0].delimiter.isEmpty)
        #expect(suite.tasks[1].general && suite.tasks[1].stop == ["\n"] && suite.tasks[1].fewShot?.data == "d.jsonl")
        #expect(suite.gates == ["prices.accuracy >= base + 0.1"])
    }

    @Test func mistakesAreToldTogether() {
        let problems = #expect(throws: Problems.self) {
            try Suite.read(
                """
                tasks:
                  - nmae: prices
                    data: a.jsonl
                    limit: 0
                  - few_shot: {row: 2}
                    regex: "("
                gate: x
                """, file: "suite.yaml")
        }
        #expect(problems?.list.map(\.line) == [2, 4, 5, 5, 6, 5, 7])
        #expect(problems?.list.first?.advice == "did you mean 'name'?")
        #expect(problems?.list.last?.advice == "did you mean 'gates'?")
    }

    @Test(arguments: ["", "tasks: []", "- a", "gates: []"])
    func suitesWithoutTasksAreRefused(text: String) {
        #expect(throws: Problems.self) { try Suite.read(text, file: "suite.yaml") }
    }
}
