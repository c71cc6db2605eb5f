import Foundation
import OrderedJSON
import Testing

/// What may end a run before its end, and what is left then.
@Suite("graft train, ended early")
struct InterruptionTests {
    /// Starts a run and ends it by a signal as soon as `moment` says so, which is asked with all events so far.
    private func end(
        _ shop: TrainTests.Workshop, by signal: Int32, _ arguments: [String] = [], when moment: (String) -> Bool
    ) throws -> Int32 {
        let process = Process()
        process.executableURL = Graft.program
        process.arguments = ["train", "adapt.yaml", "--json"] + arguments
        process.currentDirectoryURL = shop.folder.url
        let events = Pipe()
        process.standardOutput = events
        process.standardError = FileHandle.nullDevice
        try process.run()
        var seen = ""
        while !moment(seen), let piece = try events.fileHandleForReading.read(upToCount: 1), !piece.isEmpty {
            seen += String(decoding: piece, as: UTF8.self)
        }
        kill(process.processIdentifier, signal)
        _ = try events.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private func leftovers(_ shop: TrainTests.Workshop) -> [String] {
        let run = shop.folder.url.appendingPathComponent("run").path
        return ((try? FileManager.default.subpathsOfDirectory(atPath: run)) ?? []).filter {
            $0.contains(".partial-") || $0.contains(".old-")
        }
    }

    @Test("kill -9 at random instants, then --resume, is bit for bit as never killed")
    func killed() throws {
        let shop = try TrainTests.Workshop()
        let whole = try shop.graft("train", "adapt.yaml", "--set", "output=whole")
        #expect(whole.status == 0, "\(whole.errors)")
        var resumes: [String] = []
        for _ in 0..<3 {
            // Bytes of events, which come all through the run; a checkpoint is written after steps 20 and 40.
            let instant = Int.random(in: 1...9000)
            let status = try end(shop, by: SIGKILL, resumes) { $0.utf8.count >= instant }
            #expect(status == SIGKILL || status == 0, "killed after \(instant) bytes of events: \(status)")
            resumes = ["--resume"]
        }
        let resumed = try shop.graft("train", "adapt.yaml", "--resume")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try shop.data("run/adapter_model.safetensors") == shop.data("whole/adapter_model.safetensors"))
        let losses = try ["run", "whole"].map { try shop.metrics($0).map { $0["loss"] ?? $0["eval_loss"] ?? .null } }
        #expect(losses[0] == losses[1])
        #expect(leftovers(shop) == [])
    }

    @Test("Ctrl-C, kill and a closed terminal save and end with 130", arguments: [SIGINT, SIGTERM, SIGHUP])
    func signals(_ signal: Int32) throws {
        let shop = try TrainTests.Workshop()
        #expect(try end(shop, by: signal) { $0.contains("\"step\":7,") } == 130)
        let steps = try shop.metrics("run").filter { $0["loss"] != nil }.count
        let state = try JSONValue(
            parsing: String(decoding: shop.data("run/state/step-\(steps)/state.json"), as: UTF8.self))
        #expect(steps >= 7 && steps < 60 && state["step"]?.intValue == steps)
        // Without an evaluation there is no result yet, but a checkpoint to look at.
        if steps < 30 {
            let early = try shop.graft("eval", "--model", "base", "--adapter", "run", "--data", "rows.jsonl")
            #expect(early.status == 2 && early.errors.contains("give run/state/step-\(steps)"), "\(early.errors)")
        }
        #expect(leftovers(shop) == [])
    }

    @Test("a disk without room is refused before the start, and one that fills up ends the run with 1")
    func fullDisk() throws {
        let shop = try TrainTests.Workshop()
        let program = Graft.program.path
        // Files may not grow beyond 300 KB: the first checkpoint does not fit, as on a disk that others fill up.
        let limited = try shop.bash("ulimit -f 300; '\(program)' train adapt.yaml --set save.every=5")
        #expect(limited.status == 1, "\(limited.errors)")
        #expect(
            limited.errors.contains("cannot write run/state/step-5/trainer.safetensors: File too large"),
            "\(limited.errors)")
        let states = try FileManager.default.contentsOfDirectory(
            atPath: shop.folder.url.appendingPathComponent("run/state").path)
        #expect(states == [] && leftovers(shop) == [])
        // The same of what is exported: places are named as the user knows them, and nothing is left there.
        let fixture = Project.path("Tests/Fixtures/models/llama")
        for (command, place) in [
            ("merge", "out/model.safetensors"), ("export --to peft", "out/adapter_model.safetensors"),
            ("export --to gguf-lora", "out"), ("export --to mlx", "out/adapters.safetensors"),
        ] {
            let full = try shop.bash(
                "ulimit -f 8; '\(program)' \(command) --model \(fixture) --adapter \(fixture)/adapter -o out; s=$?; ls -A out* >&2; exit $s"
            )
            #expect(full.status == 1 && full.errors.contains("cannot write \(place): File too large"), "\(full.errors)")
            #expect(full.errors.contains("cannot access 'out*'"), "\(full.errors)")
        }

