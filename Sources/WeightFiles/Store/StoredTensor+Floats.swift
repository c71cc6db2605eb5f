import Kernels

extension StoredTensor {
    /// All numbers as floats, or nil when the format can only be listed. For small tensors (norms, biases, adapters):
    /// matrices are expanded panel by panel where they are used.
    public func floats() -> [Float]? {
        guard let format = format.element else { return nil }
        guard let start = bytes.baseAddress else { return [] }
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let to = buffer.baseAddress {
                BlockFormats.expandRows(format, start, columns: columns, rows: 0..<rows, into: to)
            }
            initialized = count
        }
    }
}
