import Foundation
import Randomness

/// How long fuzz tests go on, and with which random numbers.
public enum Fuzzing {
    private static let environment = ProcessInfo.processInfo.environment

    /// `GRAFT_FUZZ_ROUNDS` where the environment has it; `full` in `scripts/test --full`; else `short`.
    public static func rounds(_ short: Int, full: Int) -> Int {
        environment["GRAFT_FUZZ_ROUNDS"].flatMap(Int.init) ?? (environment["GRAFT_FULL"] == "1" ? full : short)
    }

    /// The numbers of a seed, and others where the environment has `GRAFT_FUZZ_SEED`.
    public static func generator(_ seed: UInt64) -> SplitMix64 {
        SplitMix64(seed ^ (environment["GRAFT_FUZZ_SEED"].flatMap(UInt64.init).map(SplitMix64.mixed) ?? 0))
    }
}

extension SplitMix64 {
    /// A number from 0 to below `bound`.
    public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
