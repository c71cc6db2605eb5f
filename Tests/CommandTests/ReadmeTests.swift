import Foundation
import Testing

/// What README.md shows, done again.
@Suite("README.md")
struct ReadmeTests {
    /// A command shown after `$` and the lines shown under it.
    struct Call {
        let words: [String]
        let output: [String]
    }

    static func calls() throws -> [Call] {
        let text = try String(contentsOfFile: Project.path("README.md"), encoding: .utf8)
        let blocks = text.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        return blocks.flatMap { block in
            let lines = block.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map(String.init)
            let starts = lines.indices.filter { lines[$0].hasPrefix("$ graft ") }
            return zip(starts, starts.dropFirst() + [lines.count]).map { start, end in
                Call(
                    words: lines[start].split(separator: " ").dropFirst(2).map(String.init),
                    output: lines[start + 1..<end].filter { !$0.isEmpty })
            }
        }
    }

    /// A folder as a clone is, with links to what is read and room for what is written.
    private func clone() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in ["recipes", "datasets", "checkpoints", "suites"] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.url.appendingPathComponent(name).path, withDestinationPath: Project.path(name))
        }
        return folder
    }

    @Test("its mistakes are told as it shows them")
    func mistakes() throws {
        let folder = try clone()
        let good = try String(contentsOfFile: Project.path("recipes/handbook.yaml"), encoding: .utf8)
        let wrong = good.replacingOccurrences(of: "  rank:", with: "  rnak:")
            .replacingOccurrences(of: "handbook/train.jsonl", with: "handbook/trian.jsonl")
        _ = try folder.write("handbook.yaml", wrong)
        let call = try #require(try Self.calls().first { $0.words == ["train", "handbook.yaml"] })
        let run = try Graft.run(call.words, in: folder.url)
        #expect(run.status == 2 && run.output.isEmpty)
        #expect(run.errors == call.output.joined(separator: "\n") + "\n")
    }

    @Test("the recipe it shows is the one it trains")
    func recipe() throws {
        let text = try String(contentsOfFile: Project.path("README.md"), encoding: .utf8)
        let block = try #require(text.components(separatedBy: "```yaml\n").dropFirst().first)
        let shown = try #require(block.components(separatedBy: "```").first)
        let folder = try clone()
        _ = try folder.write("shown.yaml", shown)
        let runs = try ["shown.yaml", "recipes/handbook.yaml"].map { recipe in
            let output = "output=runs/" + recipe.filter(\.isLetter)
            let run = try Graft.run(
                ["train", recipe, "--set", "train.epochs=0.002", "--set", output], in: folder.url)
            #expect(run.status == 0, "\(run.errors)")
            let resolved = try String(
                contentsOf: folder.url.appendingPathComponent(output.dropFirst(7) + "/recipe.yaml"), encoding: .utf8)
            return resolved.split(separator: "\n").filter { !$0.hasPrefix("output") }
        }
        #expect(runs[0] == runs[1])
    }

    @Test("its run and its table", .enabled(if: Full.isOn, "only scripts/test --full trains the demo"))
    func demo() throws {
        let folder = try clone()
        for call in try Self.calls() where call.words != ["train", "handbook.yaml"] {
            let run = try Graft.run(call.words, in: folder.url)
            #expect(run.status == 0, "\(run.errors)")
            let lines = (run.output + run.errors).split(separator: "\n").map(String.init)
            for shown in call.output {
                // Losses differ a little from one processor to the next, times by more.
                let words = shown.prefix(while: { $0 != "…" }).split(whereSeparator: { " ,/".contains($0) })
                    .filter { !$0.contains { $0.isNumber } }
                let same = lines.contains { line in
                    let own = line.split(whereSeparator: { " ,/".contains($0) })
                    return words.allSatisfy { own.contains($0) }
                }
                #expect(same, "'\(shown)' is not in\n\(lines.joined(separator: "\n"))")
            }
        }
    }
}

/// Long tests, which scripts/test --full asks for.
enum Full {
    static let isOn = ProcessInfo.processInfo.environment["GRAFT_FULL"] == "1"
}
