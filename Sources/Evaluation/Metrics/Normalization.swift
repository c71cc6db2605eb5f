/// Ways to make answers comparable.
public enum Normalization {
    /// SQuAD's: lower case, no ASCII punctuation, no articles, single spaces (`normalize_answer` of the official script).
    public static func squad(_ text: String) -> String {
        let kept = text.lowercased().unicodeScalars.filter { !isPunctuation($0) }
        var words = ""
        var word = ""
        func withoutArticle() -> String { ["a", "an", "the"].contains(word) ? " " : word }
        for scalar in kept {
            if isWordCharacter(scalar) {
                word.unicodeScalars.append(scalar)
            } else {
                words += withoutArticle()
                words.unicodeScalars.append(scalar)
                word = ""
            }
        }
        words += withoutArticle()
        return words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The words of rouge_score's tokenizer: lower case, whatever is no ASCII letter or digit separates.
    static func words(_ text: String) -> [Substring] {
        text.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
    }

    /// The 32 characters of Python's `string.punctuation`.
    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// What a regular expression's `\w` matches: letters and numbers.
    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            true
        default: false
        }
    }
}
