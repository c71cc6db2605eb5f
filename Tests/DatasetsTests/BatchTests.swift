import Datasets
import Diagnostics
import Foundation
import OrderedJSON
import Testing

@Suite("Batches")
struct BatchTests {
    /// A corpus of texts without EOS, so that a text of n bytes is a sample of n tokens.
    private func corpus(
        _ folder: String, _ files: [(lengths: [Int], weight: Double)], maxLength: Int = 1000
    ) throws -> Corpus {
        let builder = SampleBuilder(
            renderer: try PromptRenderer(tokenizer: try byteTokenizer(eos: nil)), maxLength: maxLength)
        var first = 33
        let rows = try files.enumerated().map { number, file in
            let lines = file.lengths.map { length -> String in
                defer { first += 1 }
                // Each sample repeats a character of its own.
                return JSONValue.object(
                    JSONObject([
                        ("text", .string(String(repeating: Character(Unicode.Scalar(UInt8(first))), count: length)))
                    ])
                ).serialized()
            }
            return (file: try rowFile(folder, "\(number).jsonl", lines), weight: file.weight)
        }
        return try Corpus(files: rows, builder: builder)
    }

    /// The first id of every segment of the first steps.
    private func heads(_ source: BatchSource, from cursor: DataCursor = DataCursor(), steps: Int) throws -> [[[Int32]]]
    {
        var iterator = source.steps(from: cursor)
        return try (0..<steps).map { _ in
            try #require(try iterator.next()).sequences.map { batch in batch.segmentStarts.map { batch.tokens[$0] - 33 }
            }
        }
    }

    @Test func xoshiroGivesItsPublishedSequence() {
        var reference = RandomStream(state: (1, 2, 3, 4))
        let published: [UInt64] = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]
        #expect(published == (0..<4).map { _ in reference.next() })
        // What the seed of recipes leads to must never change either.
        var random = RandomStream(seed: 42)
        let first = (0..<4).map { _ in random.next() }
        var again = RandomStream(seed: 42)
        #expect(first == (0..<4).map { _ in again.next() })
        var other = RandomStream(seed: 42, stream: 1)
        #expect(first != (0..<4).map { _ in other.next() })
        #expect(first == pinned)
    }

    @Test func shufflesAreEven() {
        // Each of the 24 orders of 4 elements within 5 standard deviations of its share.
        var counts: [[Int]: Int] = [:]
        var random = RandomStream(seed: 7)
        for _ in 0..<24_000 {
            var order = [0, 1, 2, 3]
            random.shuffle(&order)
            counts[order, default: 0] += 1
        }
        #expect(counts.count == 24)
        #expect(counts.values.allSatisfy { abs($0 - 1000) < 155 }, "\(counts.values.sorted())")
    }

    @Test func unshuffledOrderIsTheFilesWithinAndAcrossSteps() throws {
        try withFolder { folder in
            let source = BatchSource(
                corpus: try corpus(folder, [([5, 5, 9, 2, 8, 3, 3, 3, 4, 10], 1)]),
                plan: BatchPlan(batchSize: 2, maxLength: 10, shuffle: false))
            #expect(
                try heads(source, steps: 5) == [
                    [[0, 1], [2]], [[3, 4], [5, 6, 7]], [[8], [9]], [[0, 1], [2]], [[3, 4], [5, 6, 7]],
                ])
            #expect(source.stepCount(epochs: 1) == 3)
            #expect(source.stepCount(epochs: 2) == 6)
            #expect(source.stepCount(epochs: 1.5) == 5)
            let unpacked = BatchSource(
                corpus: source.corpus, plan: BatchPlan(batchSize: 4, maxLength: 10, packing: false, shuffle: false))
            #expect(try heads(unpacked, steps: 3) == [[[0], [1], [2], [3]], [[4], [5], [6], [7]], [[8], [9]]])
        }
    }

    @Test func packingIsFirstFitAndEverySampleOccursOnceAnEpoch() throws {
        try withFolder { folder in
            let lengths = (0..<60).map { 2 + $0 * 7 % 19 }
            let corpus = try corpus(folder, [(lengths, 1)])
            for seed in 0..<5 {
                let source = BatchSource(
                    corpus: corpus, plan: BatchPlan(batchSize: 3, maxLength: 24, seed: UInt64(seed)))
                for epoch in 0..<2 {
                    let steps = source.stepCount(ofEpoch: epoch)
                    let found = try heads(source, from: DataCursor(epoch: epoch), steps: steps)
                    #expect(found.joined().joined().sorted() == (0..<60).map { Int32($0) })
                    for sequence in found.joined() { #expect(sequence.reduce(0) { $0 + lengths[Int($1)] } <= 24) }
                    for step in found.dropLast() { #expect(step.count == 3) }
                }
                #expect(try heads(source, steps: 1) == heads(source, steps: 1))
                #expect(try heads(source, steps: 3) != heads(source, from: DataCursor(epoch: 1), steps: 3))
            }
        }
    }

    @Test func anyCursorContinuesExactly() throws {
        try withFolder { folder in
            let corpus = try corpus(folder, [((0..<40).map { 2 + $0 * 5 % 13 }, 1)])
            for shuffle in [true, false] {
                let source = BatchSource(
                    corpus: corpus, plan: BatchPlan(batchSize: 2, maxLength: 16, shuffle: shuffle, seed: 3))
                var steps = source.steps()
                let all = try (0..<30).map { _ in try #require(try steps.next()) }
                for at in [0, 1, 7, 28] {
                    var rest = source.steps(from: all[at].next)
                    #expect(try rest.next() == all[at + 1])
                }
            }
        }
    }

    @Test func rowsOfManySamplesAreMadeOnceForAll() {
        var (rows, made) = (DividedRows(), [Int]())
        func take(_ row: Int, samples: Int, tokens: Int = 4) {
            let found = rows.samples(ofFile: 0, row: row) {
                made.append(row)
                let ids = [Int32](repeating: Int32(row), count: tokens)
                let targets = [Bool](repeating: true, count: tokens)
                return [Sample](repeating: Sample(ids: ids, targets: targets, turnEnd: .notTemplated), count: samples)
            }
            #expect(found.count == samples && found.allSatisfy { $0.ids.first == Int32(row) })
        }
        for row in [1, 1, 2, 1, 2] { take(row, samples: 30) }
        #expect(made == [1, 2])
        // Short rows are not kept, long ones while there is room, and the last one always.
        for row in [3, 3] { take(row, samples: 2) }
        take(1, samples: 30)
        #expect(made == [1, 2, 3, 3])
        for row in [4, 5, 5, 4] { take(row, samples: 40, tokens: 100_000) }
        #expect(made == [1, 2, 3, 3, 4, 5, 4])
        for row in [6, 6, 4] { take(row, samples: row * 10, tokens: 100_000) }
        #expect(made == [1, 2, 3, 3, 4, 5, 4, 6, 4])
    }

    @Test func weightsRepeatAndThinOutFiles() throws {
        try withFolder { folder in
            let corpus = try corpus(folder, [([3, 3, 3, 3], 2), ([3, 3, 3, 3], 0.5), ([3], 1)])
            func counts(_ shuffle: Bool, epoch: Int) throws -> [Int32: Int] {
                let source = BatchSource(
                    corpus: corpus, plan: BatchPlan(batchSize: 100, maxLength: 3, shuffle: shuffle))
                return try heads(source, from: DataCursor(epoch: epoch), steps: 1).joined().joined()
                    .reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(try counts(false, epoch: 0) == [0: 2, 1: 2, 2: 2, 3: 2, 4: 1, 5: 1, 8: 1])
            let chosen = try (0..<20).map { try counts(true, epoch: $0).filter { 4...7 ~= $0.key } }
            #expect(chosen.allSatisfy { $0.count == 2 && $0.values.allSatisfy { $0 == 1 } })
            #expect(Set(chosen.map { $0.keys.sorted() }).count > 3)
        }
    }

    @Test func segmentsKeepTheirBoundaries() throws {
        try withFolder { folder in
            let corpus = try corpus(folder, [([4, 3, 5, 2], 1)])
            var steps = BatchSource(corpus: corpus, plan: BatchPlan(batchSize: 2, maxLength: 7, shuffle: false)).steps()
            let step = try #require(try steps.next())
            #expect(step.sequences.map(\.segmentStarts) == [[0, 4], [0, 5]])
            #expect(step.sequences.map(\.segmentNumbers) == [[0, 1], [2, 3]])
            #expect(step.targetCount == 10 && step.tokenCount == 14)
            let whole = Batch.joined(step.sequences)
            #expect(whole.segmentStarts == [0, 4, 7, 12])
            #expect(whole.segmentNumbers == [0, 1, 2, 3])
            #expect(whole.segments == [0..<4, 4..<7, 7..<12, 12..<14])
            #expect(
                whole.segments.allSatisfy {
                    !whole.targets[$0.lowerBound] && whole.targets[$0].dropFirst().allSatisfy { $0 }
                })
            #expect(whole.tokens == step.sequences.flatMap(\.tokens))
        }
    }

    @Test func thePrefetcherHandsOverTheSameSteps() throws {
        try withFolder { folder in
            let corpus = try corpus(folder, [((0..<40).map { 2 + $0 * 5 % 13 }, 1)])
            let source = BatchSource(corpus: corpus, plan: BatchPlan(batchSize: 2, maxLength: 16, seed: 1))
            var steps = source.steps()
            for ahead in [1, 3] {
                let prefetcher = Prefetcher(source, limit: 25, ahead: ahead)
                steps = source.steps()
                for _ in 0..<25 { #expect(try prefetcher.next() == steps.next()) }
                #expect(try prefetcher.next() == nil)
                #expect(try prefetcher.next() == nil)
            }
            let abandoned = Prefetcher(source, ahead: 1)
            _ = try abandoned.next()
        }
    }

    @Test func aFileThatChangesUnderneathIsAFailure() throws {
        let changes: [(FileHandle) throws -> Void] = [
            { try $0.write(contentsOf: Data("{\"text\":\"short\"}          ".utf8)) }, { try $0.truncate(atOffset: 0) },
            { try $0.truncate(atOffset: 10) },
            {
                _ = try $0.seekToEnd(); try $0.write(contentsOf: Data("\n".utf8))
            },
        ]
        for change in changes {
            try withFolder { folder in
                let corpus = try corpus(folder, [([30, 30, 30], 1)])
                let handle = try #require(FileHandle(forWritingAtPath: folder + "/0.jsonl"))
                try change(handle)
                try handle.close()
                let prefetcher = Prefetcher(
                    BatchSource(corpus: corpus, plan: BatchPlan(batchSize: 3, maxLength: 100, shuffle: false)))
                let failure = #expect(throws: RunFailure.self) { try prefetcher.next() }
                #expect(failure?.message.contains("0.jsonl was changed by another program") == true)
                #expect(try prefetcher.next() == nil)
            }
        }
    }

    /// What was opened is still there, whatever has its name.
    @Test func aFileThatIsReplacedOrRemovedIsGoneOnWith() throws {
        try withFolder { folder in
            let corpus = try corpus(folder, [([30, 30, 30], 1)])
            let source = BatchSource(corpus: corpus, plan: BatchPlan(batchSize: 3, maxLength: 100, shuffle: false))
            let before = try heads(source, steps: 2)
            try "other".write(toFile: folder + "/new", atomically: true, encoding: .utf8)
            #expect(rename(folder + "/new", folder + "/0.jsonl") == 0)
            #expect(try heads(source, steps: 2) == before)
            try FileManager.default.removeItem(atPath: folder + "/0.jsonl")
            #expect(try heads(source, steps: 2) == before)
        }
    }

    /// A million epochs are not counted one by one.
    @Test func manyEpochsAreCountedQuickly() throws {
        try withFolder { folder in
            let corpus = try corpus(folder, [((0..<60).map { 2 + $0 * 7 % 19 }, 1)])
            for (packing, shuffle) in [(true, true), (true, false), (false, true)] {
                let source = BatchSource(
                    corpus: corpus, plan: BatchPlan(batchSize: 3, maxLength: 24, packing: packing, shuffle: shuffle))
                let few = Double(source.stepCount(epochs: 1000)) / 1000
                let start = ContinuousClock.now
                let many = Double(source.stepCount(epochs: 1_000_000)) / 1_000_000
                #expect(ContinuousClock.now - start < .seconds(10))
                #expect(abs(many - few) < 0.1, "\(many) steps an epoch, \(few) in the first thousand")
                if !packing { #expect(many == 20) }
            }
        }
    }
}

private let pinned: [UInt64] = [
    4_645_877_100_484_723_590, 17_067_870_622_862_190_198, 630_687_164_018_442_186, 11_169_926_083_930_808_560,
]
