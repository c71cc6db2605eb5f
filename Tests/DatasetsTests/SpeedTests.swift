import Datasets
import Foundation
import Testing
import Tokenizers

#if canImport(Glibc)
    import Glibc
#endif

/// Speed of reading rows; prints numbers and asks for a tenth of what an idle machine gives, for tests run beside
/// others.
@Suite("Data speed", .serialized)
struct SpeedTests {
    private func rows(_ assets: String, _ count: Int, _ folder: String) throws -> RowFile {
        let source = try RowFile(path: assets + "/datasets/gsm8k/train.jsonl")
        var text = ""
        for number in 0..<count {
            let line = String(decoding: source.bytes(of: number % source.count), as: UTF8.self)
            text +=
                line.replacing("{\"question\": ", with: "{\"prompt\": ", maxReplacements: 1)
                .replacing(", \"answer\": ", with: ", \"completion\": ", maxReplacements: 1) + "\n"
        }
        let path = folder + "/rows.jsonl"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try RowFile(path: path)
    }

    private func builder(_ assets: String, template: String) throws -> SampleBuilder {
        let tokenizer = try Tokenizer.load(directory: assets + "/tokenizers/qwen3")
        let source = assets + "/chat_templates/templates/" + template
        return SampleBuilder(
            renderer: try PromptRenderer(tokenizer: tokenizer, source: .file(source)), maxLength: 1024)
    }

    /// What `body` takes: by the clock, and of processor time on all cores.
    private func measure(_ body: () -> Void) -> (wall: Double, processor: Double) {
        func processorTime() -> Double {
            var usage = rusage()
            getrusage(RUSAGE_SELF.rawValue, &usage)
            return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
        }
        let before = processorTime()
        let wall = ContinuousClock().measure(body)
        return (
            Double(wall.components.seconds) + Double(wall.components.attoseconds) * 1e-18, processorTime() - before
        )
    }

    @Test(arguments: ["Qwen-Qwen2.5-7B-Instruct.jinja", "Qwen-Qwen3-0.6B.jinja"])
    func theFirstTenThousandRows(_ template: String) throws {
        guard let assets = sharedFolder() else { return }
        try withFolder { folder in
            let builder = try builder(assets, template: template)
            let file = try rows(assets, 10_000, folder)
            var summary = DataSummary()
            let time = measure { summary = DataCheck.run(files: [file], builder: builder, depth: .all) }
            #expect(summary.rows == 10_000 && summary.problems.isEmpty && summary.samples + summary.dropped == 10_000)
            print("data check: 10,000 rows, \(summary.tokens) tokens: \(time) s (\(template))")
            #expect(time.processor < 5)
        }
    }

    @Test func theShapeOfTheRest() throws {
        guard let assets = sharedFolder() else { return }
        try withFolder { folder in
            let builder = try builder(assets, template: "Qwen-Qwen2.5-7B-Instruct.jinja")
            let file = try rows(assets, 40_000, folder)
            var summary = DataSummary()
            let time = measure { summary = DataCheck.run(files: [file], builder: builder, depth: .first(0)) }
            let speed = Double(file.byteCount) / time.processor / 1e6
            #expect(summary.rows == 40_000)
            print("data check: shape of \(file.byteCount / 1_000_000) MB: \(time) s, \(Int(speed)) MB/s a core")
            #expect(speed > 30)
        }
    }
}
