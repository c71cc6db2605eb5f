import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Memory for tensors: one reserved range of addresses with huge pages, handed out at the lowest address that fits and
/// never returned to the system, so that a training step causes no page fault once the first step is over.
public final class Arena: Sendable {
    /// The process's arena.
    public static let shared = Arena()

    private struct State {
        var free: [Range<Int>]  // sorted, never touching each other
        var used = 0
        var top = 0
    }

    private let base: UInt
    private let state: Mutex<State>
    private static let alignment = 128

    private init() {
        var size = max(Machine.memory, 1 << 32) * 4
        // Of a limit on addresses (ulimit -v) half is for the weights' files, which are mapped, and all else.
        if let limit = Machine.addressLimit { size = min(size, limit / 2) }
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let start, start != MAP_FAILED else {
            preconditionFailure("Arena: cannot reserve \(size) bytes of addresses: \(String(cString: strerror(errno)))")
        }
        madvise(start, size, MADV_HUGEPAGE)
        base = UInt(bitPattern: start)
        state = Mutex(State(free: [0..<size]))
    }

    /// A block of at least `bytes`, aligned to 128; its contents are arbitrary.
    func allocate(_ bytes: Int) -> (pointer: UnsafeMutableRawPointer, size: Int) {
        let size = max(Self.alignment, (bytes + Self.alignment - 1) / Self.alignment * Self.alignment)
        let offset = state.withLock { state -> Int? in
            guard let place = state.free.firstIndex(where: { $0.count >= size }) else { return nil }
            let range = state.free[place]
            if range.count == size {
                state.free.remove(at: place)
            } else {
                state.free[place] = range.lowerBound + size..<range.upperBound
            }
            state.used += size
            state.top = max(state.top, range.lowerBound + size)
            return range.lowerBound
        }
        guard let offset, let pointer = UnsafeMutableRawPointer(bitPattern: base + UInt(offset)) else {
            preconditionFailure("Arena: no room for \(bytes) bytes")
        }
        return (pointer, size)
    }

    func release(_ pointer: UnsafeMutableRawPointer, _ size: Int) {
        let start = Int(UInt(bitPattern: pointer) - base)
        state.withLock { state in
            var low = 0
            var high = state.free.count
            while low < high {
                let middle = (low + high) / 2
                if state.free[middle].lowerBound < start { low = middle + 1 } else { high = middle }
            }
            var range = start..<start + size
            if low < state.free.count, state.free[low].lowerBound == range.upperBound {
                range = range.lowerBound..<state.free.remove(at: low).upperBound
            }
            if low > 0, state.free[low - 1].upperBound == range.lowerBound {
                state.free[low - 1] = state.free[low - 1].lowerBound..<range.upperBound
            } else {
                state.free.insert(range, at: low)
            }
            state.used -= size
        }
    }

    /// Bytes in use now, and the end of the highest block there ever was (what the process can have touched).
    public var usage: (used: Int, top: Int) { state.withLock { ($0.used, $0.top) } }

    /// Gives the pages above the highest block in use back to the system, e.g. between loading and training.
    public func trim() {
        // Inside the lock: nobody may be given the pages while they go.
        state.withLock { state in
            let start = state.free.last?.lowerBound ?? state.top
            let page = 1 << 21
            let from = (start + page - 1) / page * page
            if state.top > from, let pointer = UnsafeMutableRawPointer(bitPattern: base + UInt(from)) {
                madvise(pointer, state.top - from, MADV_DONTNEED)
            }
            state.top = min(state.top, start)
        }
    }
}

/// A block of the arena, returned when its last owner lets go.
///
/// The one type whose contents are shared between threads without the compiler's help: kernels write disjoint parts of
/// a block in parallel inside one synchronous call, and nobody else touches it meanwhile.
public final class Storage: @unchecked Sendable {
    /// The block's start, aligned to 128 bytes.
    public let base: UnsafeMutableRawPointer
    /// Its size in bytes.
    public let byteCount: Int

    private let owner: (any AnyObject & Sendable)?

    /// A block with arbitrary contents.
    public init(byteCount: Int) {
        (base, self.byteCount) = Arena.shared.allocate(byteCount)
        owner = nil
    }

    /// Memory that belongs to `owner`, e.g. a mapped file; nobody may write to it.
    public init(borrowing bytes: UnsafeRawPointer, byteCount: Int, owner: any AnyObject & Sendable) {
        base = UnsafeMutableRawPointer(mutating: bytes)
        self.byteCount = byteCount
        self.owner = owner
    }

    deinit { if owner == nil { Arena.shared.release(base, byteCount) } }
}
