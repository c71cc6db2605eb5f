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
}
