import Diagnostics
import OrderedJSON

extension TokenizerDescription {
    /// Reads the `post_processor` of tokenizer.json, as far as it concerns a single text. What it does to offsets
    /// (`trim_offsets`) is left out: Graft's offsets cover a token's whole text.
    static func template(_ part: Component) throws(Problem) -> [TemplateItem] {
        switch try part.type() {
        case "ByteLevel": return [.text]
        case "TemplateProcessing": return try template(of: part)
        case "BertProcessing", "RobertaProcessing":
            return [.token(try id(part, "cls")), .text, .token(try id(part, "sep"))]
        case "Sequence":
            // Each processor wraps what the one before it made.
            var items: [TemplateItem] = [.text]
            for step in try part.parts("processors") {
                let inner = items
                items = try template(step).flatMap { $0 == .text ? inner : [$0] }
                guard items.count <= 1000 else { throw part.problem("makes a template of over 1000 tokens") }
            }
            return items
        case let other:
            throw part.unknown(
                other, ["ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing", "Sequence"])
        }
    }

    private static func template(of part: Component) throws(Problem) -> [TemplateItem] {
        guard let single = part.value["single"]?.arrayValue else { throw part.problem("lacks the list \"single\"") }
        var items: [TemplateItem] = []
        for piece in single {
            if let sequence = piece["Sequence"] {
                guard sequence["id"]?.stringValue == "A" else {
                    throw part.problem("asks for a second text in \"single\": \(piece.serialized())")
                }
                items.append(.text)
            } else if let name = piece["SpecialToken"]?["id"]?.stringValue {
                guard let ids = part.value["special_tokens"]?[name]?["ids"]?.arrayValue else {
                    throw part.problem("uses the special token \"\(name)\" without saying its ids")
                }
                for id in ids {
                    guard let number = id.intValue, (0..<Vocabulary.largestID).contains(number) else {
                        throw part.problem("gives \"\(name)\" the id \(id.serialized())")
                    }
                    items.append(.token(Int32(number)))
                }
            } else {
                throw part.problem("has \(piece.serialized()) in \"single\", which is neither text nor special token")
            }
        }
        return items
    }

    private static func id(_ part: Component, _ key: String) throws(Problem) -> Int32 {
        guard let id = part.value[key]?[1]?.intValue, (0..<Vocabulary.largestID).contains(id) else {
            throw part.problem("has no \"\(key)\" that is [token, id]")
        }
        return Int32(id)
    }
}
