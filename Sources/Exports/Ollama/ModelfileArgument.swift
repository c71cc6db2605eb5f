/// A value in a Modelfile, as Ollama's parser takes it back: it ends at a line's end, unless it begins with one or
/// three quotation marks that are still open there. There is no escape, and characters that Go calls unprintable are
/// dropped.
package struct ModelfileArgument {
    /// As it stands in the file.
    package let text: String

    /// Nil for a value that no Modelfile can hold.
    ///
    /// - Parameter isText: whether to quote it even where that is not needed.
    package init?(_ value: String, isText: Bool = false) {
        guard value.unicodeScalars.allSatisfy({ Self.isKept($0) }) else { return nil }
        let marks = "\"\"\""
        let isPlain =
            !value.contains { $0.isNewline } && !value.hasPrefix("\"") && value.first?.isWhitespace == false
            && value.last?.isWhitespace == false
        if !isText && isPlain {
            text = value
        } else if !value.contains(where: { $0.isNewline || $0 == "\"" }) {
            text = "\"\(value)\""
        } else if !Self.closesEarly(marks + value) {
            text = marks + value + marks
        } else {
            return nil
        }
    }

    /// Printable in Go's sense, or one of the four that the parser keeps besides.
    private static func isKept(_ scalar: Unicode.Scalar) -> Bool {
        if [" ", "\t", "\n", "\r"].contains(scalar) { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    /// Whether some line ends in three quotation marks that are not the first three.
    private static func closesEarly(_ text: String) -> Bool {
        var line = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\r" {
                var end = line.unicodeScalars[...]
                while let last = end.last, last.properties.isWhitespace { end.removeLast() }
                if end.count >= 6 && String(end).hasSuffix("\"\"\"") { return true }
            }
            line.unicodeScalars.append(scalar)
        }
        return false
    }
}
