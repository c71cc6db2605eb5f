import Kernels
import Testing

/// What is checked about the arena, in a process of its own.
struct ArenaChecks {
    private func start(_ storage: Storage) -> Int { Int(bitPattern: storage.base) }

    func blocksNeverOverlapAndAllComeBack() {
        var numbers = Numbers(7)
        let before = Arena.shared.usage.used
        var live: [(storage: Storage, mark: UInt8)] = []
        for round in 0..<4000 {
            if live.count < 60 && Bool.random(using: &numbers) || live.isEmpty {
                let size = Int.random(in: 0...(round % 10 == 0 ? 200_000 : 3000), using: &numbers)
                let storage = Storage(byteCount: size)
                #expect(storage.byteCount >= size && start(storage) % 128 == 0)
                for (other, _) in live {
                    let apart =
                        start(storage) + storage.byteCount <= start(other)
                        || start(other) + other.byteCount <= start(storage)
                    if !apart { Issue.record("blocks overlap") }
                }
                let mark = UInt8(truncatingIfNeeded: round)
                storage.base.initializeMemory(as: UInt8.self, repeating: mark, count: storage.byteCount)
                live.append((storage, mark))
            } else {
                let (storage, mark) = live.remove(at: Int.random(in: 0..<live.count, using: &numbers))
                for at in [0, storage.byteCount / 2, storage.byteCount - 1] {
                    #expect(storage.base.load(fromByteOffset: at, as: UInt8.self) == mark)
                }
            }
            #expect(Arena.shared.usage.used == before + live.reduce(0) { $0 + $1.storage.byteCount })
        }
        live = []
        #expect(Arena.shared.usage.used == before)
    }

    func neighboursMerge() {
        // Larger than any hole other tests may have left.
        let size = 1 << 22
        var blocks = (0..<6).map { _ in Storage(byteCount: size) }
        let place = blocks.map(start).min() ?? 0
        // In an order that meets a free neighbour above, below, and on both sides.
        for index in [4, 1, 2, 2, 0, 0] { blocks.remove(at: min(index, blocks.count - 1)) }
        let whole = Storage(byteCount: 6 * size)
        #expect(start(whole) == place)
    }

    func theLowestPlaceThatFitsIsTaken() {
        let size = 1 << 22
        let first = Storage(byteCount: size)
        var second: Storage? = Storage(byteCount: size)
        let third = Storage(byteCount: size)
        let hole = second.map(start) ?? 0
        second = nil
        #expect(start(Storage(byteCount: size / 2)) <= hole)
        #expect(start(first) != start(third))
    }

    func trimmingKeepsWhatIsInUse() {
        let size = 1 << 23
        let kept = Storage(byteCount: size)
        kept.base.initializeMemory(as: UInt8.self, repeating: 0xab, count: kept.byteCount)
        do { _ = Storage(byteCount: 4 * size) }
        Arena.shared.trim()
        #expect((0..<kept.byteCount).allSatisfy { kept.base.load(fromByteOffset: $0, as: UInt8.self) == 0xab })
        #expect(Arena.shared.usage.top >= Arena.shared.usage.used)
        let again = Storage(byteCount: 4 * size)
        again.base.initializeMemory(as: UInt8.self, repeating: 1, count: again.byteCount)
        #expect(kept.base.load(fromByteOffset: size - 1, as: UInt8.self) == 0xab)
    }
}

extension KernelsTests {
    @Suite struct ArenaTests {
        @Test func blocksNeverOverlapAndAllComeBack() async {
            await #expect(processExitsWith: .success) { ArenaChecks().blocksNeverOverlapAndAllComeBack() }
        }
        @Test func neighboursMerge() async {
            await #expect(processExitsWith: .success) { ArenaChecks().neighboursMerge() }
        }
        @Test func theLowestPlaceThatFitsIsTaken() async {
            await #expect(processExitsWith: .success) { ArenaChecks().theLowestPlaceThatFitsIsTaken() }
        }
        @Test func trimmingKeepsWhatIsInUse() async {
            await #expect(processExitsWith: .success) { ArenaChecks().trimmingKeepsWhatIsInUse() }
        }
    }
}
