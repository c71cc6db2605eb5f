import Diagnostics
import OrderedJSON

extension TokenModel {
    /// Reads the `model` of tokenizer.json. Vocabulary and merges are read from the parsed document directly: there are
    /// hundred thousands of them.
    init(_ node: JSONNode, file: String) throws(Problem) {
        guard node.isObject else { throw Problem("\"model\" is not an object", file: file) }
        var members = JSONObject()
        node.forEachMember { key, value in
            let name = UTF8Text.string(key)
            if name != "vocab", name != "merges" { members[name] = value.value }
        }
        let part = Component(place: "model", value: .object(members), file: file)
        guard let vocab = node["vocab"] else { throw part.problem("lacks \"vocab\"") }
        // Files from before 2021 do not name the kind of model.
        let kind = members["type"] == nil ? (node["merges"] != nil ? "BPE" : "Unigram") : try part.type()
        switch kind {
        case "BPE":
            self = .bytePair(try BytePairModel(part, vocab: vocab, merges: node["merges"]))
        case "Unigram":
            self = .unigram(try UnigramModel(part, vocab: vocab))
        case "WordLevel", "WordPiece":
            let vocabulary = try Vocabulary(vocab, part)
            let pieces = kind == "WordPiece"
            self = .words(
                WordModel(
                    vocabulary: vocabulary, unknown: vocabulary.id(try part.string("unk_token", default: "[UNK]")),
                    continuingPrefix: pieces
                        ? Array(try part.string("continuing_subword_prefix", default: "##").utf8) : nil,
                    mostCharacters: try part.count("max_input_chars_per_word", default: 100)))
        default: throw part.unknown(kind, ["BPE", "Unigram", "WordPiece", "WordLevel"])
        }
    }
}

extension Vocabulary {
    /// Reads `{token: id}`.
    init(_ node: JSONNode, _ part: Component) throws(Problem) {
        guard node.isObject else { throw part.problem("has a \"vocab\" that is not an object") }
        self.init(capacity: node.count)
        var vocabulary = self
        try node.forEachMember { (key: UnsafeRawBufferPointer, value: JSONNode) throws(Problem) in
            guard let id = value.integer else {
                throw part.problem("gives \"\(UTF8Text.string(key))\" the id \(value.value.serialized())")
            }
            do throws(Problem) {
                try vocabulary.add(key.bindMemory(to: UInt8.self), id: id)
            } catch { throw part.problem("has a bad vocabulary: \(error.message)", advice: error.advice) }
        }
        self = vocabulary
    }
}

extension BytePairModel {
    init(_ part: Component, vocab: JSONNode, merges: JSONNode?) throws(Problem) {
        let vocabulary = try Vocabulary(vocab, part)
        if let dropout = part.value["dropout"]?.doubleValue, dropout != 0 {
            throw part.problem(
                "asks for a dropout of \(dropout), which makes ids random",
                advice: "set \"dropout\" to null in the file")
        }
        var options = Options()
        if part.value["unk_token"]?.isNull == false { options.unknown = vocabulary.id(try part.string("unk_token")) }
        options.fusesUnknown = try part.bool("fuse_unk", default: false)
        options.byteFallback = try part.bool("byte_fallback", default: false)
        options.ignoresMerges = try part.bool("ignore_merges", default: false)
        options.continuingPrefix = try part.string("continuing_subword_prefix", default: "")
        options.endSuffix = try part.string("end_of_word_suffix", default: "")
        guard let merges, merges.isArray else { throw part.problem("lacks the list \"merges\"") }
        var reader = MergeReader(
            vocabulary, prefix: options.continuingPrefix.utf8.count, count: merges.count, part)
        try merges.forEachElement { (merge: JSONNode) throws(Problem) in try reader.add(merge) }
        self.init(vocabulary: vocabulary, merges: reader.merges, options: options)
    }
}

/// Reads merges, which are `"a b"` or `["a", "b"]`.
private struct MergeReader {
    private let vocabulary: Vocabulary
    private let prefix: Int
    private let part: Component
    private(set) var merges: [(left: Int32, right: Int32, rank: UInt32, id: Int32)] = []
    private var joined: [UInt8] = []

    init(_ vocabulary: Vocabulary, prefix: Int, count: Int, _ part: Component) {
        merges.reserveCapacity(count)
        self.vocabulary = vocabulary
        self.prefix = prefix
        self.part = part
    }

    mutating func add(_ merge: JSONNode) throws(Problem) {
        if let line = merge.text?.bindMemory(to: UInt8.self) {
            if line.starts(with: "#version".utf8) { return }
            let spaces = line.indices.filter { line[$0] == 0x20 }
            guard spaces.count == 1 else {
                throw bad("\"\(UTF8Text.string(line))\" is not two tokens with a space between")
            }
            try add(
                UnsafeBufferPointer(rebasing: line[..<spaces[0]]),
                UnsafeBufferPointer(rebasing: line[(spaces[0] + 1)...]))
        } else {
            var left: UnsafeRawBufferPointer?
            var right: UnsafeRawBufferPointer?
            merge.forEachElement { element in
                if left == nil { left = element.text } else { right = element.text }
            }
            guard merge.count == 2, let left, let right else {
                throw bad("\(merge.value.serialized().prefix(100)) is not two tokens")
            }
            try add(left.bindMemory(to: UInt8.self), right.bindMemory(to: UInt8.self))
        }
    }

    private mutating func add(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) throws(Problem) {
        guard let first = vocabulary.id(left) else { throw unknown(left) }
        guard let second = vocabulary.id(right) else { throw unknown(right) }
        joined.removeAll(keepingCapacity: true)
        joined.append(contentsOf: left)
        joined.append(contentsOf: right.dropFirst(prefix))
        guard let id = joined.withUnsafeBufferPointer({ vocabulary.id($0) }) else {
            throw joined.withUnsafeBufferPointer { unknown($0) }
        }
        merges.append((first, second, UInt32(merges.count), id))
    }

    private func unknown(_ token: UnsafeBufferPointer<UInt8>) -> Problem {
        bad("needs the token \"\(UTF8Text.string(token))\", which the vocabulary does not have")
    }

    private func bad(_ what: String) -> Problem {
        part.problem("merge \(merges.count + 1): \(what)", advice: "the file is damaged; get it again")
    }
}

extension UnigramModel {
    init(_ part: Component, vocab: JSONNode) throws(Problem) {
        guard vocab.isArray else { throw part.problem("has a \"vocab\" that is not a list") }
        var vocabulary = Vocabulary(capacity: vocab.count)
        var scores: [Double] = []
        try vocab.forEachElement { (entry: JSONNode) throws(Problem) in
            var text: UnsafeRawBufferPointer?
            var score: Double?
            entry.forEachElement { element in
                if let token = element.text { text = token } else { score = element.value.doubleValue?.asReadBySerde }
            }
            guard entry.count == 2, let text, let score else {
                throw part.problem(
                    "has \(entry.value.serialized().prefix(100)) as token \(scores.count), not [token, score]")
            }
            try vocabulary.add(text.bindMemory(to: UInt8.self), id: scores.count)
            scores.append(score)
        }
        var unknown: Int32?
        if let id = part.value["unk_id"], !id.isNull {
            guard let number = id.intValue, scores.indices.contains(number) else {
                throw part.problem("says \"unk_id\": \(id.serialized()), which is no token")
            }
            unknown = Int32(number)
        }
        self.init(
            vocabulary: vocabulary, scores: scores, unknown: unknown,
            byteFallback: try part.bool("byte_fallback", default: false))
    }
}
