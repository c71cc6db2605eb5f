import Kernels

extension StoredFormat {
    /// The format that a safetensors header calls `dtype`, or nil for an unknown word.
    public init?(safetensors dtype: String) {
        guard let format = Self.safetensorsByName[dtype] else { return nil }
        self = format
    }

    /// The format with ggml's number `type` (`ggml.h`), or nil for an unknown number.
    public init?(ggml type: UInt32) {
        if let element = ElementFormat(rawValue: type), element.isGGML {
            self = .element(element)
        } else if let listed = Self.ggmlListed.first(where: { $0.ggmlType == type }) {
            self = .listed(listed)
        } else {
            return nil
        }
    }

    /// ggml's number of this format, or nil when ggml has no such type.
    public var ggmlType: UInt32? {
        switch self {
        case .element(let format): format.isGGML ? format.rawValue : nil
        case .listed(let format): format.ggmlType
        }
    }

    /// 64-bit signed integers.
    public static let i64 = StoredFormat.listed(ListedFormat("I64", 1, 8, ggml: 27))
    /// 32-bit signed integers.
    public static let i32 = StoredFormat.listed(ListedFormat("I32", 1, 4, ggml: 26))
    /// Bytes.
    public static let u8 = StoredFormat.listed(ListedFormat("U8", 1, 1))
    /// Booleans, a byte each.
    public static let bool = StoredFormat.listed(ListedFormat("BOOL", 1, 1))
    /// 64-bit floats.
    public static let f64 = StoredFormat.listed(ListedFormat("F64", 1, 8, ggml: 28))
    /// 8-bit floats with 4 bits of exponent.
    public static let f8E4M3 = StoredFormat.listed(ListedFormat("F8_E4M3", 1, 1))
    /// 8-bit floats with 5 bits of exponent.
    public static let f8E5M2 = StoredFormat.listed(ListedFormat("F8_E5M2", 1, 1))

    /// What safetensors can hold, in the order in which its own writer lays tensors out, reversed: by falling alignment
    /// the last come first.
    static let safetensorsFormats: [StoredFormat] = [
        bool,
        .listed(ListedFormat("F4", 2, 1)),
        .listed(ListedFormat("F6_E2M3", 4, 3)),
        .listed(ListedFormat("F6_E3M2", 4, 3)),
        u8,
        .listed(ListedFormat("I8", 1, 1, ggml: 24)),
        f8E5M2,
        f8E4M3,
        .listed(ListedFormat("F8_E8M0", 1, 1)),
        .listed(ListedFormat("F8_E4M3FNUZ", 1, 1)),
        .listed(ListedFormat("F8_E5M2FNUZ", 1, 1)),
        .listed(ListedFormat("I16", 1, 2, ggml: 25)),
        .listed(ListedFormat("U16", 1, 2)),
        .element(.f16),
        .element(.bf16),
        i32,
        .listed(ListedFormat("U32", 1, 4)),
        .element(.f32),
        .listed(ListedFormat("C64", 1, 8)),
        f64,
        i64,
        .listed(ListedFormat("U64", 1, 8)),
    ]

    private static let safetensorsByName = Dictionary(uniqueKeysWithValues: safetensorsFormats.map { ($0.name, $0) })

    /// ggml's types beyond ``ElementFormat``.
    static let ggmlListed: [ListedFormat] = [
        ListedFormat("Q8_1", 32, 36, ggml: 9),
        ListedFormat("Q8_K", 256, 292, ggml: 15),
        ListedFormat("IQ2_XXS", 256, 66, ggml: 16),
        ListedFormat("IQ2_XS", 256, 74, ggml: 17),
        ListedFormat("IQ3_XXS", 256, 98, ggml: 18),
        ListedFormat("IQ1_S", 256, 50, ggml: 19),
        ListedFormat("IQ3_S", 256, 110, ggml: 21),
        ListedFormat("IQ2_S", 256, 82, ggml: 22),
        ListedFormat("I8", 1, 1, ggml: 24),
        ListedFormat("I16", 1, 2, ggml: 25),
        ListedFormat("I32", 1, 4, ggml: 26),
        ListedFormat("I64", 1, 8, ggml: 27),
        ListedFormat("F64", 1, 8, ggml: 28),
        ListedFormat("IQ1_M", 256, 56, ggml: 29),
        ListedFormat("TQ1_0", 256, 54, ggml: 34),
        ListedFormat("TQ2_0", 256, 66, ggml: 35),
        ListedFormat("NVFP4", 64, 36, ggml: 40),
        ListedFormat("Q1_0", 128, 18, ggml: 41),
    ]
}
