import Tensors

extension TransformerConfig {
    /// What counts the choices of this model's routers for an auxiliary loss.
    ///
    /// - Parameter coefficient: what the loss is multiplied by.
    /// - Returns: nil where it has none: in a model without experts, or one whose routers transformers balances in
    ///   another way (DeepSeek's groups and corrections, Llama 4's sigmoids).
    public func expertBalance(coefficient: Float) -> ExpertBalance? {
        let mixtures = layers.compactMap { layer in
            if case .experts(let experts) = layer.feedForward { experts } else { nil }
        }
        guard let first = mixtures.first, mixtures.allSatisfy({ $0.count == first.count }) else { return nil }
        switch first.routing {
        case .softmaxFirst, .choiceFirst:
            return ExpertBalance(experts: first.count, perToken: first.perToken, coefficient: coefficient)
        case .sigmoidOnInput, .grouped: return nil
        }
    }
}
