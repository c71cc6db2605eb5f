import Datasets
import Diagnostics
import Foundation
import OrderedJSON
import Testing

/// Files that are too large to be read in full before training.
@Suite("Large files")
struct LargeFileTests {
    private func builder(maxLength: Int = 200, vocabularySize: Int? = nil) throws -> SampleBuilder {
        SampleBuilder(
            renderer: try PromptRenderer(tokenizer: try byteTokenizer(eos: nil)), maxLength: maxLength,
            vocabularySize: vocabularySize)
    }

    /// Rows of ready tokens; the first id of each tells its number.
    private func rows(_ numbers: Range<Int>) -> [String] {
        numbers.map { number in
            let ids = [number] + (0..<(1 + number * 7 % 23)).map { _ in 1000 }
            return "{\"input_ids\": \(ids)}"
        }
    }

    private func corpus(_ folder: String, _ files: [(rows: Range<Int>, weight: Double)]) throws -> Corpus {
        let builder = try builder(vocabularySize: 5000)
        let opened = try files.enumerated().map {
            (file: try rowFile(folder, "\($0).jsonl", rows($1.rows)), weight: $1.weight)
        }
        return try Corpus(files: opened, builder: builder, depth: .first(5))
    }

    /// The numbers of the rows of each step of an epoch.
    private func numbers(_ source: BatchSource, epoch: Int) throws -> [[Int]] {
        var steps = source.steps(from: DataCursor(epoch: epoch))
        var found: [[Int]] = []
        while let step = try steps.next(), step.epoch == epoch {
            found.append(step.sequences.flatMap { batch in batch.segmentStarts.map { Int(batch.tokens[$0]) } })
        }
        return found
    }

    @Test func everyRowHasItsPlaceHoweverManyThereAre() throws {
        try withFolder { folder in
            // Blank lines here and there, and rows longer than what lies between two marks.
            var (lines, expected): ([String], [(line: Int, text: String)]) = ([], [])
            for number in 0..<3000 {
                if number % 7 == 0 { lines.append(number % 2 == 0 ? "" : " \t\r") }
                let text = "\(number) " + String(repeating: "x", count: number % 500 == 0 ? 40_000 : number % 40)
                lines.append("{\"text\":\"\(text)\"}")
                expected.append((lines.count, text))
            }
            let file = try rowFile(folder, "rows.jsonl", lines)
            #expect(file.count == 3000)
            let parser = JSONParser()
            for (row, wanted) in expected.enumerated() where row % 11 == 0 || row % 500 < 3 {
                #expect(file.line(of: row) == wanted.line)
                #expect(try file.value(of: row, parser: parser)["text"]?.stringValue == wanted.text)
            }
            for bytes in [1, 20_000, 100_000, 10_000_000] {
                for start in [0, 1234, 2999, 3000] {
                    let pieces = file.pieces(from: start, bytes: bytes)
                    #expect(pieces.flatMap { Array($0) } == Array(start..<3000))
                }
            }
            var seen: [Int] = []
            file.forEachRow(in: 490..<1700) { row, bytes in
                seen.append(row)
                if !bytes.elementsEqual(file.bytes(of: row)) { Issue.record("row \(row) has other bytes") }
            }
            #expect(seen == Array(490..<1700))
        }
    }

    @Test func permutationsAreCompleteAndEven() {
        var random = RandomStream(seed: 9)
        for count in [1, 2, 3, 10, 1000, 4097] {
            let order = random.permutation(of: count)
            #expect((0..<count).map { order[$0] }.sorted() == Array(0..<count))
        }
        // Each of the 24 orders of 4 elements within 5 standard deviations of its share.
        var counts: [[Int]: Int] = [:]
        for _ in 0..<24_000 {
            let order = random.permutation(of: 4)
            counts[(0..<4).map { order[$0] }, default: 0] += 1
        }
        #expect(counts.count == 24)
        #expect(counts.values.allSatisfy { abs($0 - 1000) < 155 }, "\(counts.values.sorted())")
        // Neighbours part: the mean distance of random places is a third of their number.
        let order = random.permutation(of: 100_000)
        let distance = (0..<10_000).reduce(0) { $0 + abs(order[$1] - order[$1 + 1]) } / 10_000
        #expect(abs(distance - 33_333) < 1500)
    }

