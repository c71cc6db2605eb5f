import ChatTemplates
import OrderedJSON
import Testing

/// Templates made to hang, exhaust memory or overflow the stack: each ends with an error or, where it can, its text.
@Suite("Hostile templates")
struct HostileTemplateTests {
    private static func repeated(_ text: String, _ count: Int = 5_000) -> String {
        String(repeating: text, count: count)
    }

    private static let grown = "{% set ns = namespace(x=1) %}{% for i in range(100000) %}"

    static let malformed = [
        "{{ \(repeated("("))1\(repeated(")")) }}", "{{ \(repeated("["))\(repeated("]")) }}",
        "{{ \(repeated("not "))1 }}",
        "{{ \(repeated("-"))1 }}", "{{ 1\(repeated("+1")) }}", "{{ x\(repeated(".a")) }}",
        "{{ x\(repeated("|string")) }}",
        "{{ x\(repeated("()")) }}", "{{ x\(repeated("[0"))\(repeated("]")) }}",
        "{{ \(repeated("1 if 0 else "))2 }}",
        "{{ \(repeated("{1:"))1\(repeated("}")) }}", "{% set \(repeated("("))a\(repeated(")")) = 1 %}",
        "\(repeated("{% if 1 %}"))\(repeated("{% endif %}"))", "{{ x is in \(repeated("(x is in ")) }}",
        "{{ f(\(repeated("f("))\(repeated(")"))) }}", "{{ 99999999999999999999 }}",
        "{% autoescape true %}{% endautoescape %}",
    ]

    static let endless = [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
        "{% set ns = namespace() %}{% for i in [[1]] recursive %}{{ loop([i]) }}{% endfor %}",
        "{{ 'a' * 10 ** 12 }}", "{{ ([1] * 10 ** 9)|length }}", "{{ 2 ** 10 ** 10 }}",
        "{{ 'a'|center(10 ** 12) }}",
        "{{ 'a\\nb'|indent(10 ** 12) }}", "{{ [1]|batch(10 ** 12, 1)|list }}",
        "{{ range(100000)|join('a' * 100000) }}",
        "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x='a' * 10000) %}{% for i in range(9) %}{% set ns.x = ns.x|replace('a', 'aaaaaaaaaa') %}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s.find('aaaaaaaaaaaaab') }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s|upper|length }}{% endfor %}",
        "{% set a = ['x'] * 100000 %}{% set b = ['x'] * 100000 %}{% for i in range(100000) %}{{ loop.changed([a, b][i % 2]) }}{% endfor %}",
        "\(grown){% set ns.x = [ns.x] %}{% endfor %}",
        "\(grown){% set ns.x = ns.x|map('string') %}{% endfor %}",
        "\(grown){% set ns.x = ({}[(ns.x,)],) %}{% endfor %}", "{{ -(-9223372036854775807 - 1) }}",
        "{{ (-9223372036854775807 - 1) // -1 }}",
    ]

    static let harmless = [
        "\(grown){% set ns.x = namespace(x=ns.x) %}{% endfor %}ok",
        "\(grown){% set ns.x = [namespace(x=ns.x)] %}{% endfor %}ok",
        "\(grown){% set ns.x = namespace(x=ns.x) %}{% endfor %}{{ ns }}",
        "{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns }}{{ ns.x == ns.x }}",
        "{% set ns = namespace() %}{% for i in range(20000) %}{% for j in [ns]|map(attribute='x') %}{% set ns.x = loop %}{% endfor %}{% endfor %}ok",
        "{% set ns = namespace() %}{% macro m(p) %}{% for j in [1] %}{% set ns.x = loop %}{% endfor %}{% endmacro %}{% for i in range(20000) %}{{ m(ns.x) }}{% endfor %}ok",
        "{% macro m(p) %}{{ caller }}{% endmacro %}{% for i in range(9) %}{% call m(1) %}{{ m }}{% endcall %}{% endfor %}ok",
        "{{ range(-9223372036854775807 - 1, 9223372036854775807, 9223372036854775807)|list }}",
        "{{ 'abc'[::-9223372036854775807 - 1] }}{{ range(10)[::9223372036854775807] }}{{ (-9223372036854775807 - 1) % -1 }}",
        "{{ ('a' * 2000000).count('a' * 30000 ~ 'b') }}{{ ('a' * 200000).rfind('b' ~ 'a' * 30000) }}",
        "{{ \(repeated("1 ~ "))1 }}", "{% if 0 %}\(repeated("{% elif 0 %}"))ok{% endif %}",
        "{{ strftime_now('%Y' * 1000)|length }}",
    ]

    private var input: ChatInput { ChatInput(messages: []) }

    @Test("are refused when they are read", arguments: malformed)
    func refused(_ source: String) {
        #expect(Outcome.of(source, input).error == "Syntax")
    }

    @Test("end with an error", arguments: endless)
    func stopped(_ source: String) throws {
        var template = try ChatTemplate(source: source, name: "hostile.jinja")
        template.limits.steps = 2_000_000
        #expect(throws: ChatTemplateError.self) { try template.render(input) }
    }

    @Test("end well where they can", arguments: harmless)
    func rendered(_ source: String) throws {
        #expect(throws: Never.self) {
            try ChatTemplate(source: source, name: "odd.jinja").render(input)
        }
    }

    @Test(
        "take time in proportion to their texts",
        arguments: [
            ("'{:0400000,d}'.format(5)|length", "400001"), ("(('%s' * 300000) % (('a',) * 300000))|length", "300000"),
            ("(['nan'|float] * 300000)|unique|list|length", "1"),
            ("((('a' * 60) ~ '\\t') * 3000).expandtabs(64)|length", "192000"),
        ])
    func linear(_ expression: String, _ text: String) throws {
        #expect(try ChatTemplate(source: "{{ \(expression) }}", name: "long.jinja").render(input).text == text)
    }

    @Test("cannot be made of input nested too deep")
    func deepInput() throws {
        let deep = (0..<2_000).reduce(JSONValue.null) { value, _ in .array([value]) }
        let template = try ChatTemplate(source: "{{ messages }}", name: "deep.jinja")
        let error = #expect(throws: ChatTemplateError.self) {
            try template.render(ChatInput(messages: deep))
        }
        #expect(error?.cause == .limit)
    }

    @Test("that generate while they are generated fail as in Python")
    func reentered() {
        let source =
            "{% set ns = namespace() %}{% for y in [ns, ns]|map(attribute='l')|map('list') %}{% set ns.l = loop %}{% endfor %}"
        #expect(
            Outcome.of(source, input)
                == Outcome(error: "ValueError", message: "generator already executing"))
    }
}
