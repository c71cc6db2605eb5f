import CKernels
import Foundation
import Kernels
import Testing

extension KernelsTests {
    /// A helper that is not inlined into a level's clone runs as baseline code, 27 times slower: the level's gain goes.
    @Suite(.serialized) struct SpeedTests {
        /// Seconds of the fastest of many short runs, with the data in the caches.
        private func time(_ run: KernelRun, level: Int) -> Double {
            atLevel(level) {
                let (body, _) = run.prepare()
                body()
                var best = Double.infinity
                for _ in 0..<15 {
                    let start = DispatchTime.now().uptimeNanoseconds
                    body()
                    best = min(best, Double(DispatchTime.now().uptimeNanoseconds - start))
                }
                return best * 1e-9
            }
        }

        /// The table of docs/performance.md: GRAFT_KERNEL_SPEEDS=1 prints it.
        @Test(.enabled(if: ProcessInfo.processInfo.environment["GRAFT_KERNEL_SPEEDS"] != nil)) func printsSpeeds() {
            for run in kernelRuns(rows: 128, columns: 896) {
                let speeds = levels.map { Double(run.elements) / time(run, level: $0) * 1e-9 }
                let line = speeds.map { String(format: "%8.2f", $0) }.joined(separator: " ")
                print("SPEED \(line) G elements/s at levels \(levels): \(run)")
            }
        }

        @Test func fastLevelsAreFast() {
            guard let level = levels.first, level > 1 else { return print("SKIPPED: speeds, only the baseline here") }
            // 32 × 896 numbers stay in the second-level cache.
            for run in kernelRuns(rows: 32, columns: 896) {
                let (fast, slow) = (time(run, level: level), time(run, level: 1))
                #expect(slow / fast >= 1.2, "\(run): level \(level) is only \(slow / fast) times as fast as level 1")
            }
        }
    }
}
