import Datasets
import Foundation
import OrderedJSON
import Testing
import Tokenizers

@Suite("Rendering")
struct RenderingTests {
    /// Every reference rendering by transformers, through the row reader and the renderer.
    @Test func rowsRenderAsTransformersDoes() throws {
        guard let assets = sharedFolder() else { return }
        let vectors = try RowFile(path: assets + "/chat_templates/vectors.jsonl")
        let now = try #require(
            Calendar(identifier: .gregorian).date(
                from: DateComponents(timeZone: .current, year: 2026, month: 1, day: 15, hour: 9, minute: 30)))
        let tokenizer = try byteTokenizer(eos: nil)
        let parser = JSONParser()
        var renderings = 0
        for number in 0..<vectors.count {
            let vector = try vectors.value(of: number, parser: parser)
            guard let name = vector["template"]?.stringValue, let expected = vector["expected"]?.stringValue else {
                continue
            }
            var variables = vector["special_tokens"]?.objectValue?.members ?? []
            variables += (vector["kwargs"]?.objectValue?.members ?? []).filter { $0.key != "add_generation_prompt" }
            let renderer = try PromptRenderer(
                tokenizer: tokenizer, source: .file(assets + "/chat_templates/templates/" + name), variables: variables,
                now: now)
            let row = try Row(["messages": vector["messages"] ?? [], "tools": vector["tools"] ?? nil])
            let rendered = try renderer.render(
                row, addGenerationPrompt: vector["kwargs"]?["add_generation_prompt"]?.boolValue ?? false)
            #expect(rendered.text == expected, "\(name) \(vector["case"]?.stringValue ?? "")")
            renderings += 1
        }
        #expect(renderings > 700)
    }

    /// The tokens with loss are, put together, exactly the marked text, whatever the tokenizer does with white space.
    @Test(arguments: [
        ("qwen3", "Qwen-Qwen3-0.6B", "Fine — café noir,\n\n  世界 ☕.<|im_end|>"),
        ("llama-3.1", "meta-llama-Llama-3.1-8B-Instruct", "Fine — café noir,\n\n  世界 ☕.<|eot_id|>"),
        ("mistral-v3", "mistralai-Mistral-Nemo-Instruct-2407", "Fine — café noir,\n\n  世界 ☕.</s>"),
        ("phi-3", "microsoft-Phi-3.5-mini-instruct", "Fine — café noir,\n\n  世界 ☕.<|end|>"),
        ("deepseek-llm", "deepseek-ai-DeepSeek-V3.1", "Fine — café noir,\n\n  世界 ☕.<｜end▁of▁sentence｜>"),
    ])
    func masksHoldForRealTokenizers(_ family: String, _ template: String, _ expected: String) throws {
        guard let assets = sharedFolder() else { return }
        let tokenizer = try Tokenizer.load(directory: assets + "/tokenizers/" + family)
        let renderer = try PromptRenderer(
            tokenizer: tokenizer, source: .file(assets + "/chat_templates/templates/\(template).jinja"))
        let conversation = Conversation(user: "How are you?", assistant: "Fine — café noir,\n\n  世界 ☕.")
        let sample = try #require(
            try SampleBuilder(renderer: renderer).samples(for: .conversation(conversation)).samples.first)
        let first = try #require(sample.targets.firstIndex(of: true))
        let last = try #require(sample.targets.lastIndex(of: true))
        #expect(sample.targets[first...last].allSatisfy { $0 })
        #expect(tokenizer.decode(Array(sample.ids[first...last])) == expected)
        #expect(sample.ids == tokenizer.encode(try renderer.render(conversation).text, controlTokens: true))
        #expect(sample.ids.filter { $0 == tokenizer.bosID }.count <= 1)
    }

    @Test(arguments: ["tinyllama-1.1b", "llama-2", "llama-3.1", "qwen3", "gpt-2", "mistral-v3"])
    func textRowsAreWhatTheTokenizerMakesOfTextAndEOS(_ family: String) throws {
        guard let assets = sharedFolder() else { return }
        let tokenizer = try Tokenizer.load(directory: assets + "/tokenizers/" + family)
        let renderer = try PromptRenderer(tokenizer: tokenizer, source: .none)
        let text = "Once upon a time, in a land — far away.\n"
        let sample = try #require(try SampleBuilder(renderer: renderer).samples(for: .text(text)).samples.first)
        let eos = try #require(tokenizer.eosID)
        #expect(sample.ids == tokenizer.encode(text, addSpecialTokens: true) + [eos])
        #expect(sample.targetCount == sample.count - 1)
        #expect(renderer.rawIDs(text) == tokenizer.encode(text, addSpecialTokens: true))
    }

    private func marks(_ template: String, _ row: String) throws -> [String] {
        let tokenizer = try byteTokenizer(template: template)
        return try marked(row, SampleBuilder(renderer: try PromptRenderer(tokenizer: tokenizer)))
    }

    @Test func generationBlocksComeFirst() throws {
        let row =
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d","weight":0}]}"#
        func template(_ block: String) -> String {
            """
            {% for m in messages %}{% if m.role == 'assistant' %}\(block)\
            {% else %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endif %}{% endfor %}\
            {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
            """
        }
        let expected = [
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n⟦b<|im_end|>⟧\n<|im_start|>user\nc<|im_end|>\n"
                + "<|im_start|>assistant\nd<|im_end|>\n"
        ]
        for block in [
            "{{ '<|im_start|>assistant\\n' }}{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}{{ '\\n' }}",
            "{{ '<|im_start|>assistant\\n' }}{% generation %}{{ m.content + '<|im_end|>\\n' }}{% endgeneration %}",
            "{{ '<|im_start|>assistant\\n' }}{% generation %}{{ m.content }}{% endgeneration %}{{ '<|im_end|>\\n' }}",
            "{% generation %}{{ '<|im_start|>assistant\\n' + m.content + '<|im_end|>\\n' }}{% endgeneration %}",
        ] {
            #expect(try marks(template(block), row) == expected, "\(block)")
        }
        // Answers that are or end with white space, in a block that takes in the header and leaves out the end.
        let open =
            "{% generation %}{{ '<|im_start|>assistant\\n' + m.content }}{% endgeneration %}{{ '<|im_end|>\\n' }}"
        for (content, shown) in [("", ""), (" ", " "), ("\\n", "\n"), (" \\n ", " \n "), ("b", "b"), ("b ", "b ")] {
            let row = #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"\#(content)"}]}"#
            #expect(
                try marks(template(open), row) == [
                    "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n⟦\(shown)<|im_end|>⟧\n"
                ], "\(content)")
        }
    }

    @Test func aTemplateThatChangesOlderTurnsGivesOneSampleAnAnswer() throws {
        // Only the newest answer is written with its number of words.
        let template = """
            {% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}\
            {{ '[' + m.content|length|string + ']' if loop.last and m.role == 'assistant' else '' }}\
            {{ m.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
            """
        #expect(
            try marks(
                template,
                #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}"#
            ) == [
                "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n⟦[1]b<|im_end|>⟧\n",
                "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n"
                    + "<|im_start|>assistant\n⟦[1]d<|im_end|>⟧\n",
            ])
    }

    @Test func listsOfPartsThatATemplateCannotReadAreFaults() throws {
        let parts =
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"}]}]}"#
        let naive =
            "{% for m in messages %}{{ m.role }}: {{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
        #expect(
            fault { try marks(naive, parts) } == "message 2: the chat template writes the list of content parts itself")
    }
}
