import Evaluation
import OrderedJSON
import Patterns
import Testing

/// Normalisation and scores as the official SQuAD script gives them.
struct AnswerMetricTests {
    @Test(arguments: [
        ("The  Cat, sat!", "cat sat"), ("an apple a day", "apple day"), ("Theatre", "theatre"), ("A", ""),
        ("U.S.A.", "usa"), ("the-end", "theend"), ("naïve — the café", "naïve — café"), ("a\tb\nthe c", "b c"),
        ("x_a_y", "xay"),
    ])
    func normalisation(text: String, wanted: String) { #expect(Normalization.squad(text) == wanted) }

    @Test func exactMatchIgnoresWhatNormalisationDoes() throws {
        #expect(try AnswerMetric.exactMatch.score("The Eiffel Tower.", AnswerKey("eiffel tower")) == 1)
        #expect(try AnswerMetric.exactMatch.score("Eiffel", AnswerKey("eiffel tower")) == 0)
    }

    @Test func f1CountsCommonWords() throws {
        #expect(try AnswerMetric.f1.score("the big red ball", AnswerKey("red ball")) == 2.0 * 2 / 5)
        #expect(try AnswerMetric.f1.score("ball ball", AnswerKey("ball")) == 2.0 / 3)
        #expect(try AnswerMetric.f1.score("", AnswerKey("the")) == 1)
        #expect(try AnswerMetric.f1.score("", AnswerKey("ball")) == 0)
    }

    /// Answer, reference, exact match, F1, contains and ROUGE-L.
    private static let texts: [(String, String, Double, Double, Double, Double)] = [
        ("caf\u{e9}", "cafe\u{301}", 0, 0, 0, 0), ("caf\u{e9} noir", "cafe\u{301} noir", 0, 0.5, 0, 0.5),
        ("cafe\u{301} noir", "cafe noir", 0, 0.5, 0, 1), ("A\u{30a}", "\u{e5}", 0, 0, 0, 0),
        ("ΟΔΟΣ", "οδος", 1, 1, 1, 0), ("x\u{1c}y", "x y", 1, 1, 1, 1), ("x \u{301}y", "x y", 0, 0.5, 0, 1),
        ("a\u{301} b", "b", 0, 2.0 / 3, 1, 2.0 / 3), ("\u{212a}5", "k5", 1, 1, 1, 1), ("\u{fb01}n", "fin", 0, 0, 0, 0),
        ("\u{130}x", "i\u{307}x", 1, 1, 1, 1),
    ]

    /// What Python's programs give (scripts/fixtures/make_text_scores.py): code points are compared, whatever they look
    /// like.
    @Test(arguments: texts)
    func codePoints(answer: String, reference: String, exact: Double, f1: Double, contains: Double, rougeL: Double)
        throws
    {
        let key = AnswerKey(reference)
        #expect(try AnswerMetric.exactMatch.score(answer, key) == exact)
        #expect(try abs((AnswerMetric.f1.score(answer, key) ?? -1) - f1) < 1e-12)
        #expect(try AnswerMetric.contains.score(answer, key) == contains)
        #expect(try abs((AnswerMetric.rougeL.score(answer, key) ?? -1) - rougeL) < 1e-12)
    }

    @Test func expressionsMatchCodePoints() throws {
        for (pattern, wanted) in [("caf\u{e9}", 0.0), ("cafe\u{301}", 1), ("cafe", 1), ("^.{5}$", 1)] {
            let key = AnswerKey(regex: try PythonPattern(pattern))
            #expect(try AnswerMetric.regex.score("cafe\u{301}", key) == wanted, "\(pattern)")
            let schema = try JSONSchema(["pattern": .string(pattern)])
            #expect(try AnswerMetric.jsonSchema.score("\"cafe\u{301}\"", AnswerKey(schema: schema)) == wanted)
        }
    }

    @Test func theBestReferenceCounts() throws {
        #expect(try AnswerMetric.f1.score("red ball", AnswerKey("blue", "a red ball")) == 1)
        #expect(try AnswerMetric.exactMatch.score("x", AnswerKey("y", "X.")) == 1)
        #expect(try AnswerMetric.contains.score("It is the red ball, I think", AnswerKey("a red ball")) == 1)
        #expect(try AnswerMetric.contains.score("It is the redball", AnswerKey("red ball")) == 0)
        #expect(try AnswerMetric.contains.score("anything", AnswerKey("the")) == 0)
    }

    /// rouge_score 0.1.2: RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure
    @Test(arguments: [
        ("the cat sat on the mat", "the cat is on the mat", 0.8333333333333334),
        ("police killed the gunman", "police kill the gunman", 0.75),
        ("the gunman kill police", "police kill the gunman", 0.5), ("Über-cool!", "uber cool", 0.5), ("", "a", 0),
    ])
    func rougeL(answer: String, reference: String, wanted: Double) throws {
        let score = try AnswerMetric.rougeL.score(answer, AnswerKey(reference)) ?? -1
        #expect(abs(score - wanted) < 1e-12)
    }

    @Test(arguments: [
        ("So she pays $1,234.", "… #### 1234", 1.0), ("It is 12 or 13", "12", 0), ("-5", "reason\n#### -5", 1),
        ("no number", "3", 0), ("3.0", "3", 1), ("72", "#### 72.", 1),
    ])
    func numbers(answer: String, reference: String, wanted: Double) throws {
        #expect(try AnswerMetric.numeric.score(answer, AnswerKey(reference)) == wanted)
    }

    @Test func expressionsAndJSON() throws {
        let code = try PythonPattern("[A-Z]{2}-[0-9]+")
        #expect(try AnswerMetric.regex.score("order ZR-52 shipped", AnswerKey(regex: code)) == 1)
        #expect(try AnswerMetric.regex.score("order 52", AnswerKey(regex: code)) == 0)
        #expect(try AnswerMetric.regex.score("order 52", AnswerKey("52")) == nil)
        #expect(try AnswerMetric.jsonValid.score("```json\n{\"a\": 1}\n```", AnswerKey()) == 1)
        #expect(try AnswerMetric.jsonValid.score("{a: 1}", AnswerKey()) == 0)
        let schema = try JSONSchema([
            "type": "object", "required": ["name", "age"], "additionalProperties": false,
            "properties": [
                "name": ["type": "string", "minLength": 2], "age": ["$ref": "#/$defs/age"],
                "tags": ["type": "array", "items": ["enum": ["a", "b"]], "uniqueItems": true],
            ],
            "$defs": ["age": ["type": "integer", "minimum": 0]],
        ])
        func meets(_ text: String) throws -> Double? {
            try AnswerMetric.jsonSchema.score(text, AnswerKey(schema: schema))
        }
        #expect(try meets(#"{"name": "Ann", "age": 3, "tags": ["a"]}"#) == 1)
        #expect(try meets(#"{"name": "Ann"}"#) == 0)
        #expect(try meets(#"{"name": "Ann", "age": -1}"#) == 0)
        #expect(try meets(#"{"name": "A", "age": 1}"#) == 0)
        #expect(try meets(#"{"name": "Ann", "age": 1, "more": 1}"#) == 0)
        #expect(try meets(#"{"name": "Ann", "age": 1, "tags": ["a", "a"]}"#) == 0)
        #expect(try meets("no JSON") == 0)
    }
}
