import Kernels

/// Counts matrices whose rows do not fill the blocks of the format that they were to have, and what they have instead.
public struct FormatFallbacks: Sendable {
    private struct Kind: Hashable {
        let blockSize: Int
        let instead: ElementFormat?
    }

    private var names: [Kind: [String]] = [:]
    private var total = 0

    /// Nothing counted.
    public init() {}

    /// Counts a matrix.
    ///
    /// - Parameters:
    ///   - wanted: the format that it was to have.
    ///   - format: the one that it has; nil for the one that it is stored in.
    public mutating func count(_ name: String, wanted: ElementFormat, has format: ElementFormat?) {
        total += 1
        if format != wanted { names[Kind(blockSize: wanted.blockSize, instead: format), default: []].append(name) }
    }

    /// A line for each format that took another's place, that of most matrices first.
    ///
    /// - Parameter are: what they are in it, such as `held`.
    public func lines(_ are: String) -> [String] {
        names.sorted { ($0.value.count, $1.value[0]) > ($1.value.count, $0.value[0]) }.map { kind, names in
            "\(names.count) of \(total) matrices have rows that do not fill blocks of \(kind.blockSize) and are \(are) "
                + (kind.instead.map { "as \($0.name)" } ?? "as they are stored") + ": "
                + names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " …" : "")
        }
    }
}
