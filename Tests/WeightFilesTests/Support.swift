import Foundation
import OrderedJSON
import SafeFiles
import Testing
import WeightFiles

/// A directory of its own for one test, removed afterwards.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "graft-weights-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func path(_ name: String) -> String { (path as NSString).appendingPathComponent(name) }

    /// Writes a file and returns its path. Not by Foundation, nor by cutting an existing file to nothing: either would
    /// flush each of the thousands to disk.
    @discardableResult
    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        unlink(path(name))
        let file = try #require(fopen(path(name), "wb"))
        defer { fclose(file) }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        return path(name)
    }
}

/// A safetensors file: length, header, data.
func safetensors(_ header: String, data: Int = 0) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    return length + Array(header.utf8) + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
}

/// What the test data of the workplace is looked for under; nil, said aloud, where it is absent.
func sharedAssets(_ folder: String, file: String = #filePath) -> String? {
    let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    let shared = ProcessInfo.processInfo.environment["GRAFT_SHARED"] ?? root.path + "/../shared"
    let path = shared + "/assets/" + folder
    if FileManager.default.fileExists(atPath: path) { return path }
    print("SKIPPED: no test data at \(path); set GRAFT_SHARED to the folder that holds assets/")
    return nil
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    /// About normally distributed: the sum of four uniform numbers, scaled to unit variance.
    mutating func gaussian() -> Float {
        let sum = (0..<4).reduce(Float(0)) { total, _ in total + Float(next() >> 40) / Float(1 << 24) }
        return (sum - 2) * Float(3).squareRoot()
    }
}
