import Foundation
import Generation
import Kernels
import Models
import OrderedJSON
import Tensors
import Tokenizers

/// Where test data lies.
enum TestData {
    /// The package's root, found from this file's own path.
    static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// The folder of shared test data beside the package, or `GRAFT_SHARED`; nil, told aloud, when there is none.
    static let shared: String? = {
        let path = ProcessInfo.processInfo.environment["GRAFT_SHARED"] ?? root + "/../shared"
        if FileManager.default.fileExists(atPath: path) { return path }
        print("SKIPPED: tests that need \(path), which does not exist (set GRAFT_SHARED)")
        return nil
    }()

    static func fixture(_ name: String) throws -> Transformer {
        Transformer(try ModelFiles.open(directory: "\(root)/Tests/Fixtures/models/\(name)"))
    }

    /// Ids that look random and are the same every time.
    static func ids(_ count: Int, below limit: Int, seed: Int) -> [Int32] {
        (0..<count).map { Int32(($0 * 7919 + seed * 104_729 + $0 * $0 * 31) % limit) }
    }
}

/// Greedy continuation without a cache: every token from the whole sequence.
func recomputed(_ model: Transformer, _ prompt: [Int32], count: Int, precision: ElementType) -> [Int32] {
    var ids = prompt
    for _ in 0..<count {
        let last = Int32(ids.count - 1)
        let hidden = model.hiddenStates(TokenBatch(ids), rows: [last], precision: precision)
        let logits = model.logits(hidden).values()
        ids.append(Int32(logits.indices.max { logits[$0] < logits[$1] } ?? 0))
    }
    return Array(ids.dropFirst(prompt.count))
}
