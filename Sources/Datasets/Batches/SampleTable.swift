/// Where samples come from and how long they are, sixteen bytes a sample.
struct SampleTable: Sendable {
    /// How long a sample is.
    struct Size: Sendable, Equatable {
        var tokens: Int
        var targets: Int
    }

    private var lengths: [UInt32] = []
    private var targets: [UInt32] = []
    private var rows: [UInt32] = []
    private var parts: [UInt32] = []
    /// The first sample of each file.
    private(set) var fileStarts: [Int] = []

    mutating func beginFile() { fileStarts.append(lengths.count) }

    mutating func append(row: Int, part: Int, _ size: Size) {
        lengths.append(UInt32(size.tokens))
        targets.append(UInt32(size.targets))
        rows.append(UInt32(row))
        parts.append(UInt32(part))
    }

    var count: Int { lengths.count }

    func size(_ sample: Int) -> Size { Size(tokens: Int(lengths[sample]), targets: Int(targets[sample])) }

    func place(_ sample: Int) -> (file: Int, row: Int, part: Int) {
        let file = (fileStarts.lastIndex { $0 <= sample }) ?? 0
        return (file, Int(rows[sample]), Int(parts[sample]))
    }

    /// The samples of a file.
    func samples(ofFile file: Int) -> Range<Int> {
        fileStarts[file]..<(file + 1 < fileStarts.count ? fileStarts[file + 1] : lengths.count)
    }
}