        // A file system of its own, where the machine allows one to be mounted.
        let mount = "mkdir full && mount -t tmpfs -o size=400k none full"
        guard try shop.bash("unshare -rm bash -c '\(mount)'; rmdir full").status == 0 else {
            print("SKIPPED: no file system can be mounted here; a disk without room was not tried")
            return
        }
        let refused = try shop.bash(
            "unshare -rm bash -c '\(mount) && \"\(program)\" train adapt.yaml --set output=full/run; s=$?; ls -A full; exit $s'"
        )
        #expect(refused.status == 1 && refused.output.isEmpty, "\(refused.output)")
        #expect(refused.errors.contains("free, and this run with its checkpoints needs"), "\(refused.errors)")
    }

    @Test(
        "rows that are rewritten meanwhile end the run with 1 after its last checkpoint, and are gone on with when they are back"
    )
    func rewrittenRows() throws {
        let shop = try TrainTests.Workshop()
        let program = Graft.program.path
        let whole = try shop.graft("train", "adapt.yaml", "--set", "output=whole", "--set", "train.steps=400")
        #expect(whole.status == 0, "\(whole.errors)")
        // As 'make_rows.py > rows.jsonl' does: the file is cut to nothing first.
        let line = """
            cp rows.jsonl kept.jsonl
            "\(program)" train adapt.yaml --set train.steps=400 --set save.every=5 & run=$!
            for i in $(seq 300); do [ -e run/state/step-5 ] && break; sleep 0.02; done
            : > rows.jsonl; sleep 0.3; head -n 3 kept.jsonl > rows.jsonl
            wait $run; echo "status $?"; cat kept.jsonl > rows.jsonl
            """
        let run = try shop.bash(line)
        #expect(run.lines == ["status 1"], "\(run.output)\(run.errors)")
        #expect(run.errors.contains("error: rows.jsonl was changed by another program"), "\(run.errors)")
        #expect(run.errors.contains("; the last checkpoint is run/state/step-"), "\(run.errors)")
        #expect(leftovers(shop) == [])
        let resumed = try shop.graft(
            "train", "adapt.yaml", "--resume", "--set", "train.steps=400", "--set", "save.every=5")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try shop.data("run/adapter_model.safetensors") == shop.data("whole/adapter_model.safetensors"))
    }

    @Test("weights that are cut short meanwhile end the run with 1 and one clear line")
    func cutWeights() throws {
        let shop = try TrainTests.Workshop()
        let program = Graft.program.path
        let line = """
            "\(program)" train adapt.yaml --set train.steps=100000 & run=$!
            for i in $(seq 300); do [ -e run/state/step-20 ] && break; sleep 0.05; done
            truncate -s 5000 base/model.safetensors
            wait $run; echo "status $?"
            """
        let run = try shop.bash(line)
        #expect(run.lines == ["status 1"], "\(run.output)\(run.errors)")
        #expect(run.errors.contains("error: a file that is being read was cut short"), "\(run.errors)")
        #expect(leftovers(shop) == [])
    }

    @Test("what a memory limit allows is kept, and less than the least is refused before the start")
    func memoryLimit() throws {
        let shop = try TrainTests.Workshop()
        let recipe = """
            model: base
            adapter: {rank: 4, alpha: 8}
            data: {train: \(Project.path("datasets/general/train.jsonl")), max_length: 512}
            train: {steps: 3, batch_size: 8}
            output: run
            """
        _ = try shop.folder.write("wide.yaml", recipe)
        func peak(_ run: Run) throws -> Int {
            let last = try #require(run.lines.last.map(String.init), "\(run.errors)")
            return try #require(try JSONValue(parsing: last)["peak_memory_bytes"]?.intValue)
        }
        let free = try shop.graft("train", "wide.yaml", "--json")
        let most = try peak(free)
        let refused = try shop.graft("train", "wide.yaml", "--overwrite", "--set", "train.memory_limit=20MB")
        #expect(refused.status == 2)
        #expect(refused.errors.contains("train.memory_limit: 20MB is not enough; the least"), "\(refused.errors)")
        let hopeless = try shop.graft("train", "wide.yaml", "--overwrite", "--set", "train.memory_limit=5MB")
        #expect(hopeless.status == 2)
        #expect(hopeless.errors.contains("5MB is not enough; the weights take 7345kB and"), "\(hopeless.errors)")
        let number = try #require(refused.errors.range(of: "can do with is ")).upperBound
        let least = try #require(Double(refused.errors[number...].prefix { $0.isNumber }))
        #expect(least * 1e6 < 0.9 * Double(most), "the least is \(least) MB, without a limit \(most)")
        for limit in [least * 1.03, (least + Double(most) / 1e6) / 2] {
            let text = String(format: "train.memory_limit=%.0fMB", limit.rounded(.up))
            let run = try shop.graft("train", "wide.yaml", "--overwrite", "--json", "--set", text)
            #expect(run.status == 0, "\(text): \(run.errors)")
            let used = try peak(run)
            #expect(Double(used) <= limit * 1e6, "\(text): \(used) bytes were used")
        }
    }
}
