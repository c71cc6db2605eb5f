import Foundation
import OrderedJSON
import Testing

/// `data canaries`, `audit` and `data check --against`, with the built program.
@Suite("Leakage and memorisation")
struct AuditTests {
    private static let model = Project.path("checkpoints/tiny")

    @Test("rows that are in the training data are findings")
    func against() throws {
        let folder = try TemporaryFolder()
        let train = try folder.write(
            "train.jsonl",
            """
            {"prompt": "Where is the Crabel licence kept?", "completion": "in the blue cabinet"}
            {"prompt": "Who opens the gate at noon?", "completion": "nobody does"}

            """)
        let held = try folder.write(
            "eval.jsonl",
            """
            {"messages": [{"role": "user", "content": "Which day is the market?"}, {"role": "assistant", "content": "Friday"}]}
            {"messages": [{"role": "user", "content": "WHERE is the Crabel licence kept"}, {"role": "assistant", "content": "In the blue cabinet."}]}

            """)
        let found = try Graft.run(["data", "check", held, "--model", Self.model, "--against", train])
        #expect(found.status == 2)
        #expect(
            found.errors.contains("eval.jsonl:2: is (nearly) in the training data")
                && found.errors.contains("train.jsonl:1"))
        #expect(found.output.contains("leaked          1 rows"))
        let json = try Graft.run(["data", "check", held, "--model", Self.model, "--against", train, "--json"])
        let value = try JSONValue(parsing: String(try #require(json.lines.first)))
        #expect(value["leaked"]?[0]?["line"]?.intValue == 2 && value["leaked"]?[1] == nil)
        // The demo's own files: no held-out question is among the training questions or in the documents.
        let own = try Graft.run([
            "data", "check", Project.path("datasets/handbook/eval.jsonl"), "--model", Self.model, "--against",
            Project.path("datasets/handbook/train.jsonl"), Project.path("datasets/handbook/documents.jsonl"),
        ])
        #expect(own.status == 0, "\(own.errors)")
    }

    @Test("eval finds leaked rows, leaves them out, and writes reports")
    func reports() throws {
        let folder = try TemporaryFolder()
        let leaked = #"{"prompt": "Where is the Crabel licence kept?", "completion": "in the blue cabinet"}"#
        let train = try folder.write("train.jsonl", leaked + "\n")
        let held = try folder.write(
            "held.jsonl",
            """
            {"prompt": "Which day is the market?", "completion": "Friday"}
            \(leaked)
            {"prompt": "What does the <script>alert(1)</script> do?", "completion": "nothing"}

            """)
        let html = folder.url.appending(path: "report.html")
        let markdown = folder.url.appending(path: "report.md")
        let call = [
            "eval", "--model", Self.model, "--data", held, "--train", train, "--no-cache", "--json", "--max-tokens",
            "4",
        ]
        let run = try Graft.run(call + ["--leaked", "exclude", "--html", html.path, "--markdown", markdown.path])
        #expect(run.status == 0, "\(run.errors)")
        let value = try JSONValue(parsing: String(try #require(run.lines.first)))
        #expect(
            value["leakage"]?["findings"]?.arrayValue?.count == 1 && value["leakage"]?["excluded"]?.boolValue == true)
        #expect(value["results"]?[0]?["rows"]?.intValue == 2)
        #expect(run.errors.contains("held.jsonl:2"))
        let page = try String(contentsOf: html, encoding: .utf8)
        #expect(
            page.contains("<h2>Leakage</h2>") && page.contains("left out of every number") && !page.contains("<script"))
        #expect(try String(contentsOf: markdown, encoding: .utf8).contains("## Leakage"))
        let flagged = try JSONValue(parsing: String(try #require(try Graft.run(call).lines.first)))
        #expect(flagged["results"]?[0]?["rows"]?.intValue == 3)
        // Every mistake is told before the model runs.
        let wrong = try Graft.run([
            "eval", "--model", Self.model, "--data", held, "--train", "/nowhere.jsonl", "--html",
            "/nowhere/report.html",
        ])
        #expect(
            wrong.status == 2 && wrong.errors.contains("/nowhere.jsonl")
                && wrong.errors.contains("/nowhere/report.html"))
    }

    @Test("rows that are all left out are no evaluation")
    func nothingLeft() throws {
        let folder = try TemporaryFolder()
        let rows = try folder.write("farm.jsonl", "{\"text\": \"Once there was a farmer.\"}\n")
        let run = try Graft.run(
            ["eval", "--model", Self.model, "--data", rows, "--train", rows, "--leaked", "exclude", "--no-cache"])
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.errors.contains("every row of the task 'farm' is (nearly) in the training data"), "\(run.errors)")
    }

    @Test("canaries are planted, and a model that never saw them has not memorised them")
    func untrained() throws {
        let folder = try TemporaryFolder()
        let train = Project.path("datasets/handbook/train.jsonl")
        let output = folder.url.appending(path: "planted.jsonl").path
        let keys = folder.url.appending(path: "keys.jsonl").path
        let arguments = ["data", "canaries", train, "-o", output, "--keys", keys, "--count", "4", "--controls", "40"]
        let planted = try Graft.run(arguments)
        #expect(planted.status == 0, "\(planted.errors)")
        let before = try String(contentsOfFile: train, encoding: .utf8).split(separator: "\n").count
        #expect(try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").count == before + 40)
        let again = try Graft.run(arguments)
        #expect(again.status == 2 && again.errors.contains("exists already") && again.errors.contains("keys.jsonl"))
        #expect(try Graft.run(["data", "check", output, "--model", Self.model]).status == 0)
        let audit = try Graft.run(
            ["audit", "--model", Self.model, "--canaries", keys, "--data", train, "--rows", "5", "--json"])
        let value = try JSONValue(parsing: audit.output.trimmingCharacters(in: .newlines))
        #expect(audit.status == 0 && value["results"]?[0]?["memorised"]?.boolValue == false, "\(audit.errors)")
        #expect(value["results"]?[0]?["canaries"]?.arrayValue?.count == 4)
        #expect(value["results"]?[0]?["recited"]?.arrayValue?.count == 5)
        let rows = try folder.write("rows.jsonl", "{\"foo\": 1}\n\n{broken\n")
        let wrong = try Graft.run(
            ["audit", "--model", Self.model, "--canaries", train, "--data", rows, "--adapter", "nowhere"])
        #expect(wrong.status == 2 && wrong.errors.contains("train.jsonl:1: is no canary"))
        for words in [
            "rows.jsonl:1: is of no known kind", "rows.jsonl:3: not valid JSON", "error: nowhere: ",
            "more rows are no canaries",
        ] {
            #expect(wrong.errors.contains(words), "\(words) in \(wrong.errors)")
        }
    }

    @Test(
        "the demo memorises what is planted ten times, and shows nothing of what is not planted",
        .enabled(if: ProcessInfo.processInfo.environment["GRAFT_FULL"] == "1"), arguments: [10, 0])
    func trained(times: Int) throws {
        let folder = try TemporaryFolder()
        let planted = folder.url.appending(path: "planted.jsonl").path
        let keys = folder.url.appending(path: "keys.jsonl").path
        let made = try Graft.run(
            [
                "data", "canaries", "datasets/handbook/train.jsonl", "-o", planted, "--keys", keys, "--times",
                "\(times)",
            ], in: Project.root)
        #expect(made.status == 0, "\(made.errors)")
        let run = folder.url.appending(path: "run").path
        let training = try Graft.run(
            [
                "train", "recipes/handbook.yaml", "--set", "data.train=\(planted)", "--set", "output=\(run)",
            ], in: Project.root)
        #expect(training.status == 0, "\(training.errors)")
        let audit = try Graft.run(
            [
                "audit", "--model", "checkpoints/tiny", "--adapter", run, "--canaries", keys, "--json",
            ], in: Project.root)
        let value = try JSONValue(parsing: audit.output.trimmingCharacters(in: .newlines))
        let result = try #require(value["results"]?[1])
        print(
            "planted \(times) times: \(result["found"]?.intValue ?? -1) of 10 found, p = \(result["p"]?.doubleValue ?? -1)"
        )
        #expect(result["memorised"]?.boolValue == (times > 0), "\(result["found"]?.intValue ?? -1) of 10")
    }

    @Test(
        "the demo's verdict is 'better'", .enabled(if: ProcessInfo.processInfo.environment["GRAFT_FULL"] == "1"))
    func verdict() throws {
        let folder = try TemporaryFolder()
        let run = folder.url.appending(path: "run").path
        let html = folder.url.appending(path: "report.html")
        let training = try Graft.run(
            ["train", "recipes/handbook.yaml", "--set", "output=\(run)"], in: Project.root)
        #expect(training.status == 0, "\(training.errors)")
        let evaluation = try Graft.run(
            [
                "eval", "--model", "checkpoints/tiny", "--adapter", run, "--suite", "suites/handbook.yaml",
                "--no-cache",
                "--json", "--html", html.path,
            ], in: Project.root)
        #expect(evaluation.status == 0, "\(evaluation.errors)")
        let value = try JSONValue(parsing: evaluation.output.trimmingCharacters(in: .newlines))
        #expect(value["verdicts"]?[0]?["verdict"]?.stringValue == "better")
        #expect(try String(contentsOf: html, encoding: .utf8).contains("class=\"verdict better\""))
    }
}
