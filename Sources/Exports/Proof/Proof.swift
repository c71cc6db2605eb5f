import Diagnostics
import Models
import OrderedJSON

/// What reading an export back has shown: numbers, and the bounds they had to meet.
public struct Proof: Sendable, Equatable {
    /// One number and its bound.
    public struct Bound: Sendable, Equatable {
        /// What was measured.
        public let name: String
        /// The number.
        public let measured: Double
        /// The largest it may be.
        public let limit: Double
        /// Whether it is small enough. A NaN is not.
        public var holds: Bool { measured <= limit }
    }

    /// How exactly an export holds the weights, hence how near its predictions must be.
    public enum Exactness: Sendable, Equatable {
        /// Nothing was rounded below f32: the predictions are the same.
        case exact
        /// Numbers were rounded to 16 bits.
        case rounded
        /// Numbers were quantised to blocks; the base quantised the same way is the measure.
        case quantised
    }

    /// Where the compared sequences come from.
    public let origin: String
    /// What the adapter does: base against adapted model. Nil without an adapter.
    public let effect: Divergence?
    /// The exported model, read back, against the model in memory.
    public let exported: Divergence
    /// What quantising alone does: the base quantised the same way against the base.
    public let quantisation: Divergence?
    /// The bounds, all of which must hold.
    public let bounds: [Bound]

    /// Bound of |Δ ln p| where nothing was rounded.
    public static let exactLimit = 1e-4
    /// Share of the adapter's effect that rounding may be.
    public static let roundingShare = 0.02
    /// Factor on what quantising the base does.
    public static let quantisationFactor = 1.2
    /// KL that rounding a base to 16 bits may cause, where there is no adapter to measure it by.
    public static let plainRoundingLimit = 1e-2

    /// What keeps more of an adapter than rounding it away.
    private let wayOut: String

    /// Numbers against the bounds that go with the exactness.
    ///
    /// - Parameter wayOut: what the user can do where rounding is too coarse.
    init(
        _ exactness: Exactness, origin: String, effect: Divergence?, exported: Divergence, quantisation: Divergence?,
        wayOut: String? = nil
    ) {
        let finer = "a finer --dtype or --quantize, or the adapter alone (gguf-lora, peft), keeps more"
        self.wayOut = exactness == .exact ? "" : "; " + (wayOut ?? finer)
        self.origin = origin
        self.effect = effect
        self.exported = exported
        self.quantisation = quantisation
        switch (exactness, effect) {
        case (.exact, _):
            bounds = [Bound(name: "largest |Δ log p|", measured: exported.largest, limit: Self.exactLimit)]
        case (.rounded, let effect?):
            bounds = [
                Bound(
                    name: "KL(adapted in memory ‖ exported)", measured: exported.kl,
                    limit: Self.roundingShare * effect.kl)
            ]
        case (.rounded, nil):
            bounds = [Bound(name: "KL(base ‖ exported)", measured: exported.kl, limit: Self.plainRoundingLimit)]
        case (.quantised, let effect?):
            let limit = Self.quantisationFactor * (quantisation?.kl ?? 0) + Self.roundingShare * effect.kl
            bounds = [Bound(name: "KL(adapted in memory ‖ exported)", measured: exported.kl, limit: limit)]
        case (.quantised, nil):
            // Nothing to compare a quantised base with but itself; it must at least give numbers.
            bounds = [Bound(name: "KL(base ‖ exported)", measured: exported.kl, limit: .greatestFiniteMagnitude)]
        }
    }

    /// Throws the first bound that is not met, an adapter that changes nothing, and models that predict nothing.
    func check() throws(ProofFailure) {
        if let effect, effect.largest.isNaN || effect.kl.isNaN {
            throw ProofFailure("base or adapter predict what is no number; are their weights finite?")
        }
        if let effect, !(effect.largest > 0) || !(effect.kl > 0) {
            throw ProofFailure(
                "the adapter changes nothing: on \(effect.positions) predictions base and adapted model agree to the last "
                    + "digit; was it trained, and on this model?")
        }
        for bound in bounds where !bound.holds {
            throw ProofFailure(
                "what was written does not predict as the model in memory does: \(bound.name) is \(Self.short(bound.measured)), "
                    + "the bound \(Self.short(bound.limit)) (\(exported.positions) predictions on \(origin), "
                    + "top-1 agreement \(Self.short(exported.agreement))); nothing was kept" + wayOut)
        }
    }

    /// For manifests and `--json`.
    public var json: JSONValue {
        var object = JSONObject([("probes", .string(origin)), ("exported", exported.json)])
        if let effect { object["effect"] = effect.json }
        if let quantisation { object["quantisation"] = quantisation.json }
        object["bounds"] = .array(
            bounds.filter { $0.limit < .greatestFiniteMagnitude }.map {
                ["name": .string($0.name), "measured": .number($0.measured), "limit": .number($0.limit)]
            })
        return .object(object)
    }

    /// A number in three digits.
    static func short(_ x: Double) -> String {
        guard x.isFinite, x != 0 else { return "\(x)" }
        var digits = 0.01
        while digits * 1000 <= abs(x) { digits *= 10 }
        while digits * 100 > abs(x) { digits /= 10 }
        let rounded = (x / digits).rounded() * digits
        return String(Float(rounded).description.prefix(12))
    }
}
