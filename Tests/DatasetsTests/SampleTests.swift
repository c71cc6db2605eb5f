import Datasets
import Foundation
import OrderedJSON
import Testing
import Tokenizers

@Suite("Samples")
struct SampleTests {
    private func builder(
        template: String? = chatML, maxLength: Int = 10_000, tooLong: TooLong = .drop, bos: String? = nil,
        addsBOS: Bool = false, eos: String? = "<|im_end|>"
    ) throws -> SampleBuilder {
        let tokenizer = try byteTokenizer(bos: bos, eos: eos, addsBOS: addsBOS, template: template)
        return SampleBuilder(renderer: try PromptRenderer(tokenizer: tokenizer), maxLength: maxLength, tooLong: tooLong)
    }

    @Test func lossIsOnTheAnswersThroughTheirEndOfTurn() throws {
        let builder = try builder()
        #expect(
            try marked(
                #"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},{"role":"user","content":"Bye"},{"role":"assistant","content":"Ciao ☕"}]}"#,
                builder) == [
                    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n⟦Hello<|im_end|>⟧\n<|im_start|>user\nBye<|im_end|>\n"
                        + "<|im_start|>assistant\n⟦Ciao ☕<|im_end|>⟧\n"
                ])
    }

    @Test func promptMessagesAndWeightZeroCarryNone() throws {
        let builder = try builder()
        let prompt =
            #"[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]"#
        let expected =
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n"
            + "<|im_start|>assistant\n⟦d<|im_end|>⟧\n"
        #expect(try marked(#"{"prompt":\#(prompt),"completion":"d"}"#, builder) == [expected])
        #expect(
            try marked(
                #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0},{"role":"user","content":"c"},{"role":"assistant","content":"d","weight":1}]}"#,
                builder) == [expected])
    }

    @Test func withoutATemplateTheTextIsPromptCompletionEOS() throws {
        let builder = try builder(template: nil, bos: "<s>", addsBOS: true)
        #expect(try marked(#"{"prompt":"1+1=","completion":"2"}"#, builder) == ["<s>1+1=⟦2<|im_end|>⟧"])
        #expect(try marked(#"{"prompt":"<s>1+1=","completion":"2"}"#, builder) == ["<s>1+1=⟦2<|im_end|>⟧"])
        #expect(
            try marked(
                #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}"#,
                builder) == ["<s>a⟦b<|im_end|>⟧c⟦d<|im_end|>⟧"])
        let rendered = try builder.renderer.render(.conversation(Conversation(user: "a", assistant: "b")))
        #expect(rendered.fullText(builder.renderer.tokenizer) == "<s>ab<|im_end|>")
    }

    @Test func textRowsAreBOSTextEOS() throws {
        #expect(try marked(#"{"text":"abc"}"#, builder(bos: "<s>", addsBOS: true)) == ["<s>⟦abc<|im_end|>⟧"])
        #expect(try marked(#"{"text":"abc"}"#, builder()) == ["a⟦bc<|im_end|>⟧"])
        #expect(try marked(#"{"text":"abc<|im_end|>"}"#, builder()) == ["a⟦bc<|im_end|>⟧"])
        #expect(try marked(#"{"text":"abc"}"#, builder(eos: nil)) == ["a⟦bc⟧"])
    }

    @Test func aTemplateWithBOSIsNotGivenASecondOne() throws {
        let builder = try builder(template: "{{ bos_token }}" + chatML, bos: "<s>", addsBOS: true)
        let ids = try builder.samples(for: .conversation(Conversation(user: "a", assistant: "b"))).samples[0].ids
        #expect(ids.filter { $0 == builder.renderer.tokenizer.bosID }.count == 1)
        #expect(ids.first == builder.renderer.tokenizer.bosID)
        #expect(try builder.renderer.promptIDs(Conversation(user: "a")).filter { $0 == ids[0] }.count == 1)
    }

    @Test func promptsEndWhereTheAnswerBegins() throws {
        let builder = try builder()
        let conversation = Conversation(user: "a", assistant: "bc")
        let sample = try builder.samples(for: .conversation(conversation)).samples[0]
        let prompt = try builder.renderer.promptIDs(Conversation(user: "a"))
        #expect(sample.ids.starts(with: prompt))
        #expect(sample.targets.firstIndex(of: true) == prompt.count)
    }

    @Test func longTextIsSplitSoThatEveryTokenIsPredictedOnce() throws {
        let text = String((0..<100).map { Character(Unicode.Scalar(UInt8(48 + $0 % 70))) })
        let whole = try builder().samples(for: .text(text)).samples[0]
        for policy in [TooLong.drop, .error, .truncate] {
            for length in [2, 3, 7, 50, 100, 101, 102] {
                let pieces = try builder(maxLength: length, tooLong: policy).samples(for: .text(text)).samples
                #expect(pieces.allSatisfy { $0.count <= length })
                #expect(pieces.reduce(0) { $0 + $1.targetCount } == 100)
                var joined = pieces[0].ids
                for (before, piece) in zip(pieces, pieces.dropFirst()) {
                    #expect(piece.ids[0] == before.ids.last)
                    joined += piece.ids.dropFirst()
                }
                #expect(joined == whole.ids)
            }
        }
    }

    @Test func tooLongRowsFollowThePolicy() throws {
        let row = #"{"messages":[{"role":"user","content":"0123456789"},{"role":"assistant","content":"answer"}]}"#
        let length = try builder().samples(for: Row(try JSONValue(parsing: row))).samples[0].count
        func result(_ maxLength: Int, _ policy: TooLong, bos: Bool = false) throws -> SampleBuilder.Result {
            let builder = try builder(
                template: (bos ? "{{ bos_token }}" : "") + chatML, maxLength: maxLength, tooLong: policy,
                bos: bos ? "<s>" : nil)
            return try builder.samples(for: Row(try JSONValue(parsing: row)))
        }
        var dropped = SampleBuilder.Result()
        dropped.dropped = 1
        #expect(try result(length, .error).samples.count == 1)
        #expect(try result(length - 1, .drop) == dropped)
        #expect(
            fault { try result(length - 1, .error) } == "has \(length) tokens, more than data.max_length \(length - 1)")
        let tokenizer = try byteTokenizer()
        #expect(
            try result(length - 9, .truncate).samples.map { marked($0, tokenizer) } == [
                "3456789<|im_end|>\n<|im_start|>assistant\n⟦answer<|im_end|>⟧\n"
            ])
        let withBOS = try byteTokenizer(bos: "<s>")
        #expect(
            try result(length - 9, .truncate, bos: true).samples.map { marked($0, withBOS) } == [
                "<s>456789<|im_end|>\n<|im_start|>assistant\n⟦answer<|im_end|>⟧\n"
            ])
        // "\n", 6 letters, the end of turn and the newline: one token of prompt is the least.
        #expect(try result(9, .truncate).samples.map { marked($0, tokenizer) } == ["\n⟦answer<|im_end|>⟧\n"])
        #expect(try result(8, .truncate) == dropped)
    }

    @Test func readyTokensAreTakenAsTheyAre() throws {
        let builder = try builder()
        #expect(
            try builder.samples(for: .tokens(ids: [1, 2, 3], targets: [true, false, true])).samples
                == [Sample(ids: [1, 2, 3], targets: [false, false, true], turnEnd: .notTemplated)])
        #expect(try builder.samples(for: .tokens(ids: [1, 2], targets: [true, false])).warning != nil)
        #expect(
            fault { try builder.samples(for: .tokens(ids: [1, 999], targets: [true, true])) }.hasPrefix(
                "input_ids[1] is 999"))
    }

    @Test func tokensBeyondTheModelsVocabularyAreFaults() throws {
        let renderer = try PromptRenderer(tokenizer: try byteTokenizer(eos: nil))
        let builder = SampleBuilder(renderer: renderer, vocabularySize: 99)
        #expect(try marked(#"{"text":"ab"}"#, builder).count == 1)
        let found = fault { try marked(#"{"text":"cab"}"#, builder) }
        #expect(found == "has the token 99, but the model knows 99 tokens")
    }

    @Test func rowsWithNothingToLearnAreFaults() throws {
        let builder = try builder()
        #expect(
            fault { try marked(#"{"messages":[{"role":"user","content":"a"}]}"#, builder) }
                == "has no assistant turn to learn from")
        #expect(fault { try marked(#"{"messages":[]}"#, builder) } == "has no assistant turn to learn from")
        #expect(fault { try marked(#"{"prompt":"a"}"#, builder) } == "has no assistant turn to learn from")
        let refusing = try self.builder(template: "{{ raise_exception('no') }}")
        #expect(
            fault { try marked(#"{"prompt":"a","completion":"b"}"#, refusing) }.hasPrefix(
                "the chat template refuses the conversation: no"))
    }

    @Test func preferencePairs() throws {
        let builder = try builder()
        let row = try Row(try JSONValue(parsing: #"{"prompt":"q","chosen":"good","rejected":"bad"}"#))
        let pair = try #require(try builder.pair(for: row))
        let tokenizer = builder.renderer.tokenizer
        #expect(
            marked(pair.chosen, tokenizer) == "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n⟦good<|im_end|>⟧\n"
        )
        #expect(
            marked(pair.rejected, tokenizer)
                == "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n⟦bad<|im_end|>⟧\n")
        #expect(try builder.samples(for: row).samples == [pair.chosen])
    }
}
