import ChatTemplates
import Foundation
import OrderedJSON
import Testing

/// Mutated templates: text or an error, never a trap, never endless. Seeded, so that a finding can be repeated.
///
/// `GRAFT_FUZZ_ROUNDS` sets the number of mutants (default 3,000, in the full set 10,000), `GRAFT_FUZZ_SEED` where they start.
@Suite("Chat template fuzzing")
struct FuzzTests {
    /// SplitMix64: the same numbers everywhere.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

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

    private static func mutate(_ source: String, _ generator: inout Generator) -> String {
        var bytes = Array(source.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, at + Int.random(in: 1...20, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.removeSubrange(at..<end)
            case 1:
                bytes.insert(
                    contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &generator))
            case 2: bytes[at] = UInt8.random(in: 0...255, using: &generator)
            default:
                let splice = Self.splices.randomElement(using: &generator) ?? ""
                bytes.replaceSubrange(
                    at..<(Bool.random(using: &generator) ? at : end), with: Array(splice.utf8))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("never traps and always ends")
    func mutants() throws {
        let environment = ProcessInfo.processInfo.environment
        let rounds =
            environment["GRAFT_FUZZ_ROUNDS"].flatMap(Int.init) ?? (environment["GRAFT_FULL"] == "1" ? 10_000 : 3_000)
        var generator = Generator(
            state: environment["GRAFT_FUZZ_SEED"].flatMap(UInt64.init) ?? 20_260_115)
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
            let source = Self.mutate(seed.source, &generator)
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
