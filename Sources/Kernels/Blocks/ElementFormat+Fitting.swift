extension ElementFormat {
    /// This format, or the near one that llama.cpp's quantiser takes where rows of `columns` numbers do not fill its
    /// blocks (`llama-quant.cpp`: Q4_K → Q5_0, Q5_K → Q5_1, Q6_K → Q8_0); nil where no block format fits.
    public func fitting(columns: Int) -> ElementFormat? {
        if columns % blockSize == 0 { return self }
        switch self {
        case .q4_k: return ElementFormat.q5_0.fitting(columns: columns)
        case .q5_k: return ElementFormat.q5_1.fitting(columns: columns)
        case .q6_k: return ElementFormat.q8_0.fitting(columns: columns)
        default: return nil
        }
    }

    /// Whether numbers stand in blocks of their own scale.
    public var isBlock: Bool { blockSize > 1 }
}
