import OrderedJSON

extension Recipe {
    /// The recipe as YAML with every value that holds written out; reading it gives the same recipe.
    public func yaml() -> String {
        var text = ""
        var section = ""
        for key in RecipeKey.all {
            guard let value = key.write(self) else { continue }
            if key.section != section {
                section = key.section
                if !section.isEmpty { text += "\(section):\n" }
            }
            text += (section.isEmpty ? "" : "  ") + "\(key.name): \(yamlScalar(value))\n"
        }
        return text
    }
}

/// A value on one line of YAML: JSON, with plain words and numbers left unquoted.
func yamlScalar(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): isPlainWord(text) ? text : value.serialized(.python)
    case .number(let number) where number == number.rounded() && abs(number) < 1e15: String(Int(number))
    case .array(let elements): "[" + elements.map(yamlScalar).joined(separator: ", ") + "]"
    case .object(let object):
        "{" + object.members.map { yamlScalar(.string($0.key)) + ": " + yamlScalar($0.value) }.joined(separator: ", ")
            + "}"
    default: value.serialized(.python)
    }
}

/// Whether YAML reads the text unquoted as this very text, also within `[]` and `{}`.
private func isPlainWord(_ text: String) -> Bool {
    func isLetter(_ c: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(c) || ("A"..."Z").contains(c) || c == "_" || c == "/"
    }
    func isWord(_ c: Unicode.Scalar) -> Bool {
        isLetter(c) || ("0"..."9").contains(c) || "-._".unicodeScalars.contains(c)
    }
    if ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased()) { return false }
    return text.unicodeScalars.first.map(isLetter) == true && text.unicodeScalars.allSatisfy(isWord)
}
