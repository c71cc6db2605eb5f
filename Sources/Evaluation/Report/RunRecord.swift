import Foundation
import Kernels
import OrderedJSON
import SafeFiles

/// What a run's directory tells about how its adapter was trained.
public struct RunRecord: Sendable {
    /// Loss of training steps: step and loss.
    public var training: [(step: Double, loss: Double)] = []
    /// Loss on held-out rows.
    public var heldOut: [(step: Double, loss: Double)] = []
    /// The recipe as it was resolved.
    public var recipe: String?
    /// SHA-256 of the recipe, `sha256:…`.
    public var recipeHash: String?

    /// Nothing known.
    public init() {}

    /// Reads `metrics.jsonl` and `recipe.yaml` as far as they are there; a line that cannot be read is passed over, for
    /// a run may just be writing it.
    public init(directory: String) {
        let parser = JSONParser()
        if let file = try? MappedFile(path: directory + "/metrics.jsonl") {
            withExtendedLifetime(file) {
                for line in file.bytes.split(separator: UInt8(ascii: "\n")) {
                    guard let value = try? parser.parse(UnsafeRawBufferPointer(rebasing: line)),
                        let step = value["step"]?.doubleValue
                    else { continue }
                    if let loss = value["loss"]?.doubleValue { training.append((step, loss)) }
                    if let loss = value["eval_loss"]?.doubleValue { heldOut.append((step, loss)) }
                }
            }
        }
        if let file = try? MappedFile(path: directory + "/recipe.yaml") {
            withExtendedLifetime(file) {
                recipe = String(decoding: file.bytes, as: UTF8.self)
                recipeHash = "sha256:" + SHA256.hex(file.bytes)
            }
        }
    }

    /// The training losses as means of at most `count` stretches, so that a line can be seen among its noise.
    func smoothed(to count: Int) -> [(x: Double, y: Double)] {
        let length = max(1, (training.count + count - 1) / count)
        return stride(from: 0, to: training.count, by: length).map { start in
            let part = training[start..<min(start + length, training.count)]
            let share = 1 / Double(part.count)
            return (part.reduce(0) { $0 + $1.step } * share, part.reduce(0) { $0 + $1.loss } * share)
        }
    }
}
