import Kernels

/// What `--quantize` takes: the format of a GGUF file's matrices.
public enum GGUFQuantization: String, Sendable, CaseIterable {
    // The names are those of llama.cpp.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case f32, f16, bf16, q8_0, q6_k, q5_k, q4_k, q4_0

    /// How matrices are stored.
    var format: ElementFormat {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .q8_0: .q8_0
        case .q6_k: .q6_k
        case .q5_k: .q5_k
        case .q4_k: .q4_k
        case .q4_0: .q4_0
        }
    }

    /// The format of one matrix as llama.cpp's own quantiser chooses: the output head (or the embedding that serves as
    /// one) in six bits where the others have fewer.
    func format(isHead: Bool) -> ElementFormat {
        switch self {
        case .q5_k, .q4_k, .q4_0: isHead ? .q6_k : format
        default: format
        }
    }
}

extension ElementFormat {
    /// llama.cpp's number for a file whose matrices are mostly of this format (`general.file_type`).
    var fileType: UInt32? {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q8_0: 7
        case .q5_0: 8
        case .q5_1: 9
        case .q4_k: 14
        case .q5_k: 16
        case .q6_k: 18
        case .bf16: 32
        case .mxfp4: 38
        default: nil
        }
    }
}
