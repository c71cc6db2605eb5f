import Patterns
import Testing

/// Regular expressions mean what they mean in Python, which users know them from.
struct PatternTests {
    private static let texts = [
        "model.layers.0.self_attn.k_proj", "model.layers.12.self_attn.q_proj", "model.layers.3.mlp.up_proj",
        "lm_head.proj", "xx", "q_proj", "b", "aab", "aaab", "[x", "a]", "\u{e9}", "e\u{301}", "the end", "the end\u{a}",
        "a cat", "\u{663}", "\u{a}", "ab", "xxy{,}z", "na\u{ef}ve_1",
    ]

    /// What Python 3.11's `re.search` and `re.fullmatch` find in which of the texts.
    private static let cases: [(pattern: String, found: [Int], whole: [Int])] = [
        (#".*(?<!k)_proj"#, [1, 2, 5], [1, 2, 5]),
        (#"model\.layers\.(?:[0-3]|1\d)\..*(q|v)_proj"#, [1], [1]),
        (#"^(?!.*lm_head).*proj$"#, [0, 1, 2, 5], [0, 1, 2, 5]),
        (#"(?P<a>x)(?P=a)"#, [4, 19], [4]),
        (#"(?i)Q_PROJ"#, [1, 5], [5]),
        (#"a{,2}b"#, [6, 7, 8, 18], [6, 7, 18]),
        (#"[[]x"#, [9], [9]),
        (#"[]a]+"#, [0, 1, 2, 3, 7, 8, 10, 15, 18, 20], [10]),
        (
            #"[^]a]+"#, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
            [4, 5, 6, 9, 11, 12, 13, 14, 16, 17, 19]
        ),
        (#"\u00e9"#, [11], [11]),
        (#"end\Z"#, [13], []),
        (#"end$"#, [13, 14], []),
        (#"\bcat\b"#, [15], []),
        (#"\d+"#, [0, 1, 2, 16, 20], [16]),
        (#"."#, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20], [6, 11, 16]),
        (#"a|ab"#, [0, 1, 2, 3, 7, 8, 10, 15, 18, 20], [18]),
        (#"x{2}y{,}z"#, [], []),
        (#"[\]\[]+"#, [9, 10], []),
        (#"(?x) a  b # words"#, [7, 8, 18], [18]),
        (
            #"\w+"#, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20],
            [4, 5, 6, 7, 8, 11, 16, 18, 20]
        ),
    ]

    @Test(arguments: cases)
    func agreesWithPython(pattern: String, found: [Int], whole: [Int]) throws {
        let expression = try PythonPattern(pattern)
        #expect(try Self.texts.indices.filter { try expression.isFound(in: Self.texts[$0]) } == found)
        #expect(try Self.texts.indices.filter { try expression.matchesAll(of: Self.texts[$0]) } == whole)
    }

    @Test func whatIsNoneIsRefused() {
        for pattern in ["(", "[a", "a**", "(?P<a>x)(?P<a>y)", "(?<=a*)b"] {
            #expect(throws: PatternError.self, "\(pattern)") { try PythonPattern(pattern) }
        }
    }

    /// Both have more ways on forty letters than anyone can wait for.
    @Test(arguments: ["(a+)+$", "(a|a)*[bc]"]) func waysToMatchAreBounded(pattern: String) throws {
        let expression = try PythonPattern(pattern)
        let text = String(repeating: "a", count: 40) + "!"
        #expect(throws: PatternError.tooManyWays) { try expression.isFound(in: text) }
        #expect(throws: PatternError.tooManyWays) { try expression.matchesAll(of: text) }
    }
}
