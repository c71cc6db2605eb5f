/// How the numbers of a frozen matrix are stored: plain, or in blocks as ggml defines them.
///
/// Raw values are ggml's type numbers (`ggml.h`), which GGUF files carry.
public enum ElementFormat: UInt32, Sendable, CaseIterable {
    // The names are those of llama.cpp.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case q2_k = 10, q3_k = 11, q4_k = 12, q5_k = 13, q6_k = 14
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case iq4_nl = 20, iq4_xs = 23, bf16 = 30, mxfp4 = 39
    /// 4-bit NormalFloat as QLoRA has it: held in memory only, no type of ggml's and in no file.
    case nf4 = 0x10004

    /// Whether ggml has this type, so that GGUF files may hold it.
    public var isGGML: Bool { self != .nf4 }

    /// Numbers in a block; a row is a whole number of blocks.
    public var blockSize: Int {
        switch self {
        case .f32, .f16, .bf16: 1
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_nl, .mxfp4: 32
        case .nf4: 64
        case .q2_k, .q3_k, .q4_k, .q5_k, .q6_k, .iq4_xs: 256
        }
    }

    /// Bytes of a block.
    public var blockBytes: Int {
        switch self {
        case .f32: 4
        case .f16, .bf16: 2
        case .q4_0, .iq4_nl: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .mxfp4: 17
        case .nf4: 36
        case .q2_k: 84
        case .q3_k: 110
        case .q4_k: 144
        case .q5_k: 176
        case .q6_k: 210
        case .iq4_xs: 136
        }
    }

    /// Bytes of a row of `columns` numbers; traps when the row does not fill its blocks.
    public func rowBytes(_ columns: Int) -> Int {
        precondition(columns % blockSize == 0, "\(columns) columns do not fill blocks of \(self)")
        return columns / blockSize * blockBytes
    }
}
