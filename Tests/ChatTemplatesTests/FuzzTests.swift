import ChatTemplates
import Foundation
import OrderedJSON
import Randomness
import TestSupport
import Testing

/// Mutated templates: text or an error, never a trap, never endless. Seeded, so that a finding can be repeated.
///
/// `GRAFT_FUZZ_ROUNDS` sets the number of mutants (default 3,000, in the full set 10,000), `GRAFT_FUZZ_SEED` where they
/// start.
@Suite("Chat template fuzzing")
struct FuzzTests {
    private static let splices = [
        "{%", "%}", "{{", "}}", "{#", "#}", "-%}", "{%-", " if ", " else ", " is ", " not ", " in ",
        "(", ")", "[", "]",
        "{", "}", "|",
        ".", ",", ":", "'", "\"", "\\", "~", "**", "//", "%", "-", "9223372036854775807", "1e308",
        "loop", "messages",
        "none", "|list",
        "|tojson", "|map('list')", "|sort", "|join", ".items()", ".split('')", "[::-1]", "[0]",
        "namespace(", "range(",
        "{% for x in ",
        "{% endfor %}", "{% endif %}", "{% macro m(a) %}", "{% endmacro %}", "m(", "{% set ns.x = ",
        "\u{e9}",
        "\u{1f600}", "\n", " ",
    ]

    @Test("never traps and always ends")
    func mutants() throws {
        let rounds = Fuzzing.rounds(3_000, full: 10_000)
        var generator = Fuzzing.generator(20_260_115)
        let (variables, rows) = try Fixture.semantics()
        var seeds = rows.compactMap { $0["template"]?.stringValue }.map {
            (
                source: $0,
                input: ChatInput(messages: variables["ms"] ?? [], variables: variables, now: Fixture.clock)
            )
        }
        if let folder = Fixture.sharedTemplates() {
            for row in try Fixture.lines(folder + "/vectors.jsonl").dropFirst() {
                guard let name = row["template"]?.stringValue,
                    row["case"]?.stringValue?.contains("tool") == true
                else {
                    continue
                }
                let source = try String(contentsOfFile: "\(folder)/templates/\(name)", encoding: .utf8)
                seeds.append((source, Fixture.input(row)))
            }
        }
        var read = 0
        var rendered = 0
        for _ in 0..<rounds {
            guard let seed = seeds.randomElement(using: &generator) else { break }
            let source = String(
                decoding: Mutation.of(Array(seed.source.utf8), splices: Self.splices, &generator), as: UTF8.self)
            guard var template = try? ChatTemplate(source: source, name: "mutant.jinja") else { continue }
            template.limits = ChatTemplateLimits(steps: 200_000, textBytes: 4 << 20, items: 200_000)
            read += 1
            if let chat = try? template.render(seed.input) {
                rendered += 1
                #expect(chat.text.utf8.count <= 4 << 20)
            }
        }
        // Mutants that all fail to parse would test nothing.
        #expect(read > rounds / 20 && rendered > rounds / 100)
    }
}
