import Kernels
import Testing

extension KernelsTests {
    @Suite struct ProfileTests {
        @Test func phasesInsideAPhaseAreItsOwn() {
            let profile = Profile()
            let value = profile.during {
                Profile.measure(.attention) { Profile.measure(.adapters) { 3 } } + Profile.measure(.loss) { 4 }
            }
            #expect(value == 7)
            #expect(Set(profile.seconds.keys) == [.attention, .loss])
            profile.reset()
            #expect(profile.seconds.isEmpty)
        }

        /// Two benchmarks of one process once wrote into the same dictionary.
        @Test func whatOthersComputeIsNotCounted() async {
            let (mine, others) = (Profile(), Profile())
            Profile.measure(.optimizer) {}
            await withTaskGroup(of: Void.self) { group in
                for profile in [mine, others] {
                    group.addTask {
                        for _ in 0..<10_000 {
                            profile.during { Profile.measure(profile === mine ? .attention : .loss) {} }
                        }
                    }
                }
            }
            #expect(Set(mine.seconds.keys) == [.attention] && Set(others.seconds.keys) == [.loss])
        }
    }
}
