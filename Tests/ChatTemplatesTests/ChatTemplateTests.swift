import ChatTemplates
import Diagnostics
import OrderedJSON
import Testing

/// Inputs, results and errors as callers see them.
@Suite("Chat template")
struct ChatTemplateTests {
    private func template(_ source: String) throws -> ChatTemplate {
        try ChatTemplate(source: source, name: "chat.jinja")
    }

    @Test("sees messages, tools, documents, the prompt flag and variables")
    func inputs() throws {
        let source = """
            {%- for m in messages %}{{ m.role }}:{{ m.content }} {% endfor -%}
            {{ tools is none }} {{ documents[0].title }} {{ add_generation_prompt }} {{ bos_token }}{{ range }}
            """
        let input = ChatInput(
            messages: [["role": "user", "content": "hi"]], documents: [["title": "T"]],
            addGenerationPrompt: true,
            variables: ["bos_token": "<s>", "range": "mine"])
        #expect(try template(source).render(input).text == "user:hi True T True <s>mine")
    }

    @Test("keeps the order of object members, and text that differs in its code points only")
    func order() throws {
        let messages: JSONValue = [["b": 1, "a": 2, "c": "e\u{301}"]]
        let source = "{{ messages[0]|tojson }}{{ '\u{e9}' == messages[0].c }}{{ messages[0].c|length }}"
        let text = try template(source).render(ChatInput(messages: messages)).text
        #expect(
            text.unicodeScalars.elementsEqual(
                "{\"b\": 1, \"a\": 2, \"c\": \"e\u{301}\"}False2".unicodeScalars))
    }

    @Test(
        "gives the spans of generation blocks in bytes, and says when they are not where the text is")
    func spans() throws {
        let plain = try template("é{% generation %}añb{% endgeneration %}c")
        #expect(plain.usesGenerationBlocks)
        let chat = try plain.render(ChatInput(messages: []))
        #expect(chat.generationSpans == [2..<6] && chat.misplacedSpans == 0)
        let moved = try template("{% set x %}a{% generation %}b{% endgeneration %}{% endset %}c{{ x }}")
        #expect(try moved.render(ChatInput(messages: [])).misplacedSpans == 1)
        #expect(try !template("{{ 1 }}").usesGenerationBlocks)
    }

    @Test("escapes what json.dumps does, with ensure_ascii and without")
    func escapes() throws {
        let source = "{{ x|tojson }} {{ x|tojson(ensure_ascii=true) }} {{ '\u{7f}'|tojson(ensure_ascii=true) }}"
        let text = try template(source).render(
            ChatInput(messages: [], variables: ["x": "\u{7f}\u{e9}\u{1F600}\"\u{1}"])
        ).text
        #expect(text == #""\#u{7f}é😀\"\u0001" "\u007f\u00e9\ud83d\ude00\"\u0001" "\u007f""#)
        #expect(JSONValue.string("\u{7f}é").serialized(JSONStyle(asciiOnly: true)) == #""\u007f\u00e9""#)
    }

    /// What Python 3 makes of them.
    @Test(
        "shows whole numbers beyond 64 bits as the conversation has them",
        arguments: [
            (
                "{{ x }} {{ [x]|tojson }} {{ {x: y} }}",
                "18446744073709551615 [18446744073709551615] {18446744073709551615: -100000000000000000000}"
            ),
            (
                "{{ x > 1 }} {{ x == x }} {{ y < x }} {{ x < 1e300 }} {{ -y == 1e20 }} {{ y|abs }}",
                "True True True True True 100000000000000000000"
            ),
            (
                "{{ '{:,}'.format(x) }} {{ '%d' % y }} {{ x is integer }} {{ x|float }} {{ x + 0.5 }}",
                "18,446,744,073,709,551,615 -100000000000000000000 True 1.8446744073709552e+19 1.8446744073709552e+19"
            ),
            ("{{ {1e20: 'a'}[-y] }} {{ x|int }} {{ x|round }}", "a 18446744073709551615 18446744073709551615"),
        ])
    func largeIntegers(_ source: String, _ expected: String) throws {
        let row = try JSONValue(parsing: #"{"x": 18446744073709551615, "y": -100000000000000000000}"#)
        let text = try template(source).render(
            ChatInput(
                messages: [],
                variables: Dictionary(
                    uniqueKeysWithValues: (row.objectValue?.members ?? []).map { ($0.key, $0.value) })))
        #expect(text.text == expected)
    }

    @Test("takes documents from the variables, and null where there are none")
    func documents() throws {
        let shown = try template("{{ documents | tojson }}")
        #expect(try shown.render(ChatInput(messages: [])).text == "null")
        #expect(try shown.render(ChatInput(messages: [], variables: ["documents": [1]])).text == "[1]")
        #expect(try shown.render(ChatInput(messages: [], documents: [2], variables: ["documents": [1]])).text == "[2]")
    }

    @Test("reports a malformed template with its place")
    func syntax() throws {
        let error = #expect(throws: Problem.self) { try template("line one\n{{ 1 + }}\n") }
        #expect(error?.file == "chat.jinja" && error?.line == 2 && error?.column == 8)
        #expect(error?.message == "unexpected 'end of print statement'")
        #expect(error?.excerpt == "{{ 1 + }}")
        let unknown = #expect(throws: Problem.self) { try template("{{ messages|nothing }}") }
        #expect(unknown?.message == "No filter named 'nothing'." && unknown?.column == 13)
        let open = #expect(throws: Problem.self) { try template("{% for m in messages %}\nx") }
        #expect(open?.message.contains("'endfor'") == true)
    }

    @Test("tells a refusal of the template from a failure, with the line of the innermost expression")
    func failures() throws {
        let raised = #expect(throws: ChatTemplateError.self) {
            try template("a\n  {{ raise_exception('Only ' ~ 'pairs') }}").render(ChatInput(messages: []))
        }
        #expect(
            raised?.cause == .raised && raised?.message == "Only pairs" && raised?.line == 2
                && raised?.column == 21)
        #expect(raised?.problem.message == "the chat template refuses the conversation: Only pairs")
        let failed = #expect(throws: ChatTemplateError.self) {
            let source = "{% macro m(x) %}\n{{ x.a.b }}{% endmacro %}\n{{ m(messages) }}"
            return try template(source).render(ChatInput(messages: []))
        }
        #expect(failed?.cause == .failed("UndefinedError") && failed?.line == 2)
        #expect(failed?.message == "'list object' has no attribute 'a'")
        #expect(failed?.problem.file == "chat.jinja")
    }

    // Neither is a fault of the conversation, so neither may be advised to be looked for there.
    @Test(
        "says of what it lacks and of what it forbids that the template is to be changed",
        arguments: [
            ("{{ messages|pprint }}", "cannot be rendered: the filter 'pprint' is not supported"),
            ("{{ 'x'.encode() }}", "cannot be rendered: str.encode is not supported"),
            ("{{ 10 ** 40 }}", "goes beyond what Graft allows a template: an integer beyond 64 bits"),
        ])
    func beyond(_ source: String, _ message: String) throws {
        let error = #expect(throws: ChatTemplateError.self) {
            try template(source).render(ChatInput(messages: []))
        }
        #expect(error?.problem.message.hasSuffix(message) == true, "\(String(describing: error))")
        #expect(error?.problem.advice?.contains("or use another template") == true)
    }

    @Test("can be rendered from many tasks at once")
    func concurrent() async throws {
        let template = try template(
            "{% set ns = namespace(n=0) %}{% for i in range(n) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}"
        )
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for n in 0..<64 {
                group.addTask {
                    (n, try template.render(ChatInput(messages: [], variables: ["n": .integer(n)])).text)
                }
            }
            for try await (n, text) in group { #expect(text == "\(n * (n - 1) / 2)") }
        }
    }
}
