import CKernels
import Foundation
import Kernels
import Testing

/// Speeds of the kernels, in a process of their own.
enum SpeedChecks {
    /// Seconds of the fastest of many short runs at each level, in turn, with the data in the caches.
    private static func times(_ run: KernelRun, _ levels: [Int]) -> [Double] {
        let (body, _) = run.prepare()
        var best = levels.map { _ in Double.infinity }
        for _ in 0..<20 {
            for (i, level) in levels.enumerated() {
                atLevel(level) {
                    let start = DispatchTime.now().uptimeNanoseconds
                    body()
                    best[i] = min(best[i], Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9)
                }
            }
        }
        return best
    }

    static func fastLevelsAreFast() {
        guard let level = levels.first, level > 1 else { return }
        // 8 × 896 numbers a buffer: what is measured is computing, not memory.
        for run in kernelRuns(rows: 8, columns: 896) {
            let times = times(run, [level, 1])
            let gain = times[1] / times[0]
            // Most are 3 to 5 times as fast. Where a loop only moves floats the baseline's vectors do as well; one that
            // is not vectorised, or calls a helper compiled for the baseline, is several times slower than it.
            #expect(
                gain >= (run.isMoving ? 0.6 : 1.3), "\(run): level \(level) is only \(gain) times as fast as level 1")
        }
    }

    static func printTable() {
        print("G elements/s of one thread at levels \(levels):")
        for run in kernelRuns(rows: 128, columns: 896) {
            let speeds = times(run, levels).map { Double(run.elements) / $0 * 1e-9 }
            print(speeds.map { String(format: "%8.2f", $0) }.joined(separator: " "), "\(run)")
        }
    }
}

extension KernelRun {
    /// Whether it does little more than move f32 numbers.
    fileprivate var isMoving: Bool {
        let moving = [
            "graft_convert", "graft_convert_columns", "graft_add", "graft_sum", "graft_add_bias", "graft_sum_rows",
            "graft_softmax_finish", "graft_cross_entropy_finish", "graft_row_dots", "graft_rotary",
        ]
        return !roundsToBF16 && (moving.contains(kernel) || variant.contains("relu"))
    }
}

extension KernelsTests {
    @Suite struct SpeedTests {
        /// A helper that is not inlined into a level's clone runs as baseline code, 27 times slower.
        @Test func fastLevelsAreFast() async {
            if levels.count == 1 { print("SKIPPED: speeds, only the baseline here") }
            await #expect(processExitsWith: .success) { SpeedChecks.fastLevelsAreFast() }
        }

        /// The table of docs/performance.md: `GRAFT_KERNEL_SPEEDS=1 swift test -c release --filter printsSpeeds`. Alone
        /// in its process when filtered so, and its output is what it is for.
        @Test(.enabled(if: ProcessInfo.processInfo.environment["GRAFT_KERNEL_SPEEDS"] != nil)) func printsSpeeds() {
            SpeedChecks.printTable()
        }
    }
}