    @Test func anEpochHoldsEveryRowOnceAndItsSizeIsForetold() throws {
        try withFolder { folder in
            let corpus = try corpus(folder, [(0..<700, 1), (700..<900, 2), (900..<1000, 0.3)])
            #expect(!corpus.isKnown && corpus.summary.rowsInFull == 5 && corpus.summary.rows == 1000)
            for shuffle in [true, false] {
                for packing in [true, false] {
                    let plan = BatchPlan(batchSize: 3, maxLength: 60, packing: packing, shuffle: shuffle, seed: 5)
                    let source = BatchSource(corpus: corpus, plan: plan)
                    let steps = try numbers(source, epoch: 0)
                    let counts = steps.joined().reduce(into: [:]) { $0[$1, default: 0] += 1 }
                    #expect((0..<700).allSatisfy { counts[$0] == 1 } && (700..<900).allSatisfy { counts[$0] == 2 })
                    #expect(counts.filter { $0.key >= 900 }.map(\.value) == [Int](repeating: 1, count: 30))
                    #expect(source.epoch.isEstimate && source.epoch.samples == 1130)
                    #expect(
                        abs(source.epoch.steps - steps.count) * 20 <= steps.count, "\(source.epoch), \(steps.count)")
                    #expect((try numbers(source, epoch: 1) == steps) == !shuffle)
                    if !shuffle { #expect(Array(steps.joined().prefix(700)) == Array(0..<700)) }
                }
            }
        }
    }

    @Test func stepsAreThoseOfAFileReadInFull() throws {
        try withFolder { folder in
            let file = try rowFile(folder, "rows.jsonl", rows(0..<300))
            let builder = try builder(vocabularySize: 5000)
            let plan = BatchPlan(batchSize: 2, maxLength: 50, shuffle: false)
            let full = BatchSource(corpus: try Corpus(files: [(file, 1)], builder: builder), plan: plan)
            let partly = BatchSource(
                corpus: try Corpus(files: [(file, 1)], builder: builder, depth: .first(7)), plan: plan)
            #expect(try numbers(full, epoch: 0) == numbers(partly, epoch: 0))
            #expect(full.epoch.steps == partly.epoch.steps && full.epoch.tokens == partly.epoch.tokens)
        }
    }

