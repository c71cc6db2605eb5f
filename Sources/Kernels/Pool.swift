import CKernels

/// The one pool of threads: libgomp's, which oneDNN computes on too. Only one thread may start work on it.
public enum Pool {
    /// How many threads compute.
    public static var threads: Int { Int(graft_threads()) }

    /// Sets how many threads compute, oneDNN's included.
    public static func use(threads: Int) {
        precondition(threads > 0, "Pool.use: \(threads) threads")
        graft_set_threads(Int32(threads))
    }

    /// Calls `body` with every index below `count`, in parallel. Each call must write only what belongs to its index,
    /// so that results do not depend on the number of threads.
    public static func run(_ count: Int, _ body: (Int) -> Void) {
        if count <= 1 {
            if count == 1 { body(0) }
            return
        }
        withoutActuallyEscaping(body) { escapable in
            var work = Work(body: escapable)
            withUnsafeMutablePointer(to: &work) { pointer in
                graft_parallel(
                    count, { context, index in context?.assumingMemoryBound(to: Work.self).pointee.body(index) },
                    pointer)
            }
        }
    }

    /// Cuts rows into panels and calls `body` with each, in parallel. For kernels whose rows do not depend on each
    /// other.
    public static func rows(_ rows: Int, atLeast grain: Int = 16, _ body: (Range<Int>) -> Void) {
        let panel = max(grain, min(512, (rows + threads * 4 - 1) / (threads * 4)))
        run((rows + panel - 1) / panel) { i in body(i * panel..<min(rows, (i + 1) * panel)) }
    }

    private struct Work {
        let body: (Int) -> Void
    }
}
