import Foundation

/// Sizes for people.
enum ByteText {
    /// `3.2 GB`, in powers of ten as recipes count them.
    static func of(_ bytes: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 999.5 && unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(bytes) B" : String(format: value < 9.95 ? "%.1f %@" : "%.0f %@", value, units[unit])
    }
}

/// Counts for people.
enum CountText {
    /// `1,234,567`
    static func of(_ count: Int) -> String {
        var groups: [Substring] = []
        var rest = String(count.magnitude)[...]
        while rest.count > 3 {
            groups.insert(rest.suffix(3), at: 0)
            rest = rest.dropLast(3)
        }
        return (count < 0 ? "-" : "") + ([rest] + groups).joined(separator: ",")
    }
}
