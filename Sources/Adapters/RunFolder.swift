import Foundation

/// The places in a run's output directory that are known by name.
public struct RunFolder: Sendable {
    /// The directory.
    public let path: String

    /// A run's directory, whether or not a run is in it.
    public init(_ path: String) { self.path = path }

    /// Where checkpoints stand.
    public var state: String { path + "/state" }

    /// The checkpoint after a step.
    public func checkpoint(at step: Int) -> String { "\(state)/step-\(step)" }

    /// The checkpoints that are there, oldest first.
    public var checkpoints: [(step: Int, path: String)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)) else { return nil }
            return (step, "\(state)/\(name)")
        }.sorted { $0.step < $1.step }
    }
}
