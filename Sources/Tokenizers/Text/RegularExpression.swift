import Diagnostics
import Patterns

/// A compiled pattern of a tokenizer file. Patterns are written for Oniguruma (Ruby's syntax), which Hugging Face's
/// library uses; `OnigurumaPattern` translates them.
final class RegularExpression: Sendable {
    private let compiled: CompiledPattern
    /// The pattern as the file gives it.
    let pattern: String

    /// Compiles an Oniguruma pattern; throws a ``Problem`` that shows it when it is no pattern.
    convenience init(_ pattern: String) throws(Problem) {
        try self.init(pattern, translated: OnigurumaPattern.translated(pattern))
    }

    /// Compiles a pattern that matches exactly this text.
    convenience init(literal text: String) throws(Problem) {
        let escaped = text.unicodeScalars.map { scalar in
            scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar)
                ? "\\x{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        try self.init(text, translated: escaped.joined())
    }

    private init(_ pattern: String, translated: String) throws(Problem) {
        do { compiled = try CompiledPattern(translated, isMultiline: true) } catch {
            var place = ""
            if case .invalid(_, let offset) = error { place = " (at \(offset) of \"\(translated)\")" }
            throw Problem("the regular expression \"\(pattern)\" cannot be compiled: \(error)\(place)")
        }
        self.pattern = pattern
    }

    /// What a thread needs to match, with a bound on backtracking.
    typealias Matcher = PatternScratch

    /// Room for matches that go back twenty million times.
    static func matcher() -> Matcher { Matcher(mostWays: 20_000_000) }

    /// Calls `body` with each match in `subject`, left to right, not overlapping. An empty match counts where no match
    /// ended just before it. A pattern that exceeds the bound on backtracking matches nothing further.
    @inline(__always)
    func forEachMatch(in subject: UnsafeBufferPointer<UInt8>, _ matcher: Matcher, _ body: (Range<Int>) -> Void) {
        if let known = NewerCharacters.replaced(in: subject) {
            known.withUnsafeBufferPointer { forEachKnownMatch(in: $0, matcher, body) }
        } else {
            forEachKnownMatch(in: subject, matcher, body)
        }
    }

    private func forEachKnownMatch(
        in subject: UnsafeBufferPointer<UInt8>, _ matcher: Matcher, _ body: (Range<Int>) -> Void
    ) {
        if subject.baseAddress == nil { return }
        var at = 0
        var lastEnd = -1
        while at <= subject.count {
            guard case .found(let start, let end) = compiled.match(subject, from: at, matcher) else { return }
            let match = (start: start, end: end)
            if match.end > match.start {
                body(match.start..<match.end)
                at = match.end
                lastEnd = match.end
            } else {
                // \K in a lookahead could put the end before the start: skip, as an empty match.
                if match.start == match.end, match.start != lastEnd { body(match.start..<match.end) }
                let next = max(match.start, at)
                guard next < subject.count else { return }
                at = next + UTF8Text.width(subject[next])
            }
        }
    }
}
