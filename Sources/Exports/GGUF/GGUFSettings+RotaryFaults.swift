import Models

extension GGUFSettings {
    /// What the rotary tables have and llama.cpp's graph of the architecture has not.
    var rotaryFaults: [String] {
        var found: [String] = []
        let name = architecture.name
        let most = graph.secondTable == .none ? 1 : 2
        let expected = graph.unrotatedEvery == 1 ? 0...0 : 1...most
        if !expected.contains(config.rotaries.count) { found.append("it has \(config.rotaries.count) rotary tables") }
        if config.rotaries.contains(where: { $0.basis != $0.dim }) {
            found.append("it turns an odd share of each head, which llama.cpp does not")
        }
        guard let first = config.rotaries.first else { return found }
        found += faults(first)
        guard config.rotaries.count > 1 else { return found }
        let second = config.rotaries[1]
        switch graph.secondTable {
        case .unscaled where second.scaling != .none:
            found.append("the rotary table of its sliding layers is scaled, which llama.cpp's \(name) does not do")
        case .unscaledOfSameBase where second.scaling != .none || second.theta != first.theta:
            found.append("llama.cpp's \(name) rotates sliding layers by the same base as the others, without scaling")
        default: break
        }
        return found
    }

    /// What llama.cpp does not do of a table's scaling.
    private func faults(_ rotary: RotaryConfig) -> [String] {
        let name = architecture.name
        switch rotary.scaling {
        case .none, .linear: return []
        case .dynamic, .proportional: return ["its rotary scaling is not known to llama.cpp"]
        case .longRope where graph.readsTwoFactorLists: return []
        case .longRope(let scaling) where scaling.shortFactors != scaling.longFactors:
            return ["its rotary scaling is not known to llama.cpp's \(name)"]
        case .llama3, .longRope:
            if architecture.readsFrequencyTable { return [] }
            return ["its rotary scaling takes a table of divisors, which llama.cpp's \(name) does not read"]
        case .yarn(var scaling):
            scaling.truncate = true
            if !architecture.readsYarnRamp { (scaling.betaFast, scaling.betaSlow) = (32, 1) }
            var theirs = rotary
            theirs.scaling = .yarn(scaling)
            let pairs = zip(
                RotaryFrequencies(rotary, length: 1).inverse, RotaryFrequencies(theirs, length: 1).inverse)
            if pairs.allSatisfy({ abs($0 - $1) <= 1e-6 * $1 }) { return [] }
            return [
                "llama.cpp's \(name) has YaRN's ramp from \(scaling.betaFast) rotations to \(scaling.betaSlow), its ends "
                    + "rounded, this model another (beta_fast, beta_slow, truncate)"
            ]
        }
    }
}
