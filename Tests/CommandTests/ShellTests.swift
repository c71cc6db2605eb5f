import Foundation
import Testing

@Suite("The program's shell")
struct ShellTests {
    @Test("help and version are results")
    func help() throws {
        let help = try Graft.run(["--help"])
        #expect(help.status == 0)
        #expect(help.output.contains("SUBCOMMANDS"))
        #expect(help.errors.isEmpty)
        let version = try Graft.run(["--version"])
        #expect(version.status == 0 && version.lines.count == 1)
    }

    @Test(
        "wrong flags end with 2 and say what is wrong",
        arguments: [
            (["--nonsense"], "--nonsense"), (["scores"], "did you mean 'graft score'"), (["score"], "--model"),
            (["score", "--model", "x", "--data", "y", "--presision", "f32"], "--presision"),
            (["score", "--model", "x", "--data", "y", "--precision", "f64"], "f64"),
            (["score", "--model", "x", "--data", "y", "--threads", "0"], "--threads"),
            (["tokenize", "--model", "x", "surplus"], "surplus"),
        ])
    func wrongFlags(_ arguments: [String], _ word: String) throws {
        let run = try Graft.run(arguments)
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("error: "))
        #expect(run.errors.contains(word))
    }

    @Test("a model that is not there")
    func missingModel() throws {
        let run = try Graft.run(["tokenize", "--model", "no/model"])
        #expect(run.status == 2)
        #expect(run.errors.contains("no/model: does not exist"))
        #expect(run.errors.contains("no network"))
        #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test("no colour where there is no terminal, no home directory needed")
    func plainSurroundings() throws {
        let run = try Graft.run(["inspect", "nowhere"], environment: ["HOME": nil, "TERM": nil, "LANG": nil])
        #expect(run.status == 2)
        #expect(run.errors == "error: nowhere: does not exist; give a directory or file\n")
    }

    @Test("a reader that goes away ends the program by SIGPIPE, silently")
    func closedPipe() throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("text", String(repeating: "some words to cut into tokens\n", count: 20_000))
        let run = try shell(
            "\"$GRAFT\" tokenize --model \"$MODEL\" <\"$TEXT\" | head -n 1; echo ${PIPESTATUS[0]}", ["TEXT": text])
        #expect(run.lines.count == 2)
        #expect(run.lines.last == "141")
        #expect(run.errors.isEmpty)
    }

    @Test("results that cannot be written end with 1")
    func fullDevice() throws {
        let run = try shell("echo words | \"$GRAFT\" tokenize --model \"$MODEL\" >/dev/full; echo $?")
        #expect(run.lines.last == "1")
        #expect(run.errors.contains("No space left"))
    }

    @Test("an interrupted program ends with 130")
    func interrupted() throws {
        let run = try shell(
            "mkfifo f; \"$GRAFT\" tokenize --model \"$MODEL\" <f & exec 3>f; sleep 0.5; kill -TERM $!; wait $!; echo $?"
        )
        #expect(run.lines.last == "130")
    }

    @Test("a benchmark that is ended takes its generated weights away")
    func endedBenchmark() throws {
        let line = """
            mkdir tmp; TMPDIR=$PWD/tmp "$GRAFT" bench train --shape smollm2-135m --steps 1000 >/dev/null 2>&1 & run=$!
            for i in $(seq 300); do [ -n "$(ls tmp)" ] && break; sleep 0.02; done
            kill -TERM $run; wait $run; echo "status $?"; ls tmp
            """
        let run = try shell(line)
        #expect(run.lines == ["status 130"], "\(run.output)\(run.errors)")
    }

    /// Runs a line of bash with `GRAFT` and `MODEL` set, in a folder of its own.
    private func shell(_ line: String, _ variables: [String: String] = [:]) throws -> Run {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", line]
        process.currentDirectoryURL = folder.url
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["GRAFT": Graft.program.path, "MODEL": Project.path("checkpoints/tiny")].merging(variables) { $1 }
        ) { $1 }
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        try process.run()
        let output = try out.fileHandleForReading.readToEnd() ?? Data()
        let errors = try err.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Run(
            status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self))
    }
}