    @Test func anyCursorContinuesExactlyInTheMiddleOfARow() throws {
        try withFolder { folder in
            // A document of several samples beside short ones.
            let lines = (0..<30).map { "{\"text\":\"\(String(repeating: "abc ", count: 1 + $0 * 13 % 37))\"}" }
            let file = try rowFile(folder, "rows.jsonl", lines)
            let corpus = try Corpus(files: [(file, 1)], builder: try builder(maxLength: 16), depth: .first(2))
            for shuffle in [true, false] {
                let source = BatchSource(
                    corpus: corpus, plan: BatchPlan(batchSize: 2, maxLength: 16, shuffle: shuffle, seed: 3))
                var steps = source.steps()
                let all = try (0..<90).map { _ in try #require(try steps.next()) }
                #expect(all.contains { $0.next.part > 0 })
                for at in all.indices.dropLast() {
                    var rest = source.steps(from: all[at].next)
                    #expect(try rest.next() == all[at + 1])
                }
            }
        }
    }

    @Test func whatTurnsOutFaultyOrTooLongIsPassedByAndTold() throws {
        try withFolder { folder in
            var lines = (0..<40).map { "{\"prompt\":\"q\($0)\",\"completion\":\"a\"}" }
            lines[20] = #"{"prompt":[],"completion":""}"#
            lines[30] = #"{"prompt":"q","completion":"\#(String(repeating: "long ", count: 50))"}"#
            let file = try rowFile(folder, "rows.jsonl", lines)
            let builder = SampleBuilder(
                renderer: try PromptRenderer(tokenizer: try byteTokenizer(eos: nil)), maxLength: 60)
            let corpus = try Corpus(files: [(file, 1)], builder: builder, depth: .first(3))
            let source = BatchSource(corpus: corpus, plan: BatchPlan(batchSize: 4, maxLength: 60, shuffle: false))
            var steps = source.steps()
            var (samples, dropped, problems) = (0, 0, [Problem]())
            while let step = try steps.next(), step.epoch == 0 {
                samples += step.sequences.reduce(0) { $0 + $1.segmentStarts.count }
                dropped += step.dropped
                problems += step.leftOut
            }
            #expect(samples == 38 && dropped == 1)
            #expect(problems.map(\.line) == [21])
        }
    }

    @Test func smallFilesAreReadInFull() throws {
        try withFolder { folder in
            let file = try rowFile(folder, "rows.jsonl", rows(0..<11_000))
            #expect(ReadingDepth.usual(for: [file]) == .all)
            let long = String(repeating: "x", count: 4000)
            let few = try rowFile(folder, "few.jsonl", (0..<5000).map { "{\"text\":\"\($0)\(long)\"}" })
            #expect(few.byteCount > ReadingDepth.smallFiles)
            #expect(ReadingDepth.usual(for: [few]) == .all)
            #expect(ReadingDepth.usual(for: [few, file]) == .first(ReadingDepth.firstRows))
        }
    }

    /// The quick look accepts only what reading accepts, and then says the same kind.
    @Test func aPlainShapeIsARowThatCanBeRead() throws {
        let plain = [
            #"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}],"tools":[]}"#,
            #"{"messages":[{"role":"user","content":["x"]},{"role":"assistant","content":null}],"id":3}"#,
            #"{"prompt":"Hi","completion":"Hello"}"#, #"{"text":"Hi","text":"Ho"}"#,
            #"{"instruction":"Hi","input":"","output":"Hello"}"#, #"{"input_ids":[1,2,3],"labels":[-100,2,3]}"#,
            #"{"input_ids":[1,2,3]}"#,
        ]
        let parser = JSONParser()
        let builder = try builder(vocabularySize: 10)
        var shape = RowShape(vocabulary: 10)
        func kind(_ text: String) -> String? {
            var text = text
            return text.withUTF8 { bytes in
                try? parser.withNode(UnsafeRawBufferPointer(bytes)) { shape.kind(of: $0) }
            }
        }
        for text in plain { #expect(kind(text) != nil, "\(text)") }
        var random = RandomStream(seed: 17)
        let pieces = [
            "null", "3", "-1", "99", "\"assistant\"", "[]", "{}", "true", "\"weight\":0,", "\"tools\":3,", "1.5",
            "\"messages\":[],", "\"chosen\":\"a\",", "\"rejected\":\"b\",", "\"conversations\":[],", ",",
        ]
        var (accepted, refused) = (0, 0)
        for _ in 0..<40_000 {
            var bytes = Array(plain[random.next(below: plain.count)].utf8)
            for _ in 0...random.next(below: 3) {
                let at = random.next(below: bytes.count)
                let end = min(bytes.count, at + random.next(below: 8))
                let piece = random.next(below: 2) == 0 ? "" : pieces[random.next(below: pieces.count)]
                bytes.replaceSubrange(at..<end, with: Array(piece.utf8))
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let kind = kind(text) else {
                refused += 1
                continue
            }
            accepted += 1
            do {
                let row = try Row(try JSONValue(parsing: text))
                try builder.checkShape(of: row)
                #expect(row.kindName == kind, "\(text)")
            } catch { Issue.record("\(text) was accepted as \(kind): \(error)") }
        }
        #expect(accepted > 1000 && refused > 1000, "\(accepted) accepted, \(refused) refused")
    }
}
