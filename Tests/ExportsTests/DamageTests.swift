import Exports
import Foundation
import Kernels
import Models
import TestSupport
import Testing
import Tokenizers

extension ExportsTests {
    @Suite("Damaged GGUF models")
    struct DamageTests {
        /// Bytes that are changed in place in a copy, so that nothing is written but them.
        private func mutate(_ count: Int, seed: UInt64, _ path: String, headerBytes: Int) throws -> Int {
            let original = try Data(contentsOf: URL(filePath: path))
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            defer { try? handle.close() }
            var draws = Fuzzing.generator(seed)
            func below(_ limit: Int) -> Int { draws.below(limit) }
            let telling: [UInt64] = [0, 1, 0x7fff_ffff, 0xffff_ffff, 1 << 40, .max, 1 << 63, 2, 255, 65536]
            var opened = 0
            for _ in 0..<count {
                var changed: [Range<Int>] = []
                for _ in 0...below(3) {
                    let width = [1, 1, 4, 8][below(4)]
                    let at = below(headerBytes - width)
                    let value = below(2) == 0 ? telling[below(telling.count)] : UInt64(below(1 << 32))
                    let bytes = withUnsafeBytes(of: value.littleEndian) { Data($0.prefix(width)) }
                    try handle.seek(toOffset: UInt64(at))
                    try handle.write(contentsOf: bytes)
                    changed.append(at..<at + width)
                }
                let cut = below(8) == 0
                if cut { try handle.truncate(atOffset: UInt64(below(original.count))) }
                // Any error will do; what must not happen is a trap, or memory for what the file only claims.
                if let files = try? ModelFiles.open(gguf: path) {
                    opened += 1
                    _ = try? Tokenizer.load(gguf: files.path)
                    if min(files.description.config.vocabularySize, files.description.config.maximumPositions) > 3 {
                        _ = Transformer(files).logProbabilities([[1, 2, 3, 0]], precision: .f32)
                    }
                }
                for range in cut ? [0..<original.count] : changed {
                    try handle.seek(toOffset: UInt64(range.lowerBound))
                    try handle.write(contentsOf: original[range])
                }
            }
            return opened
        }

        /// `GRAFT_FUZZ_ROUNDS` sets the number of mutants (in the full set 20,000), `GRAFT_FUZZ_SEED` where they start.
        @Test("cost an error and bounded memory, whatever is changed in their headers")
        func mutations() throws {
            let scratch = try Scratch()
            // Our own files of the architectures whose tensors are put together from several, or turned.
            var names = ["deepseek-v3", "granite-moe", "gpt2", "cohere", "gpt-oss", "olmo3", "ministral3"]
            let edits = [
                "deepseek-v3": ["\"mscale\": 1.0": "\"mscale\": 0.7"],
                "gpt-oss": ["\"swiglu_limit\": 1.5": "\"swiglu_limit\": 7.0"],
            ]
            for name in names {
                let changes = edits[name] ?? [:]
                let files = try ModelFiles.open(directory: Fixture.edited(name, changes, in: scratch))
                let job = ExportJob(
                    base: files, adapter: nil, probes: try Probes(tokenizer: nil, config: files.description.config))
                _ = try job.exportGGUF(to: scratch(name + ".gguf"), quantize: .f16, tokenizer: nil)
            }
            names = names.map { $0 + ".gguf" }
            if let folder = sharedFolder("assets/gguf_fixtures/architectures") {
                for name in ["llama3", "qwen3_moe", "mixtral", "granite"] {
                    try FileManager.default.copyItem(atPath: "\(folder)/\(name).gguf", toPath: scratch(name))
                    names.append(name)
                }
            }
            let before = Machine.peakMemory
            var opened = 0
            for (i, name) in names.enumerated() {
                let size = try FileManager.default.attributesOfItem(atPath: scratch(name))[.size] as? Int ?? 0
                opened += try mutate(
                    Fuzzing.rounds(880, full: 20_000) / names.count, seed: UInt64(i), scratch(name),
                    headerBytes: min(20_000, size / 2))
            }
            let growth = Machine.peakMemory - before
            print("mutants that open: \(opened); memory grew by \(growth >> 20) MB")
            #expect(growth < 1 << 30)
        }
    }
}
