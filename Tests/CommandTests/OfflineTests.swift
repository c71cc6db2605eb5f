import Foundation
import Testing

/// Nothing leaves the building: the program has no way to the network.
@Suite("Offline")
struct OfflineTests {
    @Test("the program calls nothing that opens a connection, and links no library for it")
    func symbols() throws {
        let program = try Data(contentsOf: Graft.program)
        // Names in the table of what is taken from libraries stand between zeros.
        for name in [
            "socket", "connect", "getaddrinfo", "gethostbyname", "curl_easy_init", "SSL_connect",
            "libFoundationNetworking.so", "libcurl.so.4",
        ] {
            #expect(program.range(of: Data([0] + Array(name.utf8) + [0])) == nil, "\(name)")
        }
        // The search finds what is there.
        #expect(program.range(of: Data([0] + Array("mmap".utf8) + [0])) != nil)
    }

    @Test("it loads the system's libraries, Swift's, the four that the README names, and what these bring")
    func libraries() throws {
        let run = try Graft.run([], environment: ["LD_TRACE_LOADED_OBJECTS": "1"])
        let loaded = run.lines.compactMap { line in
            line.split(whereSeparator: \.isWhitespace).first?.split(separator: "/").last?.components(separatedBy: ".so")
                .first
        }
        let system: Set = ["linux-vdso", "libc", "libm", "libdl", "libpthread", "libgcc_s", "libstdc++", "libgomp"]
        let named: Set = ["libopenblas", "libdnnl", "libsimdjson", "libpcre2-8"]
        let brought: Set = ["libgfortran", "libquadmath", "libOpenCL", "libtbb"]
        let swift = ["libswift", "libFoundation", "lib_Foundation", "libdispatch", "libBlocksRuntime", "ld-linux"]
        for name in loaded where !system.union(named).union(brought).contains(name) {
            #expect(swift.contains { name.hasPrefix($0) }, "\(name)")
        }
        #expect(named.isSubset(of: loaded), "\(loaded)")
    }

    @Test("training and evaluating need no network")
    func namespace() throws {
        let unshare = URL(filePath: "/usr/bin/unshare")
        let probe = try? Graft.run(["-rn", "true"], program: unshare)
        guard probe?.status == 0 else {
            print("SKIPPED: this machine allows no network namespace")
            return
        }
        let folder = try TemporaryFolder()
        let data = try folder.write("rows.jsonl", "{\"prompt\": \"a\", \"completion\": \"b\"}\n")
        let recipe = try folder.write(
            "recipe.yaml",
            "model: \(Project.path("checkpoints/tiny"))\ndata: {train: rows.jsonl}\ntrain: {steps: 1}\noutput: run\n")
        for words in [
            ["train", recipe],
            ["eval", "--model", Project.path("checkpoints/tiny"), "--adapter", "run", "--data", data, "--no-cache"],
        ] {
            let run = try Graft.run(["-rn", Graft.program.path] + words, program: unshare, in: folder.url)
            #expect(run.status == 0, "\(run.errors)")
        }
    }
}

/// An adapter knows which weights it was trained on.
@Suite("Another base")
struct OtherBaseTests {
    @Test("is noticed by eval and merge, the adapter's own is not")
    func warned() throws {
        let folder = try TemporaryFolder()
        let data = try folder.write("rows.jsonl", "{\"prompt\": \"a\", \"completion\": \"b\"}\n")
        let tiny = Project.path("checkpoints/tiny")
        let recipe = try folder.write(
            "recipe.yaml",
            "model: \(tiny)\ndata: {train: rows.jsonl}\ntrain: {steps: 3, learning_rate: 0.01}\noutput: run\n")
        func graft(_ words: String...) throws -> Run {
            let run = try Graft.run(words, in: folder.url)
            #expect(run.status == 0, "\(run.errors)")
            return run
        }
        _ = try graft("train", recipe)
        let warning = "run: was trained on other weights than these"
        #expect(try !graft("merge", "--model", tiny, "--adapter", "run", "-o", "merged").errors.contains(warning))
        _ = try graft("export", "--model", tiny, "--adapter", "run", "--to", "peft", "-o", "copy")
        for (adapter, word) in [("run", "run"), ("copy", "copy")] {
            let warning = "\(word): was trained on other weights than these"
            let own = try graft("eval", "--model", tiny, "--adapter", adapter, "--data", data, "--no-cache")
            #expect(!own.errors.contains(warning))
            let other = try graft("eval", "--model", "merged", "--adapter", adapter, "--data", data, "--no-cache")
            #expect(other.errors.contains(warning))
        }
        #expect(try graft("merge", "--model", "merged", "--adapter", "run", "-o", "twice").errors.contains(warning))
    }
}
