import Diagnostics

// How much longer a stage can make a text, in bytes for each byte. Steps that follow each other multiply, so that a
// short file can ask for more than any memory holds; published ones come to a few hundred.

/// A stage that can make a text longer.
protocol GrowingStage {
    /// The most bytes that one byte can become.
    var growth: Double { get }
}

extension Component {
    /// The stage that this component describes; throws when it can make texts longer than anyone means.
    func bounded<Stage: GrowingStage>(_ stage: Stage) throws(Problem) -> Stage {
        guard stage.growth > 1e5 else { return stage }
        throw problem("can make a text \(stage.growth) times as long", advice: "the file is damaged; get it again")
    }
}

extension Normalizer: GrowingStage {
    var growth: Double {
        switch self {
        case .sequence(let steps): steps.reduce(1) { $0 * $1.growth }
        // Unicode's own bound of all four forms in UTF-8.
        case .form: 11
        case .prepend(let text): Double(1 + text.count)
        case .replace(let pattern, let content): pattern.growth(replacedBy: content)
        case .strip, .stripAccents, .nmt: 1
        // U+0130 becomes three bytes instead of two.
        case .lowercase: 2
        // A space on either side of a character, its decomposition, and lower case.
        case .bert: 2 * 3 * 2
        // Bytes beyond ASCII's visible ones become two.
        case .byteLevel: 2
        case .precompiled(let map): Double(max(1, map.longestReplacement))
        // For files of its own, which hold one step.
        case .sentencePiece: 1
        }
    }
}

extension PreTokenizer: GrowingStage {
    var growth: Double {
        switch self {
        case .sequence(let steps): steps.reduce(1) { $0 * $1.growth }
        case .byteLevel(let prefixSpace, _): prefixSpace ? 4 : 2
        case .metaspace(let mark, _, _): Double(1 + mark.count)
        case .split, .splitScalars, .wordRuns, .fixedLength: 1
        }
    }
}

extension TokenDecoder: GrowingStage {
    var growth: Double {
        switch self {
        case .sequence(let steps): steps.reduce(1) { $0 * $1.growth }
        case .replace(let pattern, let content): pattern.growth(replacedBy: content)
        // What is no UTF-8 becomes U+FFFD.
        case .byteLevel: 3
        // A space before or in place of something.
        case .wordPiece, .endSuffix, .ctc, .metaspace: 2
        case .byteFallback, .fuse, .strip: 1
        // For files of its own, which hold one step.
        case .sentencePiece: 1
        }
    }
}

extension TextPattern {
    /// The most bytes that one byte can become; an expression may match between bytes.
    fileprivate func growth(replacedBy content: [UInt8]) -> Double {
        switch self {
        case .literal(let text): max(1, Double(content.count) / Double(max(1, text.count)))
        case .expression: Double(1 + content.count)
        }
    }
}
