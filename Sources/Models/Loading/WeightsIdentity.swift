import Diagnostics
import SafeFiles
import Synchronization
import WeightFiles

/// The content hash of a model's weights, computed when it is first asked for: of large files it takes seconds.
final class WeightsIdentity: Sendable {
    private let known = Mutex<String?>(nil)

    func hash(of paths: [String]) throws(Problem) -> String {
        try known.withLock { (known) throws(Problem) -> String in
            if let known { return known }
            let hash = try contentHash(of: paths)
            known = hash
            return hash
        }
    }
}

extension ModelFiles {
    /// The paths of the files that hold the weights, sorted.
    public var weightFiles: [String] { Set((source?.names ?? []).compactMap { source?[$0]?.file.path }).sorted() }

    /// A file of the weights that another program has written into since it was opened; nil where there is none.
    public var changedWeightFile: String? {
        (source?.names ?? []).lazy.compactMap { source?[$0]?.file }.first(where: \.hasChanged)?.path
    }

    /// What identifies the weights by their content, see ``WeightFiles/contentHash(of:)``; read once however often it
    /// is asked for.
    public func weightsHash() throws(Problem) -> String { try identity.hash(of: weightFiles) }
}
