import Adapters
import Foundation
import Models

/// What vLLM makes of a PEFT directory: it reads one rank and one alpha for all modules, and refuses ranks above its
/// `--max-lora-rank`.
public struct VLLMServing: Sendable {
    /// What `--max-lora-rank` must be; nil where no value that it takes is enough.
    public let maximumRank: Int?
    /// Why it would refuse the adapter or, worse, scale it wrongly.
    public let obstacles: [String]

    /// Values that `--max-lora-rank` takes.
    private static let ranks = [1, 8, 16, 32, 64, 128, 256, 320, 512]

    /// For the settings in an adapter_config.json.
    public init(_ settings: LoRASettings) {
        let ranks = [settings.rank] + settings.rankPattern.map(\.value)
        let differ =
            settings.rankPattern.contains { $0.value != settings.rank }
            || settings.alphaPattern.contains { $0.value != settings.alpha }
        self.init(rank: ranks.max() ?? 0, differ: differ, experts: !settings.parameters.isEmpty)
    }

    /// For an adapter that is yet to be trained.
    init(_ plan: AdapterPlan) {
        let specs = plan.specs.values
        let differ = Set(specs.map { "\($0.rank) \($0.scale)" }).count > 1
        self.init(rank: specs.map(\.rank).max() ?? 0, differ: differ, experts: false)
    }

    private init(rank: Int, differ: Bool, experts: Bool) {
        maximumRank = Self.ranks.first { $0 >= rank }
        obstacles =
            (maximumRank == nil ? ["it takes ranks up to 512"] : [])
            + (differ
                ? ["it reads one rank and one alpha for all modules, so with these patterns its scales would be others"]
                : [])
            + (experts
                ? [
                    "adapters on all experts in one tensor are loaded by its newest versions only, by others with "
                        + "--experts separate"
                ] : [])
    }

    /// In words; nil where there is nothing to say.
    public var note: String? {
        obstacles.isEmpty ? nil : "vLLM: \(obstacles.joined(separator: "; ")). A merged model it runs as it is"
    }
}
