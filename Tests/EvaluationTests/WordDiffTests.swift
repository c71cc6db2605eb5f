import Evaluation
import Testing

/// Which words two texts share.
struct WordDiffTests {
    @Test(
        arguments: [
            ("the red door", "the blue door", "the [red ]door", "the [blue ]door"),
            ("", "a b", "", "[a b]"), ("same", "same", "same", "same"),
            ("a b c d", "b c x d", "[a ]b c d", "b c [x ]d"),
            ("one\n two", "one two", "one\n two", "one two"),
        ] as [(String, String, String, String)])
    func marksWhatDiffers(first: String, second: String, markedFirst: String, markedSecond: String) {
        let diff = WordDiff(first, second)
        func marked(_ runs: [WordDiff.Run]) -> String { runs.map { $0.isShared ? $0.text : "[\($0.text)]" }.joined() }
        #expect(marked(diff.first) == markedFirst)
        #expect(marked(diff.second) == markedSecond)
        #expect(diff.first.map(\.text).joined() == first && diff.second.map(\.text).joined() == second)
    }

    @Test func longTextsAreComparedAtTheirEnds() {
        let words = (0..<3000).map { "w\($0)" }
        let diff = WordDiff(words.joined(separator: " "), (["new"] + words).joined(separator: " "), limit: 100)
        #expect(diff.second.first == WordDiff.Run(text: "new ", isShared: false))
        let shared = diff.first.allSatisfy { $0.isShared }
        #expect(shared)
    }
}
