import Adapters
import Diagnostics
import Foundation
import Kernels
import Models
import OrderedJSON
import SafeFiles
import Tensors
import WeightFiles

/// What a run leaves for others to use: a PEFT adapter, or after a full fine-tune a model directory.
struct ResultFiles {
    let model: Transformer
    /// The adapter's configuration; nil after a full fine-tune.
    let adapter: PEFTConfig?
    /// The chat template of the recipe: whoever uses the result must write prompts with it.
    let template: AdapterTemplate
    /// The model that was trained on.
    let base: ModelFiles

    /// Writes into an existing directory, each file whole or not at all.
    func write(to directory: String) throws {
        if let adapter {
            try PEFTFiles.write(
                model, config: adapter, to: directory,
                baseHash: base.weightFiles.isEmpty ? nil : try base.weightsHash(), template: template)
        } else {
            try writeModel(to: directory)
        }
        if let text = template.text { try AtomicFile.write(text, to: directory + "/" + AdapterTemplate.fileName) }
    }

    // Numbers are rounded once, to what config.json names, as transformers saves them.
    private func writeModel(to directory: String) throws {
        let configured = model.files.configuration["dtype"] ?? model.files.configuration["torch_dtype"]
        let format: ElementFormat =
            switch configured?.stringValue {
            case "float32": .f32
            case "float16": .f16
            default: .bf16
            }
        let weights = Dictionary(uniqueKeysWithValues: model.trainedWeights.map { ($0.tensor, $0) })
        let declared = model.trainedWeights.map {
            TensorDeclaration($0.tensor, shape: $0.shape, format: .element(format))
        }
        _ = try SafetensorsWriter.writeSharded(into: directory, tensors: declared) { declaration, sink in
            guard let weight = weights[declaration.name] else { return }
            var value = weight.offset == 0 ? weight.parameter.value : weight.parameter.value.adding(-weight.offset)
            if weight.inputsFirst { value = value.transposed() }
            try value.bytes(format).withUnsafeBytes { try sink($0) }
        }
        try CompanionFiles(of: model.files.path).copy(to: directory, with: ["config.json"])
    }
}

extension Tensor {
    /// Every number plus a constant, without a way for gradients.
    func adding(_ constant: Float) -> Tensor {
        Tensor(values().map { $0 + constant }, rows: rows, columns: columns)
    }

    /// The numbers in a plain format.
    func bytes(_ format: ElementFormat) -> [UInt8] {
        let source = converted(to: .f32)
        var bytes = [UInt8](repeating: 0, count: rows * format.rowBytes(columns))
        bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return }
            BlockFormats.quantizeRows(format, source.floats, columns: columns, rows: rows, into: start)
        }
        return bytes
    }
}
