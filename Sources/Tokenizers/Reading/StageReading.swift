import Diagnostics
import Foundation
import OrderedJSON

extension Normalizer {
    private static let known = [
        "Sequence", "NFC", "NFD", "NFKC", "NFKD", "Prepend", "Replace", "Strip", "StripAccents", "Lowercase", "Nmt",
        "BertNormalizer", "ByteLevel", "Precompiled",
    ]

    /// Reads the `normalizer` of tokenizer.json.
    init(_ part: Component) throws(Problem) {
        switch try part.type() {
        case "Sequence":
            var steps: [Normalizer] = []
            for step in try part.parts("normalizers") { steps.append(try Normalizer(step)) }
            self = .sequence(steps)
        case "NFC": self = .form { UnicodeForm.nfc }
        case "NFD": self = .form { UnicodeForm.nfd }
        case "NFKC": self = .form { UnicodeForm.nfkc }
        case "NFKD": self = .form { UnicodeForm.nfkd }
        case "Prepend": self = .prepend(Array(try part.string("prepend").utf8))
        case "Replace": self = .replace(try part.pattern("pattern"), with: Array(try part.string("content").utf8))
        case "Strip": self = .strip(left: try part.bool("strip_left"), right: try part.bool("strip_right"))
        case "StripAccents": self = .stripAccents
        case "Lowercase": self = .lowercase
        case "Nmt": self = .nmt
        case "BertNormalizer":
            let lowercase = try part.bool("lowercase", default: true)
            self = .bert(
                BertNormalizer(
                    cleansText: try part.bool("clean_text", default: true),
                    spacesChinese: try part.bool("handle_chinese_chars", default: true),
                    stripsAccents: try part.bool("strip_accents", default: lowercase), lowercases: lowercase))
        case "ByteLevel": self = .byteLevel
        case "Precompiled":
            guard let block = Data(base64Encoded: try part.string("precompiled_charsmap")) else {
                throw part.problem("has a \"precompiled_charsmap\" that is not base64")
            }
            do {
                self = .precompiled(try CharacterMap(block))
            } catch { throw part.problem("cannot be used: \(error.message)") }
        case let other: throw part.unknown(other, Self.known)
        }
    }
}

extension PreTokenizer {
    private static let known = [
        "Sequence", "ByteLevel", "Split", "Digits", "Punctuation", "Whitespace", "WhitespaceSplit", "Metaspace",
        "BertPreTokenizer", "CharDelimiterSplit", "FixedLength",
    ]
    /// GPT-2's pattern: contractions, words, numbers, other characters, each with a space before it, and spaces.
    static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// Reads the `pre_tokenizer` of tokenizer.json.
    init(_ part: Component) throws(Problem) {
        switch try part.type() {
        case "Sequence":
            var steps: [PreTokenizer] = []
            for step in try part.parts("pretokenizers") { steps.append(try PreTokenizer(step)) }
            self = .sequence(steps)
        case "ByteLevel":
            self = .byteLevel(
                prefixSpace: try part.bool("add_prefix_space"),
                pattern: try part.bool("use_regex", default: true) ? try RegularExpression(Self.gpt2) : nil)
        case "Split":
            self = .split(
                try part.pattern("pattern"), try part.choice("behavior"), inverted: try part.bool("invert"))
        case "Digits":
            let single = try part.bool("individual_digits")
            self = .splitScalars(UnicodeClass.isNumeric, single ? .isolated : .contiguous)
        case "Punctuation":
            self = .splitScalars(UnicodeClass.isPunctuation, try part.choice("behavior", default: .isolated))
        case "Whitespace": self = .wordRuns
        case "WhitespaceSplit": self = .splitScalars(UnicodeClass.isWhitespace, .removed)
        case "BertPreTokenizer":
            self = .sequence([
                .splitScalars(UnicodeClass.isWhitespace, .removed),
                .splitScalars(UnicodeClass.isPunctuation, .isolated),
            ])
        case "CharDelimiterSplit":
            let delimiter = try part.scalar("delimiter")
            self = .splitScalars({ $0 == delimiter }, .removed)
        case "Metaspace":
            var scheme: PrependScheme = try part.choice("prepend_scheme", default: .always)
            if try part.bool("add_prefix_space", default: true) == false {
                guard part.value["prepend_scheme"] == nil || scheme == .never else {
                    throw part.problem(
                        "says \"add_prefix_space\": false, but \"prepend_scheme\": \"\(scheme.rawValue)\"")
                }
                scheme = .never
            }
            let mark = UTF8Text.unicode(try part.scalar("replacement"))
            self = .metaspace(mark: Array(String(mark).utf8), scheme, splits: try part.bool("split", default: true))
        case "FixedLength":
            let length = try part.count("length", default: 5)
            guard length > 0 else { throw part.problem("has 0 for \"length\"") }
            self = .fixedLength(length)
        case let other: throw part.unknown(other, Self.known)
        }
    }
}

extension TokenDecoder {
    private static let known = [
        "Sequence", "ByteLevel", "ByteFallback", "Fuse", "Replace", "Strip", "Metaspace", "WordPiece", "BPEDecoder",
        "CTC",
    ]

    /// Reads the `decoder` of tokenizer.json.
    init(_ part: Component) throws(Problem) {
        switch try part.type() {
        case "Sequence":
            var steps: [TokenDecoder] = []
            for step in try part.parts("decoders") { steps.append(try TokenDecoder(step)) }
            self = .sequence(steps)
        case "ByteLevel": self = .byteLevel
        case "ByteFallback": self = .byteFallback
        case "Fuse": self = .fuse
        case "Replace": self = .replace(try part.pattern("pattern"), with: Array(try part.string("content").utf8))
        case "Strip":
            self = .strip(
                try part.scalar("content"), start: try part.count("start"), stop: try part.count("stop"))
        case "Metaspace":
            let scheme: PreTokenizer.PrependScheme = try part.choice("prepend_scheme", default: .always)
            let drops = try part.bool("add_prefix_space", default: true) && scheme != .never
            self = .metaspace(mark: try part.scalar("replacement"), dropsFirst: drops)
        case "WordPiece":
            self = .wordPiece(
                prefix: Array(try part.string("prefix", default: "##").utf8),
                cleansUp: try part.bool("cleanup", default: true))
        case "BPEDecoder": self = .endSuffix(Array(try part.string("suffix", default: "</w>").utf8))
        case "CTC":
            self = .ctc(
                pad: Array(try part.string("pad_token", default: "<pad>").utf8),
                delimiter: Array(try part.string("word_delimiter_token", default: "|").utf8),
                cleansUp: try part.bool("cleanup", default: true))
        case let other: throw part.unknown(other, Self.known)
        }
    }
}
