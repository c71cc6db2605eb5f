import ChatTemplates

/// Ways to make answers comparable, as the Python programs have them whose scores these are: by code points. Swift
/// itself takes an é of one code point and one of two for the same.
public enum Normalization {
    /// A word in UTF-8: equal are words of the same code points.
    typealias Word = ArraySlice<UInt8>

    /// SQuAD's: lower case, no ASCII punctuation, no articles, single spaces (`normalize_answer` of the official
    /// script).
    public static func squad(_ text: String) -> String {
        squadWords(text).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }

    /// The words of a text after SQuAD's normalisation.
    static func squadWords(_ text: String) -> [Word] {
        let kept = PythonText.lowercased(text).unicodeScalars.filter { !isPunctuation($0) }
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
        return PythonText.words(words).map { Array($0.utf8)[...] }
    }

    /// The words of rouge_score's tokenizer: lower case, whatever is no ASCII letter or digit separates.
    static func rougeWords(_ text: String) -> [Word] {
        Array(PythonText.lowercased(text).utf8).split { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): false
            default: true
            }
        }
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
