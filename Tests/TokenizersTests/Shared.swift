import Foundation
import OrderedJSON
import Tokenizers

/// Files that tests read: the fixtures beside the tests, and the data beside the package where it is there.
enum Shared {
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    /// The folder of fixtures made by make_fixtures.py.
    static let fixtures = tests.appendingPathComponent("Fixtures").path
    /// The shared data, or nil (said aloud) when it is not there.
    static func folder(_ name: String) -> String? {
        let root =
            ProcessInfo.processInfo.environment["GRAFT_SHARED"]
            ?? tests.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("shared").path
        let path = root + "/" + name
        if FileManager.default.fileExists(atPath: path) { return path }
        print("SKIPPED: \(path) is not there; set GRAFT_SHARED to the folder of shared test data")
        return nil
    }

    /// A file of one JSON value a line.
    static func lines(_ path: String) throws -> [JSONValue] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
    }

    /// A file of one JSON value.
    static func json(_ path: String) throws -> JSONValue {
        try JSONValue(parsing: String(contentsOfFile: path, encoding: .utf8))
    }
}

extension JSONValue {
    /// A list of ids.
    var ids: [Int32] { (arrayValue ?? []).compactMap { $0.intValue.map(Int32.init) } }
}

/// Whether two texts have the same bytes; `==` would take canonically equivalent ones for equal.
func sameBytes(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

/// What a stream of ids decodes to.
func streamed(_ tokenizer: Tokenizer, _ ids: [Int32], skipSpecialTokens: Bool = false) -> String {
    var decoder = IncrementalDecoder(tokenizer, skipSpecialTokens: skipSpecialTokens)
    var text = ""
    for id in ids { text += decoder.append(id) }
    return text + decoder.finish()
}
