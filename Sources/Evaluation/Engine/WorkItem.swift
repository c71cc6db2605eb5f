import Datasets
import Generation
import Kernels
import OrderedJSON

/// Something asked of a model. Its outcome depends on the model (a divergence's on the base, too) and on nothing else,
/// so it can be kept.
public enum WorkItem: Sendable {
    /// `−Σ ln p` over the targets of some samples.
    case loss([Sample])
    /// `ln p` of each continuation of a prompt.
    case choices(prompt: [Int32], continuations: [[Int32]])
    /// The continuation of a prompt.
    case answer(GenerationRequest)
    /// `Σ KL(base ‖ model)` over the targets of some samples.
    case divergence([Sample])

    /// All its tokens.
    var ids: [Int32] {
        switch self {
        case .loss(let samples), .divergence(let samples): samples.flatMap(\.ids)
        case .choices(let prompt, let continuations): prompt + continuations.flatMap { $0 }
        case .answer(let request): request.prompt
        }
    }

    /// Tokens that are run, roughly: what progress is counted in. Writing a token takes as long as reading several.
    var cost: Int {
        switch self {
        case .loss(let samples): samples.reduce(0) { $0 + $1.count }
        case .divergence(let samples): samples.reduce(0) { $0 + $1.count } * 3
        case .choices(let prompt, let continuations): prompt.count + continuations.reduce(0) { $0 + $1.count + 1 }
        case .answer(let request): request.prompt.count + 8 * min(request.maxTokens, 32)
        }
    }

    /// What tells this item from any other: 32 hexadecimal digits of the SHA-256 of all it consists of.
    ///
    /// - Parameter base: names the model that divergences are measured from.
    func fingerprint(base: String) -> String {
        var bytes: [UInt8] = []
        func add(_ number: Int) { withUnsafeBytes(of: Int64(number).littleEndian) { bytes.append(contentsOf: $0) } }
        func add(_ ids: [Int32]) {
            add(ids.count)
            for id in ids { withUnsafeBytes(of: id.littleEndian) { bytes.append(contentsOf: $0) } }
        }
        func add(_ text: String) {
            add(text.utf8.count)
            bytes.append(contentsOf: text.utf8)
        }
        func add(_ samples: [Sample]) {
            add(samples.count)
            for sample in samples {
                add(sample.ids)
                bytes.append(contentsOf: sample.targets.map { $0 ? 1 : 0 })
            }
        }
        switch self {
        case .loss(let samples):
            add("loss")
            add(samples)
        case .divergence(let samples):
            add("divergence")
            add(base)
            add(samples)
        case .choices(let prompt, let continuations):
            add("choices")
            add(prompt)
            add(continuations.count)
            continuations.forEach { add($0) }
        case .answer(let request):
            add("answer")
            add(request.prompt)
            add(request.maxTokens)
            add(request.stopIDs.sorted())
            add(request.stopStrings.count)
            request.stopStrings.forEach { add($0) }
            let sampling = request.sampling
            for number in [sampling.temperature, sampling.topP, sampling.minP, sampling.repetitionPenalty] {
                add(Int(bitPattern: UInt(number.bitPattern)))
            }
            add(sampling.topK)
            // Without chance neither the seed nor the row matters.
            if !sampling.isGreedy {
                add(Int(truncatingIfNeeded: sampling.seed))
                add(Int(truncatingIfNeeded: request.key))
            }
            add(request.continuesText ? 1 : 0)
        }
        return String(bytes.withUnsafeBytes { SHA256.hex($0) }.prefix(32))
    }
}

/// What came of a ``WorkItem``.
public struct WorkOutcome: Sendable, Equatable {
    /// One sum, or one log-likelihood a choice.
    public var numbers: [Double] = []
    /// What the model wrote.
    public var text: String?
    /// How many tokens that took.
    public var tokens: Int?
    /// Why it ended: ``GenerationEnd/name``.
    public var end: String?

    init(_ numbers: [Double]) { self.numbers = numbers }

    init(_ answer: Generation) {
        text = answer.text
        tokens = answer.ids.count
        end = answer.end.name
    }

    /// The outcome in a journal.
    var json: JSONValue {
        var object = JSONObject()
        if !numbers.isEmpty { object["numbers"] = .array(numbers.map(JSONValue.number)) }
        if let text { object["text"] = .string(text) }
        if let tokens { object["tokens"] = .integer(tokens) }
        if let end { object["end"] = .string(end) }
        return .object(object)
    }

    /// The outcome of a journal's line; nil when it is none.
    init?(_ json: JSONValue) {
        guard json.objectValue != nil else { return nil }
        numbers = (json["numbers"]?.arrayValue ?? []).compactMap(\.doubleValue)
        text = json["text"]?.stringValue
        tokens = json["tokens"]?.intValue
        end = json["end"]?.stringValue
        if numbers.isEmpty && text == nil { return nil }
    }
}
