import Diagnostics
import Foundation

extension JSONValue {
    /// Reads a file that holds one document. The problem names the file.
    public init(contentsOfFile path: String) throws(Problem) {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Problem("cannot be read", file: path)
        }
        do { self = try JSONValue(parsing: Array(bytes)) } catch {
            throw Problem(error.description, file: path)
        }
    }
}
