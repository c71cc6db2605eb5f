import OrderedJSON
import Testing

@Suite("JSON objects")
struct JSONObjectTests {
    @Test("keep the order of their members, few or many", arguments: [3, 8, 9, 40])
    func order(count: Int) throws {
        let keys = (0..<count).map { "key \($0 * 7 % count)" }
        let text = "{" + keys.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ") + "}"
        var object = try #require(try JSONValue(parsing: text).objectValue)
        #expect(object.keys == keys && object[keys[count - 1]] == .integer(count - 1) && object["other"] == nil)
        object[keys[1]] = nil
        object["other"] = "new"
        #expect(object.keys == [keys[0]] + keys[2...] + ["other"])
        #expect(object[keys[count - 1]] == .integer(count - 1) && object["other"] == "new")
    }

    @Test("take the last of equal keys and name them", arguments: [0, 20])
    func repeats(more: Int) {
        let rest = (0..<more).map { (key: "\($0)", value: JSONValue.null) }
        let object = JSONObject([("a", 1), ("b", 2)] + rest + [("a", 3)])
        #expect(object["a"] == 3 && object.members.count == 2 + more && object.repeatedKeys == ["a"])
    }

    @Test("tell keys apart by their bytes, as JSON does", arguments: [0, 20])
    func bytes(more: Int) throws {
        // é in one scalar and in two, and Greek alpha with tonos and with oxia.
        let pairs = ["\u{e9}", "e\u{301}", "\u{3ac}", "\u{1f71}"]
        let rest = (0..<more).map { "\"\($0)\": null, " }.joined()
        let text = "{" + rest + pairs.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ") + "}"
        let object = try #require(try JSONValue(parsing: text).objectValue)
        #expect(object.members.count == 4 + more && object.repeatedKeys.isEmpty)
        #expect(pairs.map { object[$0] } == [0, 1, 2, 3])
        let written = JSONValue.object(object).serialized(JSONStyle(itemSeparator: ", ", keySeparator: ": "))
        #expect(Array(written.utf8) == Array(text.utf8))
    }
}
