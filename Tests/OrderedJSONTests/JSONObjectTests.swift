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

    @Test("hold whole numbers beyond 64 bits by their digits, and tell what is none")
    func largeIntegers() throws {
        let text =
            #"{"9223372036854775808":[9223372036854775807,9223372036854775808,-9223372036854775808],"a\"10000000000000000000000":-10000000000000000000000,"b":["c",18446744073709551616,{"d":"18446744073709551616"}],"e":18446744073709551615}"#
        let value = try JSONValue(parsing: text)
        #expect(value.serialized() == text)
        #expect(value["a\"10000000000000000000000"] == .largeInteger("-10000000000000000000000"))
        #expect(value["b"]?[2]?["d"]?.stringValue == "18446744073709551616")
        #expect(value["9223372036854775808"]?[0]?.intValue == .max)
        #expect(value["9223372036854775808"]?[1]?.intValue == nil && value["e"]?.doubleValue == 0x1p64)
        for wrong in ["00000000000000000000001", "1000000000000000000000-1", "{1000000000000000000000: 1}", "1e999"] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: wrong) }
        }
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
