import Diagnostics
import Foundation
import Kernels
import Models
import Recipes
import Testing
import Training
import WeightFiles

/// Training on a base that is held in few bits.
@Suite("Quantised bases")
struct QuantisedBaseTests {
    private static let tiny = root.appending(path: "checkpoints/tiny").path
    private static let formats = BaseQuantization.allCases.compactMap(\.format)

    /// The numbers that a quantised base stands for, in f32.
    private struct Expanded: WeightSource {
        let names: [String]
        private let tensors: [String: StoredTensor]

        init(_ source: any WeightSource, in folder: String) throws {
            names = source.names
            let declared = names.compactMap { name in
                source[name].map { TensorDeclaration(name, shape: $0.shape, format: .element(.f32)) }
            }
            let path = folder + "/expanded.safetensors"
            try SafetensorsWriter.write(to: path, tensors: declared) { declaration, sink in
                try (source[declaration.name]?.floats() ?? []).withUnsafeBytes { try sink($0) }
            }
            let store = try WeightStore.open(path)
            tensors = Dictionary(uniqueKeysWithValues: store.all.map { ($0.name, $0) })
        }

        subscript(name: String) -> StoredTensor? { tensors[name] }
    }

    private func losses(_ files: ModelFiles) throws -> [Double] {
        var settings = TrainingBenchmark.Settings()
        (settings.sequence, settings.batch, settings.steps, settings.rank) = (48, 2, 3, 4)
        (settings.precision, settings.masked) = (.f32, 0.25)
        return try TrainingBenchmark(files, settings).run().losses
    }

    @Test("train as the numbers they stand for", arguments: formats)
    func equalExpanded(_ format: ElementFormat) throws {
        try withFolder { folder in
            let original = try ModelFiles.open(directory: Self.tiny)
            let quantised = try QuantisedBase(original, as: format).load(cache: QuantisedCache(directory: folder))
            let source = try #require(quantised.source)
            let expanded = try ModelFiles(
                path: quantised.path, description: quantised.description, configuration: quantised.configuration,
                source: Expanded(source, in: folder))
            let (found, expected, plain) = (try losses(quantised), try losses(expanded), try losses(original))
            for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-5, "\(format): \(a), expected \(b)") }
            #expect(zip(found, plain).contains { abs($0 - $1) > 1e-5 }, "\(format) changes nothing")
        }
    }

    @Test("hold each matrix as the format's rules say")
    func formatsOfMatrices() throws {
        try withFolder { folder in
            let original = try ModelFiles.open(directory: Self.tiny)
            let cache = QuantisedCache(directory: folder)
            func stored(_ format: ElementFormat, _ name: String) throws -> StoredFormat? {
                try QuantisedBase(original, as: format).load(cache: cache).source?[name]?.format
            }
            let (down, table, norm) = (
                "model.layers.1.mlp.down_proj.weight", "model.embed_tokens.weight", "model.norm.weight"
            )
            #expect(try stored(.q4_k, down) == .element(.q4_k) && stored(.q4_k, table) == .element(.q6_k))
            #expect(try stored(.nf4, down) == .element(.nf4) && stored(.nf4, table) == .element(.bf16))
            #expect(try stored(.q8_0, table) == .element(.q8_0) && stored(.q8_0, norm) == .element(.bf16))
            let plan = try QuantisedBase(original, as: .q4_k)
            let loaded = try plan.load(cache: cache)
            let bytes = loaded.source?.names.reduce(0) { $0 + (loaded.source?[$1]?.range.count ?? 0) }
            #expect(bytes == plan.byteCount)
        }
    }

    @Test("need room on the disk, which is looked for first")
    func room() throws {
        try withFolder { folder in
            var cache = QuantisedCache(directory: folder)
            cache.freeSpace = { _ in 1000 }
            let base = try QuantisedBase(ModelFiles.open(directory: Self.tiny), as: .q4_k)
            let failure = #expect(throws: RunFailure.self) { try base.load(cache: cache) }
            #expect(failure?.message.contains("free") == true)
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!left.contains { $0.hasSuffix(".safetensors") })
        }
    }

    @Test("are quantised once for the same content, whatever its place")
    func cached() throws {
        try withFolder { folder in
            let cache = QuantisedCache(directory: folder + "/cache")
            let copy = folder + "/copy"
            try FileManager.default.copyItem(atPath: Self.tiny, toPath: copy)
            func shares(_ path: String) throws -> Int {
                var count = 0
                let base = try QuantisedBase(ModelFiles.open(directory: path), as: .q4_k)
                _ = try base.load(cache: cache) { _, share in count += share == nil ? 0 : 1 }
                return count
            }
            func held() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: cache.directory).filter {
                    $0.hasSuffix(".safetensors")
                }
            }
            #expect(try shares(Self.tiny) > 0)
            #expect(try shares(Self.tiny) == 0 && shares(copy) == 0 && held().count == 1)
            // Other weights are another base.
            let weights = copy + "/model.safetensors"
            var bytes = try Data(contentsOf: URL(filePath: weights))
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: URL(filePath: weights))
            #expect(try shares(copy) > 0 && held().count == 2)
            // What is damaged is made again.
            for file in try held() {
                try Data("damaged".utf8).write(to: URL(filePath: cache.directory + "/" + file))
            }
            #expect(try shares(Self.tiny) > 0 && shares(Self.tiny) == 0)
        }
    }

    @Test("say what they cannot hold")
    func fallbacks() throws {
        // Rows of 32 and 56 numbers: the first fill blocks of 32, the others none.
        let files = try ModelFiles.open(directory: fixture("llama-3"))
        let notes = try QuantisedBase(files, as: .q4_k).notes
        #expect(notes.contains { $0.contains("Q5_0") } && notes.contains { $0.contains("as they are stored") })
        let odd = try ModelFiles.open(directory: fixture("mistral"))
        #expect(throws: Problem.self) {
            _ = try QuantisedBase(odd, as: .nf4)
        }
        try withFolder { folder in
            _ = #expect(throws: Problems.self) {
                try plan(recipe(in: folder, output: "a", adapter: "{method: full}", "base.quantize=q8_0"))
            }
        }
    }

    @Test("train from a recipe, and a limit that cannot be kept is refused before anything is quantised")
    func recipes() throws {
        try withFolder { folder in
            let cache = QuantisedCache(directory: folder + "/cache")
            let small = try recipe(
                in: folder, output: "a", "model=\(Self.tiny)", "base.quantize=q4_k", "train.memory_limit=1MB")
            #expect(throws: Problem.self) { try TrainingRun(plan(small), quantising: cache) }
            #expect(!FileManager.default.fileExists(atPath: cache.directory))
            let good = try recipe(in: folder, output: "a", "model=\(Self.tiny)", "base.quantize=q4_k", "train.steps=2")
            let run = try TrainingRun(plan(good), quantising: cache)
            #expect(run.forecast.weightBytes < 5_000_000)
            #expect(try run.run { _ in } == .finished)
            #expect(FileManager.default.fileExists(atPath: folder + "/a/adapter_model.safetensors"))
        }
    }
}
