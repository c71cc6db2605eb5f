/// Amounts of memory as people write them: `8GB` (decimal) or `1.5GiB` (binary).
public enum ByteSize {
    // Longest first within a family, so that "GiB" is not read as "B".
    private static let units: [(name: String, bytes: Double)] = [
        ("tib", 1_099_511_627_776), ("gib", 1_073_741_824), ("mib", 1_048_576), ("kib", 1024),
        ("tb", 1e12), ("gb", 1e9), ("mb", 1e6), ("kb", 1e3), ("b", 1),
    ]

    /// The bytes meant by a number with a unit; nil when it is none, not positive, or beyond what memory can be.
    public static func bytes(_ text: String) -> Int? {
        let text = text.lowercased().filter { $0 != " " }
        guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return nil }
        let digits = text.dropLast(unit.name.count)
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }), let number = Double(digits) else {
            return nil
        }
        let bytes = (number * unit.bytes).rounded()
        return bytes >= 1 && bytes < 1e18 ? Int(bytes) : nil
    }

    /// The shortest spelling that ``bytes(_:)`` reads back exactly.
    public static func text(_ bytes: Int) -> String {
        let names = [
            "tib": "TiB", "gib": "GiB", "mib": "MiB", "kib": "KiB", "tb": "TB", "gb": "GB", "mb": "MB", "kb": "kB",
        ]
        let spellings = units.compactMap { unit -> String? in
            let amount = Double(bytes) / unit.bytes
            let number = amount == amount.rounded() ? String(Int(amount)) : "\(amount)"
            let spelling = number + (names[unit.name] ?? "B")
            return amount >= 1 && ByteSize.bytes(spelling) == bytes ? spelling : nil
        }
        return spellings.min { $0.count < $1.count } ?? "\(bytes)B"
    }

    /// About so many bytes, for messages: up to the next megabyte, or kilobyte below ten megabytes.
    public static func about(_ bytes: Int) -> String {
        let unit = bytes < 10_000_000 ? 1000 : 1_000_000
        return text((bytes + unit - 1) / unit * unit)
    }
}
