import Diagnostics
import OrderedJSON

/// One object of tokenizer.json with its place in the file, for messages: `pre_tokenizer.pretokenizers[1]`.
struct Component {
    let place: String
    let value: JSONValue
    let file: String

    /// A mistake in this component.
    func problem(_ what: String, advice: String? = nil) -> Problem {
        Problem("\(place) \(what)", file: file, advice: advice)
    }

    /// What kind of component this is.
    func type() throws(Problem) -> String {
        guard case .object = value else { throw problem("is \(value.kindName), not an object") }
        guard let type = value["type"]?.stringValue else { throw problem("does not say its \"type\"") }
        return type
    }

    /// A kind that Graft does not have.
    func unknown(_ type: String, _ known: [String]) -> Problem {
        problem(
            "is of the type \"\(type)\", which Graft does not have",
            advice: suggestion(for: type, among: known).map { "did you mean \"\($0)\"?" }
                ?? "known are \(known.joined(separator: ", "))")
    }

    /// The text under a key.
    func string(_ key: String, default standard: String? = nil) throws(Problem) -> String {
        guard let member = value[key], !member.isNull else {
            if let standard { return standard }
            throw problem("lacks \"\(key)\"")
        }
        guard let text = member.stringValue else {
            throw problem("has \(member.kindName) for \"\(key)\"; it must be a string")
        }
        return text
    }

    /// The truth under a key.
    func bool(_ key: String, default standard: Bool? = nil) throws(Problem) -> Bool {
        guard let member = value[key], !member.isNull else {
            if let standard { return standard }
            throw problem("lacks \"\(key)\"")
        }
        guard let truth = member.boolValue else {
            throw problem("has \(member.kindName) for \"\(key)\"; it must be true or false")
        }
        return truth
    }

    /// The number under a key, between 0 and a million.
    func count(_ key: String, default standard: Int? = nil) throws(Problem) -> Int {
        guard let member = value[key], !member.isNull else {
            if let standard { return standard }
            throw problem("lacks \"\(key)\"")
        }
        guard let number = member.intValue, (0...1_000_000).contains(number) else {
            throw problem("has \(member.serialized()) for \"\(key)\"; it must be a number from 0 to 1000000")
        }
        return number
    }

    /// The single character under a key.
    func scalar(_ key: String) throws(Problem) -> UInt32 {
        let text = try string(key)
        guard let first = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
            throw problem("has \"\(text)\" for \"\(key)\"; it must be one character")
        }
        return first.value
    }

    /// One of several words under a key.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default standard: Choice? = nil
    ) throws(Problem) -> Choice {
        if value[key] == nil || value[key]?.isNull == true, let standard { return standard }
        let word = try string(key)
        guard let choice = Choice(rawValue: word) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw problem("has \"\(word)\" for \"\(key)\"; known are \(known)")
        }
        return choice
    }

    /// The components in the list under a key.
    func parts(_ key: String) throws(Problem) -> [Component] {
        guard let list = value[key]?.arrayValue else { throw problem("lacks the list \"\(key)\"") }
        guard place.utf8.count < 2000 else { throw problem("is nested too deeply") }
        return list.enumerated().map {
            Component(place: "\(place).\(key)[\($0.offset)]", value: $0.element, file: file)
        }
    }

    /// `{"String": …}` or `{"Regex": …}` under a key.
    func pattern(_ key: String) throws(Problem) -> TextPattern {
        if let text = value[key]?["String"]?.stringValue { return .literal(Array(text.utf8)) }
        guard let expression = value[key]?["Regex"]?.stringValue else {
            throw problem("has no \"\(key)\" that is {\"String\": …} or {\"Regex\": …}")
        }
        do {
            return .expression(try RegularExpression(expression))
        } catch {
            throw problem("cannot be used: \(error.message)")
        }
    }
}
