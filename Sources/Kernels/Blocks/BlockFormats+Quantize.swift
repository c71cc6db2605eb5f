import CKernels

extension ElementFormat {
    /// Whether floats can be written in this format; the others can only be read.
    public var isWritable: Bool {
        switch self {
        case .f32, .f16, .bf16, .q8_0, .q4_0, .q4_1, .q5_0, .q5_1, .q4_k, .q5_k, .q6_k, .nf4: true
        case .q2_k, .q3_k, .iq4_nl, .iq4_xs, .mxfp4: false
        }
    }
}

extension BlockFormats {
    /// Stores rows of floats in a format: `rows` rows of `columns` numbers, one after the other on both sides.
    ///
    /// `columns` fills whole blocks; `destination` takes `rows · rowBytes(columns)` bytes, at any alignment. A row's
    /// bytes depend on that row alone and are the same on every processor. Numbers must be finite. Q8_0, Q4_0, Q4_1,
    /// Q5_0 and Q5_1 are ggml's own bytes; Q4_K, Q5_K and Q6_K are found by a search of our own, as close to the
    /// numbers as ggml's. Traps unless the format ``ElementFormat/isWritable``.
    public static func quantizeRows(
        _ format: ElementFormat, _ source: UnsafePointer<Float>, columns: Int, rows: Int,
        into destination: UnsafeMutableRawPointer
    ) {
        precondition(columns % format.blockSize == 0, "\(columns) columns do not fill blocks of \(format)")
        let known = graft_quantize(format.rawValue, source, rows, columns, destination)
        precondition(known != 0, "quantizeRows: \(format) can only be read")
    }
}
