/// Metrics of how likely a model finds given tokens.
extension Metric {
    /// Mean of `−ln p` over the tokens that carry loss.
    public static let loss = Metric(name: "loss", title: "loss", scale: .plain, isLowerBetter: true)
    /// `e` to the power of the loss: among how many equally likely tokens the model hesitates.
    public static let perplexity = Metric(
        name: "perplexity", title: "perplexity", scale: .exponential, isLowerBetter: true, scoresName: "loss")
    /// The loss over bytes of text instead of tokens, in bits: comparable between tokenizers.
    public static let bitsPerByte = Metric(
        name: "bits_per_byte", title: "bits per byte", scale: .plain, isLowerBetter: true)
    /// Nats by which a token's distribution has moved from the base's: KL(base ‖ model), mean over tokens.
    public static let divergence = Metric(
        name: "kl", title: "KL from base", scale: .plain, role: .drift, isLowerBetter: true)

    /// `e` to the power of the loss over bytes (`byte_perplexity` of lm-evaluation-harness).
    public static let bytePerplexity = Metric(
        name: "byte_perplexity", title: "per byte", scale: .exponential, isLowerBetter: true)
    /// `e` to the power of the loss over words, which white space separates (`word_perplexity` there).
    public static let wordPerplexity = Metric(
        name: "word_perplexity", title: "per word", scale: .exponential, isLowerBetter: true)

    /// Whether it says what the loss says in another unit, so that its differences need no words of their own.
    public var restatesLoss: Bool {
        [Metric.perplexity, .bitsPerByte, .bytePerplexity, .wordPerplexity].contains(self)
    }

    /// Whether the likeliest choice is the right one (`acc`).
    public static let accuracy = Metric(name: "accuracy", title: "accuracy", isYesNo: true)
    /// Whether it is after dividing each log-likelihood by the choice's length in characters (`acc_norm`).
    public static let normalizedAccuracy = Metric(
        name: "accuracy_norm", title: "by length", isYesNo: true)
    /// The right choice's share of the probability of all choices.
    public static let rightProbability = Metric(name: "right_probability", title: "p of right")

    /// Whether the chosen answer is likelier than the rejected one.
    public static let preferred = Metric(name: "preferred", title: "prefers chosen", isYesNo: true)
    /// Whether it is by the mean of its tokens.
    public static let normalizedPreferred = Metric(name: "preferred_norm", title: "by length", isYesNo: true)
    /// By how many nats the chosen answer is likelier.
    public static let margin = Metric(name: "margin", title: "margin", scale: .plain)
}
