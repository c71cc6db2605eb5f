import Datasets
import Tokenizers

/// A text cut as lm-evaluation-harness 0.4.13 cuts it for rolling log-likelihoods with one token of context.
enum RollingWindows {
    /// Every token of the text is predicted exactly once; the first window begins with BOS, or EOS where there is none,
    /// and the last one reaches back as far as the model's positions do.
    ///
    /// - Parameter length: tokens a model reads at once.
    static func samples(_ text: String, tokenizer: Tokenizer, length: Int) throws(RowFault) -> [Sample] {
        guard let prefix = tokenizer.bosID ?? tokenizer.eosID else {
            throw RowFault(
                "cannot be measured by rolling windows: the tokenizer has neither BOS nor EOS to begin with",
                advice: "leave 'rolling' out")
        }
        let begins = tokenizer.bosToken.map { text.hasPrefix($0) } ?? false
        let tokens = tokenizer.encode(text, addSpecialTokens: !begins)
        var samples: [Sample] = []
        func add(_ context: ArraySlice<Int32>, _ predicted: ArraySlice<Int32>) {
            samples.append(
                Sample(
                    ids: Array(context) + predicted,
                    targets: Array(repeating: false, count: context.count)
                        + Array(repeating: true, count: predicted.count), turnEnd: .notTemplated))
        }
        add([prefix], tokens.prefix(length))
        var done = min(length, tokens.count)
        while done < tokens.count {
            let end = min(tokens.count, done + length)
            add(tokens[max(0, end - length - 1)..<done], tokens[done..<end])
            done = end
        }
        return tokens.isEmpty ? [] : samples
    }
}
