import Tokenizers

/// The text of an answer as its tokens come, cut at the first stop string. What could be the beginning of one is held
/// back until it is certain.
package struct AnswerText {
    private var decoder: IncrementalDecoder?
    private let stops: [[UInt8]]
    private let stopStrings: [String]
    private var held: [UInt8] = []
    package private(set) var text = ""
    package private(set) var found: String?

    package init(_ request: GenerationRequest, tokenizer: Tokenizer?) {
        stopStrings = request.stopStrings
        stops = request.stopStrings.map { Array($0.utf8) }
        guard let tokenizer else { return }
        var decoder = IncrementalDecoder(tokenizer, skipSpecialTokens: true)
        // Decoding depends on what stands before; a few tokens tell whether a space belongs to the text.
        if request.continuesText { for id in request.prompt.suffix(8) { _ = decoder.append(id) } }
        self.decoder = decoder
    }

    /// The text that a token makes certain.
    package mutating func append(_ id: Int32) -> String { take(decoder?.append(id) ?? "") }

    /// What is left at the end.
    package mutating func finish() -> String {
        if found != nil { return "" }
        let last = take(decoder?.finish() ?? "")
        let rest = found == nil ? String(decoding: held, as: UTF8.self) : ""
        held = []
        text += rest
        return last + rest
    }

    private mutating func take(_ new: String) -> String {
        if stops.isEmpty || found != nil {
            if found == nil { text += new }
            return found == nil ? new : ""
        }
        held += new.utf8
        if let (place, stop) = firstStop() {
            found = stop
            return give(place)
        }
        // The longest end of what is held that a stop string could begin with.
        let most = (stops.map(\.count).max() ?? 1) - 1
        let pending = stride(from: min(most, held.count), to: 0, by: -1).first { count in
            stops.contains { $0.count > count && $0.starts(with: held.suffix(count)) }
        }
        return give(held.count - (pending ?? 0))
    }

    private func firstStop() -> (Int, String)? {
        for place in held.indices {
            for (stop, string) in zip(stops, stopStrings) where held[place...].starts(with: stop) {
                return (place, string)
            }
        }
        return nil
    }

    private mutating func give(_ count: Int) -> String {
        // Stop strings are whole characters, so the cut falls between characters.
        let given = String(decoding: held[..<count], as: UTF8.self)
        held.removeFirst(count)
        text += given
        return given
    }
}
