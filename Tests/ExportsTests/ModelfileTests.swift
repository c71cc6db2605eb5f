import Exports
import Testing

extension ExportsTests {
    @Suite("Values in a Modelfile")
    struct ModelfileTests {
        /// The value that Ollama's parser makes of what stands after a command: line after line until what is there,
        /// without the white space around it, has no open quotation marks; then without the marks.
        private static func parsed(_ text: String) -> String? {
            var seen = ""
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                seen += seen.isEmpty && !text.hasPrefix("\n") ? line : "\n" + line
                if let value = unquoted(trimmed(seen)) { return seen.count == text.count ? value : nil }
            }
            return nil
        }

        private static func trimmed(_ text: String) -> String {
            let rest = text.drop { $0.isWhitespace }
            return String(rest.reversed().drop { $0.isWhitespace }.reversed())
        }

        private static func unquoted(_ text: String) -> String? {
            if text.hasPrefix("\"\"\"") {
                guard text.count >= 6, text.hasSuffix("\"\"\"") else { return nil }
                return String(text.dropFirst(3).dropLast(3))
            }
            if text.hasPrefix("\"") {
                guard text.count >= 2, text.hasSuffix("\"") else { return nil }
                return String(text.dropFirst().dropLast())
            }
            return text
        }

        static let texts = [
            "</s>", "<|im_end|>", "\"", "a \"b\" c", "\"quoted\"", "\"\"", "say \"hi\"\nand go", "\n", " padded ",
            "tab\t",
            "line\n\n", "ends in \"", "x\"\"\"y", "{{ if eq .Role \"system\" }}\n{{ .Content }}{{ end }}",
            "<｜end▁of▁sentence｜>",
            "# no comment", "back\\slash",
        ]

        @Test("come back as they were", arguments: texts)
        func roundTrip(_ text: String) throws {
            let argument = try #require(ModelfileArgument(text, isText: true))
            #expect(Self.parsed(argument.text) == text, "\(argument.text)")
        }

        @Test("that are paths stand plain, with what spaces they have")
        func paths() throws {
            for path in ["./model.gguf", "/models/my model.gguf", "/m/ü \"q\".gguf"] {
                #expect(ModelfileArgument(path)?.text == path)
            }
            #expect(ModelfileArgument(" odd.gguf")?.text == "\" odd.gguf\"")
            #expect(ModelfileArgument("a\nb")?.text == "\"\"\"a\nb\"\"\"")
        }

        @Test(
            "that a parser would cut or change are not written",
            arguments: ["a\"\"\"\nb", "\"\"\"\n", "x \"\"\" \n y", "a\u{200d}b", "a\u{a0}b", "\u{7}"])
        func impossible(_ text: String) {
            #expect(ModelfileArgument(text, isText: true) == nil)
        }
    }
}
