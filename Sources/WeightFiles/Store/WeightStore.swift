/// The tensors of a model or adapter by name, in files mapped into memory.
public struct WeightStore: Sendable {
    /// All names, in the order of the files and of the bytes in them.
    public let names: [String]
    /// What the files say about themselves: safetensors' `__metadata__`; of several files the first that has a key
    /// counts.
    public let metadata: [String: String]
    /// The paths of the files.
    public let files: [String]
    private let tensors: [String: StoredTensor]

    /// The given tensors, whose names must differ.
    init(_ tensors: [StoredTensor], metadata: [String: String], files: [String]) {
        self.names = tensors.map(\.name)
        self.metadata = metadata
        self.files = files
        self.tensors = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    }

    /// The tensor called `name`, or nil.
    public subscript(name: String) -> StoredTensor? { tensors[name] }

    /// All tensors in the order of ``names``.
    public var all: [StoredTensor] { names.compactMap { tensors[$0] } }

    /// Bytes of all tensors together.
    public var byteCount: Int { tensors.values.reduce(0) { $0 + $1.range.count } }
}
