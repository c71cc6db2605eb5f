import Foundation
import OrderedJSON
import Testing

/// `graft eval` as its users see it, with the model that comes with the project.
@Suite("eval", .serialized)
struct EvalTests {
    private let folder: TemporaryFolder
    private let model = Project.path("checkpoints/tiny")

    init() throws {
        folder = try TemporaryFolder()
        let choices = (0..<12).map { row -> JSONValue in
            [
                "question": .string("Which number follows \(row)?"), "choices": ["a cow", .string("\(row + 1)")],
                "answer": 1, "category": .string(row < 6 ? "small" : "large"),
            ]
        }
        _ = try folder.write("choices.jsonl", choices.map { $0.serialized() + "\n" }.joined())
        _ = try folder.write(
            "texts.jsonl", #"{"text": "The farmer went to market."}"# + "\n" + #"{"text": "It rained all day."}"# + "\n"
        )
        _ = try folder.write("bad.jsonl", #"{"question": "?", "choices": ["a", "b"], "answer": 7}"# + "\n")
    }

    private func eval(_ arguments: String...) throws -> Run {
        try Graft.run(
            ["eval", "--model", model, "--precision", "f32"] + arguments,
            environment: ["GRAFT_CACHE": folder.url.path + "/cache"], in: folder.url)
    }

    @Test("tables, results and gates; what was asked is not asked again")
    func tasks() throws {
        let run = try eval(
            "--data", "choices.jsonl", "--general", "texts=texts.jsonl", "--results", "rows.jsonl", "--gate",
            "choices.accuracy >= 0", "--gate", "texts.loss < 0.1")
        #expect(run.status == 3, "\(run.errors)")
        #expect(run.errors.contains("a gate was not met"))
        for words in [
            "choices: 12 rows, multiple choice", "accuracy", "small (6)", "FAILED  texts.loss < 0.1", "met  ",
        ] {
            #expect(run.output.contains(words), "\(words) in \(run.output)")
        }
        let lines = try String(contentsOfFile: folder.url.path + "/rows.jsonl", encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 1 + 12 + 2)
        let summary = try JSONValue(parsing: String(lines[0]))
        #expect(summary["results"]?.arrayValue?.count == 4 && summary["gates"]?.arrayValue?.count == 2)
        #expect(summary["models"]?[0]?["model_hash"]?.stringValue?.hasPrefix("sha256:") == true)
        let row = try JSONValue(parsing: String(lines[1]))
        #expect(row["outcomes"]?[0]?["log_likelihoods"]?.arrayValue?.count == 2)

        let kept = try FileManager.default.contentsOfDirectory(atPath: folder.url.path + "/cache/evaluations")
        #expect(kept.count == 1)
        let journal = folder.url.path + "/cache/evaluations/" + kept[0]
        let attributes = try FileManager.default.attributesOfItem(atPath: journal)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        let before = try Data(contentsOf: URL(fileURLWithPath: journal))
        let again = try eval("--data", "choices.jsonl", "--general", "texts=texts.jsonl", "--json")
        #expect(again.status == 0 && again.lines.count == 1, "\(again.errors)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: journal)) == before)
        let first = try JSONValue(parsing: again.output)["results"]?[0]
        #expect(first == summary["results"]?[0])
    }

    @Test("every mistake is told, and nothing is asked")
    func mistakes() throws {
        let suite = "tasks:\n  - {data: bad.jsonl, metric: accuracy}\n"
        _ = try folder.write("suite.yaml", suite)
        let run = try eval(
            "--data", "bad.jsonl", "missing.jsonl", "--suite", "suite.yaml", "--gate", "nonsense", "--adapter",
            "nowhere")
        #expect(run.status == 2 && run.output.isEmpty)
        for words in [
            "bad.jsonl:1: 'answer' is 7", "missing.jsonl", "suite.yaml:2:", "did you mean 'metrics'?",
            "the gate 'nonsense'", "nowhere",
        ] { #expect(run.errors.contains(words), "\(words) in \(run.errors)") }
        #expect(!FileManager.default.fileExists(atPath: folder.url.path + "/cache"))
        let gate = try eval("--data", "choices.jsonl", "--gate", "choices.acuracy > base")
        #expect(gate.status == 2 && gate.errors.contains("did you mean 'accuracy'?"), "\(gate.errors)")
        #expect(try eval().status == 2)
        // A template that is none hides nothing else, and no report takes the place of anything that is read.
        _ = try folder.write("broken.jinja", "{% for")
        let broken = try eval("--data", "choices.jsonl", "missing.jsonl", "--template", "broken.jinja")
        #expect(broken.status == 2 && broken.errors.contains("missing.jsonl: does not exist"), "\(broken.errors)")
        #expect(broken.errors.components(separatedBy: "broken.jinja:1:").count == 2, "\(broken.errors)")
        _ = try folder.write("shown.jsonl", #"{"question": "?", "choices": ["a", "b"], "answer": 1}"# + "\n")
        _ = try folder.write("few.yaml", "tasks:\n  - {data: choices.jsonl, few_shot: {rows: 1, data: shown.jsonl}}\n")
        let replaced = try eval("--suite", "few.yaml", "--results", "shown.jsonl")
        #expect(
            replaced.status == 2 && replaced.errors.contains("shown.jsonl: is read, and --results would replace it"))
        // Training rows are read before a model is asked.
        _ = try folder.write("train.jsonl", "{\"text\": \"a\"}\nno JSON\n")
        let late = try eval("--data", "choices.jsonl", "--train", "train.jsonl")
        #expect(late.status == 2 && late.errors.contains("train.jsonl:2: not valid JSON"), "\(late.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder.url.path + "/cache"))
    }

    @Test("an expression with too many ways to match ends with one line that names the row")
    func endlessExpression() throws {
        // Whatever the model writes, there are 2⁴⁰ ways to see that it is no match.
        let row = #"{"prompt": "Who?", "reference": "x", "regex": "(?:a?|b?){40}[^\\s\\S]"}"#
        _ = try folder.write("endless.jsonl", row + "\n")
        let run = try eval("--data", "endless.jsonl", "--max-tokens", "24")
        #expect(run.status == 1 && run.output.isEmpty)
        #expect(
            run.errors.contains("error: endless.jsonl:1: regex cannot be told of the answer: there are too many ways"),
            "\(run.errors)")
    }

    @Test("another build asks anew; results go where a link leads")
    func builds() throws {
        // Another file of the same program: its time differs.
        let copy = folder.url.appendingPathComponent("other-build")
        try FileManager.default.copyItem(at: Graft.program, to: copy)
        for program in [Graft.program, Graft.program, copy] {
            let run = try Graft.run(
                ["eval", "--model", model, "--data", "choices.jsonl", "--results", "link.jsonl"],
                environment: ["GRAFT_CACHE": folder.url.path + "/cache"], program: program, in: folder.url)
            #expect(run.status == 0, "\(run.errors)")
            if program == copy { continue }
            try? FileManager.default.removeItem(atPath: folder.url.path + "/link.jsonl")
            try FileManager.default.createSymbolicLink(
                atPath: folder.url.path + "/link.jsonl", withDestinationPath: "kept.jsonl")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path + "/cache/evaluations").count == 2)
        let kept = try String(contentsOfFile: folder.url.path + "/kept.jsonl", encoding: .utf8)
        #expect(kept.split(separator: "\n").count == 13)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: folder.url.path + "/link.jsonl") == "kept.jsonl")
    }
}
