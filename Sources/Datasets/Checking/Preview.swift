import Diagnostics
import OrderedJSON
import Tokenizers

/// A row as the model will see it: its samples, token by token, with the loss mask.
public struct RowPreview: Sendable, Equatable {
    /// A token of a sample.
    public struct Token: Sendable, Equatable {
        /// Its id.
        public let id: Int32
        /// Its text, or its id where there is no tokenizer; that of a token which leaves a character incomplete comes
        /// with the token that completes it.
        public let text: String
        /// Whether it carries loss.
        public let isTarget: Bool
    }

    /// The file the row is from.
    public let file: String
    /// Its line, from 1.
    public let line: Int
    /// Its samples.
    public let samples: [[Token]]

    /// The preview of one row.
    ///
    /// - Throws: ``Problem`` with the row's fault.
    public init(of row: Int, in file: RowFile, builder: SampleBuilder, parser: JSONParser) throws {
        self.file = file.path
        line = file.line(of: row)
        let value = try file.value(of: row, parser: parser)
        do {
            let tokenizer = builder.renderer.tokenizer
            samples = try builder.samples(for: try Row(value)).samples.map { sample in
                var decoder = IncrementalDecoder(tokenizer, skipSpecialTokens: false)
                return zip(sample.ids, sample.targets).map { id, isTarget in
                    let text = tokenizer.knowsText ? decoder.append(id) : " \(id)"
                    return Token(id: id, text: text, isTarget: isTarget)
                }
            }
        } catch {
            throw file.problem(error, row: row)
        }
    }

    /// How tokens with loss are told from the others.
    public enum Style: Sendable {
        /// Between `⟦` and `⟧`.
        case plain
        /// Green on a terminal, the others dim.
        case coloured
    }

    /// The samples as text, one after the other, each below a line that counts its tokens.
    public func text(_ style: Style) -> String {
        samples.enumerated().map { number, sample in
            let targets = sample.filter(\.isTarget).count
            let count = samples.count > 1 ? ", sample \(number + 1) of \(samples.count)" : ""
            return "\(file):\(line)\(count): \(sample.count) tokens, \(targets) with loss\n" + Self.body(sample, style)
                + "\n"
        }.joined(separator: "\n")
    }

    private static func body(_ sample: [Token], _ style: Style) -> String {
        var text = ""
        var at = sample.startIndex
        while at < sample.endIndex {
            let isTarget = sample[at].isTarget
            let end = sample[at...].firstIndex { $0.isTarget != isTarget } ?? sample.endIndex
            let run = sample[at..<end].map(\.text).joined()
            switch (style, isTarget) {
            case (.plain, true): text += "⟦\(run)⟧"
            case (.plain, false): text += run
            case (.coloured, true): text += "\u{1B}[32m\(run)\u{1B}[0m"
            case (.coloured, false): text += "\u{1B}[2m\(run)\u{1B}[0m"
            }
            at = end
        }
        return text
    }
}
