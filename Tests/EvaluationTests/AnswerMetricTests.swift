import Evaluation
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
        #expect(AnswerMetric.exactMatch.score("The Eiffel Tower.", "eiffel tower") == 1)
        #expect(AnswerMetric.exactMatch.score("Eiffel", "eiffel tower") == 0)
    }

    @Test func f1CountsCommonWords() {
        #expect(AnswerMetric.f1.score("the big red ball", "red ball") == 2.0 * 2 / 5)
        #expect(AnswerMetric.f1.score("ball ball", "ball") == 2.0 / 3)
        #expect(AnswerMetric.f1.score("", "the") == 1)
        #expect(AnswerMetric.f1.score("", "ball") == 0)
    }
}
