import Dispatch
import Synchronization

/// Prepares steps ahead of the thread that trains: a task of its own makes them, `next()` hands them over.
///
/// The task calls no numeric kernel and gives way while enough is ready. It runs on a thread of its own: `next()`
/// blocks whoever calls it, and were that all threads of Swift's pool, a task in the pool would never run. Letting go
/// of the prefetcher ends the task.
public final class Prefetcher: Sendable {
    private let queue: StepQueue

    /// Starts preparing.
    ///
    /// - Parameters:
    ///   - cursor: where to begin.
    ///   - limit: how many steps to make; nil for as many as are taken.
    ///   - ahead: how many may be ready and untaken.
    public init(_ source: BatchSource, from cursor: DataCursor = DataCursor(), limit: Int? = nil, ahead: Int = 2) {
        precondition(ahead > 0, "Prefetcher: ahead is \(ahead)")
        let queue = StepQueue(capacity: ahead)
        self.queue = queue
        Task.detached(executorPreference: OwnThread()) {
            var steps = source.steps(from: cursor)
            var made = 0
            while limit.map({ made < $0 }) ?? true {
                do {
                    guard let step = try steps.next() else { break }
                    guard await queue.put(step) else { return }
                } catch {
                    queue.finish(throwing: error)
                    return
                }
                made += 1
            }
            queue.finish(throwing: nil)
        }
    }

    deinit { queue.stop() }

    /// The next step; nil after the last. Blocks until it is ready.
    ///
    /// - Throws: what making the step threw.
    public func next() throws -> StepBatch? { try queue.take() }
}

/// Runs a task on a serial queue, which gets a thread however many others are busy.
private final class OwnThread: TaskExecutor {
    private let queue = DispatchQueue(label: "graft.data")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// A queue from one task to one thread, with room for a few steps.
private final class StepQueue: Sendable {
    private struct State {
        var ready: [StepBatch] = []
        var isFinished = false
        var failure: (any Error)?
        var isStopped = false
        var producer: CheckedContinuation<Void, Never>?

        mutating func takeProducer() -> CheckedContinuation<Void, Never>? {
            defer { producer = nil }
            return producer
        }
    }

    private let state = Mutex(State())
    /// Counts what `take` may look at: every step, and once the end.
    private let filled = DispatchSemaphore(value: 0)
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Adds a step, then waits for room. False when nobody wants more.
    func put(_ step: StepBatch) async -> Bool {
        let isStopped = state.withLock { state in
            if !state.isStopped { state.ready.append(step) }
            return state.isStopped
        }
        if isStopped { return false }
        filled.signal()
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                if state.isStopped || state.ready.count < capacity { return true }
                state.producer = continuation
                return false
            }
            if hasRoom { continuation.resume() }
        }
        return state.withLock { !$0.isStopped }
    }

    /// Says that nothing follows.
    func finish(throwing error: (any Error)?) {
        state.withLock { state in
            state.isFinished = true
            state.failure = error
        }
        filled.signal()
    }

    /// The next step, the failure once, then nil.
    func take() throws -> StepBatch? {
        filled.wait()
        let (step, failure, producer) = state.withLock { state in
            if state.ready.isEmpty {
                defer { state.failure = nil }
                return (nil as StepBatch?, state.failure, nil as CheckedContinuation<Void, Never>?)
            }
            return (state.ready.removeFirst(), nil, state.takeProducer())
        }
        producer?.resume()
        if step == nil { filled.signal() }  // the end stays the end for whoever asks again
        if let failure { throw failure }
        return step
    }

    /// Gives up what is ready and lets the producer end.
    func stop() {
        let producer = state.withLock { state in
            state.isStopped = true
            state.ready = []
            return state.takeProducer()
        }
        producer?.resume()
    }
}
