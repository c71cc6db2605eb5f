/// Python's view of text, for others who must come to what a Python program comes to: code points, not `Character`s,
/// and no two texts equal that differ in one.
package enum PythonText {
    /// `str.lower`.
    package static func lowercased(_ text: String) -> String { ChatTemplates.lowercased(text) }

    /// `str.split` at white space.
    package static func words(_ text: String) -> [String] { splitOnSpace(text, limit: -1) }

    /// `str.isspace` of one code point.
    package static func isSpace(_ scalar: Unicode.Scalar) -> Bool { isPythonSpace(scalar) }

    /// `==`
    package static func areSame(_ a: String, _ b: String) -> Bool { sameText(a, b) }
}
