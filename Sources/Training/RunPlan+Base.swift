import Diagnostics
import Models
import Recipes
import WeightFiles

extension RunPlan {
    /// The base as it is held while it trains. A limit that its weights alone exceed is refused before they are
    /// quantised.
    func base(
        _ cache: QuantisedCache, _ progress: (String, Double?) throws -> Void
    ) throws -> ModelFiles {
        guard let quantised else { return files }
        if let limit = recipe.train.memoryLimit, quantised.byteCount > limit {
            throw Problem(
                "train.memory_limit: \(ByteSize.text(limit)) is not enough; the weights in \(quantised.format.name) alone take "
                    + ByteSize.text(quantised.byteCount), advice: "raise the limit, or take a smaller model")
        }
        return try quantised.load(cache: cache, progress: progress)
    }
}
