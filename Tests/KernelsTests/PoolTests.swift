import CKernels
import Kernels
import Testing

extension KernelsTests {
    @Suite(.serialized) struct PoolTests {
        private func visits(_ count: Int, _ run: ((Int) -> Void) -> Void) -> [Int] {
            let visits = Buffer(zeros: max(1, count))
            nonisolated(unsafe) let cells = visits.floats
            run { i in cells[i] += 1 }
            return visits.values.prefix(count).map { Int($0) }
        }

        @Test(arguments: [0, 1, 2, 3, 17, 1000, 20_001], [1, 2, 5]) func visitsEveryIndexOnce(
            _ count: Int, _ threads: Int
        ) {
            let before = Pool.threads
            Pool.use(threads: threads)
            defer { Pool.use(threads: before) }
            #expect(Pool.threads == threads)
            let once = [Int](repeating: 1, count: count)
            let single = visits(count) { visit in Pool.run(count, visit) }
            let panels = visits(count) { visit in Pool.rows(count) { for i in $0 { visit(i) } } }
            let large = visits(count) { visit in Pool.rows(count, atLeast: 300) { for i in $0 { visit(i) } } }
            #expect(single == once)
            #expect(panels == once)
            #expect(large == once)
        }

        @Test func aRegionInsideAnotherIsSerial() {
            let counts = visits(40) { visit in
                Pool.run(4) { outer in Pool.run(10) { inner in visit(outer * 10 + inner) } }
            }
            #expect(counts.allSatisfy { $0 == 1 })
            #expect(graft_in_parallel() == 0)
        }

        @Test func panelsCoverRowsInOrder() {
            let before = Pool.threads
            Pool.use(threads: 1)
            defer { Pool.use(threads: before) }
            var next = 0
            withoutActuallyEscaping({ (range: Range<Int>) in
                #expect(range.lowerBound == next && range.count <= 512 && !range.isEmpty)
                next = range.upperBound
            }) { Pool.rows(5000, $0) }
            #expect(next == 5000)
        }
    }
}
