import Foundation

/// What Linux tells about the machine and the limits of this process in `/proc` and `/sys`.
enum SystemFiles {
    /// An environment variable that is set to something.
    static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A small file's text, or nil.
    static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Processors' worth of time that the control group may use (`cpu.max`: quota and period in µs); nil without a
    /// limit.
    static var processorQuota: Double? {
        if let words = text("/sys/fs/cgroup/cpu.max")?.split(whereSeparator: \.isWhitespace), words.count == 2 {
            return ratio(Double(words[0]), Double(words[1]))
        }
        return ratio(number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), number("/sys/fs/cgroup/cpu/cpu.cfs_period_us"))
    }

    /// Bytes of memory that the control group may use; nil without a limit.
    static var memoryLimit: Int? {
        let paths = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        let limit = paths.lazy.compactMap { number($0) }.first
        // Version 1 writes a huge number for "no limit".
        return limit.flatMap { $0 < 0x1p60 ? Int($0) : nil }
    }

    /// Bytes of memory that are free or can be freed without swapping.
    static var availableMemory: Int? {
        text("/proc/meminfo")?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
            .flatMap { line in line.split(separator: " ").dropFirst().first.flatMap { Int($0) } }.map { $0 * 1024 }
    }

    /// A value of the first processor in `/proc/cpuinfo`.
    static func processor(_ key: String) -> String? {
        text("/proc/cpuinfo")?.split(separator: "\n").first { $0.hasPrefix(key) }
            .flatMap { $0.split(separator: ":", maxSplits: 1).dropFirst().first }
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// Processes that want a processor, averaged over the last minute; nil where the system does not tell.
    static var load: Double? {
        text("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) }
    }

    private static func number(_ path: String) -> Double? {
        text(path).flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    private static func ratio(_ quota: Double?, _ period: Double?) -> Double? {
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return quota / period
    }
}
