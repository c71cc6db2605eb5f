import Kernels
import Models
import SafeFiles
import WeightFiles

/// A weight of the base as exports take it: stored as it is, or as small floats with scales apart, which are written as
/// plain numbers.
struct BaseWeight {
    private enum Form {
        case stored(StoredTensor)
        case scaled(ScaledTensor)
    }

    /// Its name in the base's files.
    let name: String
    /// Its dimensions, outermost first.
    let shape: [Int]
    private let form: Form

    init(_ tensor: StoredTensor) { (name, shape, form) = (tensor.name, tensor.shape, .stored(tensor)) }

    init(_ name: String, _ tensor: ScaledTensor) { (self.name, shape, form) = (name, tensor.shape, .scaled(tensor)) }

    /// Length of a row.
    var columns: Int { shape.last ?? 1 }
    /// Rows of all leading dimensions together.
    var rows: Int { shape.dropLast().reduce(1, *) }

    /// How its numbers are stored; bf16 for small floats with scales, which is what they are written as unless said
    /// otherwise. Nil where they can only be carried along.
    var format: ElementFormat? {
        switch form {
        case .stored(let tensor): tensor.format.element
        case .scaled: .bf16
        }
    }

    /// The format of GGUF that holds its numbers as they are; nil where there is none.
    var ggufFormat: ElementFormat? {
        switch form {
        case .stored(let tensor): tensor.format.element
        case .scaled(let tensor): tensor.kind == .mxfp4 ? .mxfp4 : nil
        }
    }

    /// Whether the base holds exactly this format, so that writing it rounds nothing.
    func holds(_ format: ElementFormat) -> Bool { ggufFormat == format }

    /// Whether its files hold outputs before inputs where plain files of the family have them after: gpt-oss in MXFP4.
    var isTurned: Bool { if case .scaled(let tensor) = form { tensor.kind == .mxfp4 } else { false } }

    /// All numbers of a small weight.
    var floats: [Float] { if case .stored(let tensor) = form { tensor.floats() ?? [] } else { [] } }

    /// Hands the rows to the sink; see ``StoredTensor/write(as:order:to:adding:)``.
    func write(
        as format: ElementFormat, order: [Int]? = nil, to sink: ByteSink,
        adding: ((_ rows: [Int], _ numbers: UnsafeMutablePointer<Float>) -> Void)? = nil
    ) throws {
        switch form {
        case .stored(let tensor): try tensor.write(as: format, order: order, to: sink, adding: adding)
        case .scaled(let tensor) where format == .mxfp4 && adding == nil:
            try tensor.writeMXFP4(order: order, to: sink)
        case .scaled(let tensor):
            try tensor.rows(named: name).write(as: format, order: order, to: sink, adding: adding)
        }
    }

    /// Takes what was read out of this process's memory.
    func release() {
        switch form {
        case .stored(let tensor): tensor.file.release(tensor.range)
        case .scaled(let tensor):
            tensor.values.file.release(tensor.values.range)
            tensor.scales.file.release(tensor.scales.range)
        }
    }
}

extension ModelFiles {
    /// A weight by its name; nil where the base has none of it.
    func weight(_ name: String) -> BaseWeight? {
        scaled[name].map { BaseWeight(name, $0) } ?? source?[name].map { BaseWeight($0) }
    }
}
