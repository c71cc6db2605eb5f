import Foundation
import Kernels
import OrderedJSON
import Testing

/// `train.precision`: products in bfloat16 learn what products in f32 learn.
@Suite("bf16 beside f32")
struct PrecisionTests {
    private func losses(_ folder: TemporaryFolder, _ precision: String, _ settings: [String]) throws -> [Double] {
        let output = "run-\(precision)"
        let run = try Graft.run(
            ["train", "recipe.yaml", "--set", "train.precision=\(precision)", "--set", "output=\(output)"] + settings,
            in: folder.url)
        #expect(run.status == 0, "\(run.errors)")
        let text = try String(
            contentsOf: folder.url.appendingPathComponent(output + "/metrics.jsonl"), encoding: .utf8)
        return try text.split(separator: "\n").compactMap { try JSONValue(parsing: String($0))["loss"]?.doubleValue }
    }

    private func compare(_ recipe: String) throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("recipe.yaml", recipe)
        let (exact, rounded) = (try losses(folder, "f32", []), try losses(folder, "bf16", []))
        #expect(exact.count == 100 && rounded.count == 100)
        #expect(exact != rounded, "the precision must matter")
        let worst = zip(exact, rounded).map { abs($1 / $0 - 1) }.max() ?? 1
        #expect(worst < 0.01, "the loss differs by \(worst * 100) %")
        #expect((exact.last ?? 9) < 0.9 * (exact.first ?? 0))
    }

    @Test(
        "the loss of every one of 100 steps is within 1 %",
        .enabled(if: Machine.hasBF16, "this processor has no bfloat16"))
    func tracks() throws {
        try compare(
            """
            model: \(Project.path("checkpoints/tiny"))
            data:
              train: \(Project.path("datasets/handbook/documents.jsonl"))
              max_length: 256
            train: {steps: 100, batch_size: 2, learning_rate: 5.0e-4}
            output: run
            """)
    }

    @Test(
        "and on a published model",
        .enabled(if: Machine.hasBF16 && Full.isOn, "only scripts/test --full, where the processor has bfloat16"))
    func published() throws {
        guard let shared = Project.shared else { return }
        try compare(
            """
            model: \(shared.path)/assets/models/stories260K
            data:
              train: \(Project.path("datasets/general/train.jsonl"))
              template: none
              max_length: 256
            train: {steps: 100, batch_size: 4, learning_rate: 1.0e-3}
            output: run
            """)
    }
}
