import CKernels
import Foundation
import Kernels
import Testing

/// What is checked at every level of instructions, in a process of its own.
enum LevelChecks {
    /// Odd sizes: remainders of every lane width.
    static let runs =
        kernelRuns(rows: 19, columns: 7 * 19) + kernelRuns(rows: 1, columns: 7) + kernelRuns(rows: 3, columns: 7 * 91)

    static func levelsAgree() {
        for run in runs {
            let results = levels.map { level in
                atLevel(level) { () -> [Float] in
                    let (body, results) = run.prepare()
                    body()
                    return results()
                }
            }
            guard let reference = results.last, reference.contains(where: { $0 != 0 }) else {
                Issue.record("\(run): nothing was computed")
                return
            }
            for (level, result) in zip(levels, results).dropLast() {
                let error = relativeError(result, reference.map(Double.init))
                #expect(
                    error <= (run.roundsToBF16 ? Bounds.levelsBF16 : Bounds.levels),
                    "\(run): level \(level) is \(error) off level 1")
            }
        }
    }
}

extension KernelsTests {
    @Suite(.serialized) struct LevelTests {
        @Test func levelsAgree() async {
            await #expect(processExitsWith: .success) { LevelChecks.levelsAgree() }
        }

        @Test func functionsAreExactAtEveryLevel() async {
            await #expect(processExitsWith: .success) {
                for level in levels { atLevel(level) { FunctionChecks().all() } }
            }
        }

        @Test func adamWIsTorchsAtEveryLevel() async {
            await #expect(processExitsWith: .success) {
                for level in levels { atLevel(level) { for steps in [1, 20] { OptimizerChecks.adamW(steps) } } }
            }
        }

        @Test func saysWhatItSkips() {
            for level in [4, 3] where !levels.contains(level) { print("SKIPPED: this processor has no level \(level)") }
        }

        /// Every kernel that is compiled per level takes part, by the sources themselves. Block formats and the
        /// decoding loop have tests of their own.
        @Test func everyKernelIsCompared() throws {
            var folder = URL(fileURLWithPath: #filePath)
            for _ in 0..<3 { folder.deleteLastPathComponent() }
            folder.appendPathComponent("Sources/CKernels")
            var names: Set<String> = []
            for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
            where file.hasSuffix(".c") && !file.hasPrefix("blocks_") && !file.hasPrefix("decode_") {
                let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
                for line in text.split(separator: "\n") where line.hasPrefix("KERNEL(") {
                    names.insert(String(line.dropFirst("KERNEL(".count).prefix { $0 != "," }))
                }
            }
            #expect(names.count > 15)
            let missing = names.subtracting(LevelChecks.runs.map(\.kernel))
            #expect(missing.isEmpty, "not compared between levels: \(missing.sorted())")
        }
    }
}
