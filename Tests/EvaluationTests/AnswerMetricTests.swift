import Evaluation
import OrderedJSON
import Testing

/// Normalisation and scores as the official SQuAD script gives them.
struct AnswerMetricTests {
    @Test(arguments: [
        ("The  Cat, sat!", "cat sat"), ("an apple a day", "apple day"), ("Theatre", "theatre"), ("A", ""),
        ("U.S.A.", "usa"), ("the-end", "theend"), ("naïve — the café", "naïve — café"), ("a\tb\nthe c", "b c"),
        ("x_a_y", "xay"),
    ])
    func normalisation(text: String, wanted: String) { #expect(Normalization.squad(text) == wanted) }

    @Test func exactMatchIgnoresWhatNormalisationDoes() {
        #expect(AnswerMetric.exactMatch.score("The Eiffel Tower.", AnswerKey("eiffel tower")) == 1)
        #expect(AnswerMetric.exactMatch.score("Eiffel", AnswerKey("eiffel tower")) == 0)
    }

    @Test func f1CountsCommonWords() {
        #expect(AnswerMetric.f1.score("the big red ball", AnswerKey("red ball")) == 2.0 * 2 / 5)
        #expect(AnswerMetric.f1.score("ball ball", AnswerKey("ball")) == 2.0 / 3)
        #expect(AnswerMetric.f1.score("", AnswerKey("the")) == 1)
        #expect(AnswerMetric.f1.score("", AnswerKey("ball")) == 0)
    }

    @Test func theBestReferenceCounts() {
        #expect(AnswerMetric.f1.score("red ball", AnswerKey("blue", "a red ball")) == 1)
        #expect(AnswerMetric.exactMatch.score("x", AnswerKey("y", "X.")) == 1)
        #expect(AnswerMetric.contains.score("It is the red ball, I think", AnswerKey("a red ball")) == 1)
        #expect(AnswerMetric.contains.score("It is the redball", AnswerKey("red ball")) == 0)
        #expect(AnswerMetric.contains.score("anything", AnswerKey("the")) == 0)
    }

    /// rouge_score 0.1.2: RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure
    @Test(arguments: [
        ("the cat sat on the mat", "the cat is on the mat", 0.8333333333333334),
        ("police killed the gunman", "police kill the gunman", 0.75),
        ("the gunman kill police", "police kill the gunman", 0.5), ("Über-cool!", "uber cool", 0.5), ("", "a", 0),
    ])
    func rougeL(answer: String, reference: String, wanted: Double) {
        let score = AnswerMetric.rougeL.score(answer, AnswerKey(reference)) ?? -1
        #expect(abs(score - wanted) < 1e-12)
    }

    @Test(arguments: [
        ("So she pays $1,234.", "… #### 1234", 1.0), ("It is 12 or 13", "12", 0), ("-5", "reason\n#### -5", 1),
        ("no number", "3", 0), ("3.0", "3", 1), ("72", "#### 72.", 1),
    ])
    func numbers(answer: String, reference: String, wanted: Double) {
        #expect(AnswerMetric.numeric.score(answer, AnswerKey(reference)) == wanted)
    }

    @Test func expressionsAndJSON() throws {
        #expect(AnswerMetric.regex.score("order ZR-52 shipped", AnswerKey(regex: "[A-Z]{2}-[0-9]+")) == 1)
        #expect(AnswerMetric.regex.score("order 52", AnswerKey(regex: "[A-Z]{2}-[0-9]+")) == 0)
        #expect(AnswerMetric.regex.score("order 52", AnswerKey("52")) == nil)
        #expect(AnswerMetric.jsonValid.score("```json\n{\"a\": 1}\n```", AnswerKey()) == 1)
        #expect(AnswerMetric.jsonValid.score("{a: 1}", AnswerKey()) == 0)
        let schema: JSONValue = [
            "type": "object", "required": ["name", "age"], "additionalProperties": false,
            "properties": [
                "name": ["type": "string", "minLength": 2], "age": ["$ref": "#/$defs/age"],
                "tags": ["type": "array", "items": ["enum": ["a", "b"]], "uniqueItems": true],
            ],
            "$defs": ["age": ["type": "integer", "minimum": 0]],
        ]
        func meets(_ text: String) -> Double? { AnswerMetric.jsonSchema.score(text, AnswerKey(schema: schema)) }
        #expect(meets(#"{"name": "Ann", "age": 3, "tags": ["a"]}"#) == 1)
        #expect(meets(#"{"name": "Ann"}"#) == 0)
        #expect(meets(#"{"name": "Ann", "age": -1}"#) == 0)
        #expect(meets(#"{"name": "A", "age": 1}"#) == 0)
        #expect(meets(#"{"name": "Ann", "age": 1, "more": 1}"#) == 0)
        #expect(meets(#"{"name": "Ann", "age": 1, "tags": ["a", "a"]}"#) == 0)
        #expect(meets("no JSON") == 0)
    }
}
