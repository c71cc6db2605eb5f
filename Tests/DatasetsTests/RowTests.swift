import Datasets
import Diagnostics
import Foundation
import OrderedJSON
import Testing

@Suite("Rows")
struct RowTests {
    private func row(_ json: String) throws -> Row { try Row(try JSONValue(parsing: json)) }

    @Test func everyKindIsRecognised() throws {
        let hello = Conversation(user: "Hi", assistant: "Hello")
        #expect(
            try row(#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}"#)
                == .conversation(hello))
        #expect(
            try row(#"{"conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Hello"}]}"#)
                == .conversation(hello))
        #expect(try row(#"{"instruction":"Hi","input":"","output":"Hello","id":3}"#) == .conversation(hello))
        #expect(
            try row(#"{"instruction":"Sum up","input":"A b c","output":"C"}"#)
                == .conversation(Conversation(user: "Sum up\n\nA b c", assistant: "C")))
        var prompted = hello
        prompted.firstAnswer = 1
        #expect(try row(#"{"prompt":"Hi","completion":"Hello"}"#) == .conversation(prompted))
        #expect(
            try row(
                #"{"prompt":[{"role":"user","content":"Hi"}],"completion":[{"role":"assistant","content":"Hello"}]}"#)
                == .conversation(prompted))
        #expect(try row(#"{"text":"Hi"}"#) == .text("Hi"))
        #expect(
            try row(#"{"input_ids":[1,2,3],"labels":[-100,2,3]}"#)
                == .tokens(ids: [1, 2, 3], targets: [false, true, true]))
        var rejected = Conversation(user: "Hi", assistant: "Go away")
        rejected.firstAnswer = 1
        #expect(
            try row(#"{"prompt":"Hi","chosen":"Hello","rejected":"Go away"}"#)
                == .preference(chosen: prompted, rejected: rejected))
        #expect(
            try row(
                #"{"prompt":"Hi","chosen":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}],"rejected":[{"role":"assistant","content":"Go away"}]}"#
            ) == .preference(chosen: prompted, rejected: rejected))
    }

    @Test func toolsAreTakenAsListOrText() throws {
        let call = #"[{"type":"function","function":{"name":"f","arguments":{"x":1}}}]"#
        let shared = try row(
            #"{"system":"S","conversations":[{"from":"human","value":"u"},{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{\"x\":1}}"},{"from":"observation","value":"3"},{"from":"gpt","value":"a"}],"tools":"[{\"name\":\"f\"}]"}"#
        )
        guard case .conversation(let conversation) = shared else { return #expect(Bool(false)) }
        #expect(
            conversation.messages.map { $0["role"]?.stringValue } == [
                "system", "user", "assistant", "tool", "assistant",
            ])
        #expect(conversation.messages[2]["tool_calls"] == (try JSONValue(parsing: call)))
        #expect(conversation.tools == [["name": "f"]])
    }

    @Test(arguments: [
        (#"{"a":1,"b":2}"#, "is of no known kind; its keys are 'a', 'b'"),
        (#"{}"#, "the object is empty"),
        (#"{"messages":"x"}"#, "'messages' is a string, not a list of messages"),
        (#"{"messages":[{"content":"x"}]}"#, "messages[0] has no 'role'"),
        (#"{"messages":["x"]}"#, "messages[0] is a string, not a message"),
        (
            #"{"messages":[{"role":"user","content":5}]}"#,
            "messages[0].content is a number, not a string or a list of parts"
        ),
        (#"{"conversations":[{"from":"martian","value":"x"}]}"#, "conversations[0].from is 'martian'"),
        (#"{"text":["x"]}"#, "'text' is a list, not a string"),
        (#"{"instruction":"x","output":3}"#, "'output' is a number, not a string"),
        (#"{"input_ids":[1,2],"labels":[1]}"#, "has 2 input_ids but 1 labels"),
        (#"{"input_ids":[1,2],"labels":[2,-100]}"#, "labels[0] is 2 where input_ids[0] is 1"),
        (#"{"input_ids":[1,-2]}"#, "input_ids[1] is -2, no token id"),
        (#"{"messages":[],"tools":"nothing"}"#, "'tools' is text that holds no JSON list"),
    ])
    func faultsSayWhatIsWrong(_ json: String, _ message: String) throws {
        #expect(fault { try row(json) } == message)
    }

    @Test func linesAreCountedThroughBlankOnes() throws {
        try withFolder { folder in
            let path = folder + "/rows.jsonl"
            try "\u{FEFF}{\"text\":\"a\"}\r\n\n   \n{\"text\":\"b\"}\n{\"text\"\n\n[1]\n{\"text\":\"c\"}"
                .write(toFile: path, atomically: true, encoding: .utf8)
            let file = try RowFile(path: path)
            let parser = JSONParser()
            #expect(file.count == 5)
            #expect((0..<5).map(file.line(of:)) == [1, 4, 5, 7, 8])
            #expect(try file.value(of: 0, parser: parser)["text"] == "a")
            #expect(try file.value(of: 1, parser: parser)["text"] == "b")
            #expect(try file.value(of: 4, parser: parser)["text"] == "c")
            #expect(throws: Problem.self) { try file.value(of: 2, parser: parser) }
            #expect(fault { try file.value(of: 2, parser: parser) }.hasPrefix("\(path):5: not valid JSON"))
            #expect(fault { try file.value(of: 3, parser: parser) } == "\(path):7: is a list, not an object")
        }
    }

    @Test func filesThatHoldNoRowsAreRefused() throws {
        try withFolder { folder in
            for (name, text) in [("empty", ""), ("blank", " \n\n"), ("list", "[\n{\"text\":\"a\"}\n]\n")] {
                try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
                #expect(throws: Problem.self) { try RowFile(path: folder + "/" + name) }
            }
            #expect(throws: Problem.self) { try RowFile(path: folder + "/missing") }
            #expect(throws: Problem.self) { try RowFile(path: folder) }
        }
    }
}
