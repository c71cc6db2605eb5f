import Dispatch
import Synchronization

extension Array where Element: Sendable {
    /// What `transform` makes of every element and its index, in order, computed on all cores. For work outside the
    /// tensors, such as tokenizing.
    func concurrentMap<T: Sendable>(_ transform: @Sendable (Element, Int) -> T) -> [T] {
        if count == 1 { return [transform(self[0], 0)] }
        let piece = Swift.max(1, Swift.min(64, count / 8))
        let pieces = Swift.stride(from: 0, to: count, by: piece).map { $0..<Swift.min(count, $0 + piece) }
        let results = Mutex([[T]](repeating: [], count: pieces.count))
        DispatchQueue.concurrentPerform(iterations: pieces.count) { at in
            let made = pieces[at].map { transform(self[$0], $0) }
            results.withLock { $0[at] = made }
        }
        return results.withLock { $0.flatMap { $0 } }
    }
}
