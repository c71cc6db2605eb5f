import Foundation
import Testing

/// A finished run of the built program.
struct Run {
    let status: Int32
    let output: String
    let errors: String

    var lines: [Substring] { output.split(separator: "\n") }
}

/// The built program, which SwiftPM puts beside the test bundle.
enum Graft {
    static let program: URL = {
        var folder = Bundle.main.bundleURL
        // The bundle is a program on Linux; its folder holds ours.
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("graft")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
            "graft")
    }()

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - input: what it reads on standard input.
    ///   - environment: variables set besides the test's own; nil takes one away.
    ///   - program: another program than ours.
    ///   - folder: the folder it runs in.
    static func run(
        _ arguments: [String], input: String = "", environment: [String: String?] = [:], program: URL = program,
        in folder: URL? = nil
    ) throws -> Run {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        var variables = ProcessInfo.processInfo.environment
        for (name, value) in environment { variables[name] = value }
        process.environment = variables
        let temporary = try TemporaryFolder()
        // Files and not pipes: nothing can fill up and block.
        let files = try ["in", "out", "err"].map { name in
            let url = temporary.url.appendingPathComponent(name)
            try Data((name == "in" ? input : "").utf8).write(to: url)
            return url
        }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        return Run(
            status: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
    }
}

/// A folder that lives as long as its owner.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("graft-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes a file and gives its path.
    func write(_ name: String, _ text: String) throws -> String {
        let file = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }
}

/// Places in the project.
enum Project {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }

    /// The folder of shared test data, or nil when this machine has none (said aloud).
    static let shared: URL? = {
        let variable = ProcessInfo.processInfo.environment["GRAFT_SHARED"]
        let folder =
            variable.map { URL(fileURLWithPath: $0) }
            ?? root.deletingLastPathComponent().appendingPathComponent("shared")
        if FileManager.default.fileExists(atPath: folder.path) { return folder }
        print("SKIPPED: no shared test data at \(folder.path); set GRAFT_SHARED")
        return nil
    }()
}
