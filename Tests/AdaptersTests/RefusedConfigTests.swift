import Adapters
import Diagnostics
import Foundation
import OrderedJSON
import Testing

/// What an adapter_config.json may ask for that is not read, and how it is said.
@Suite("Configurations of adapters that are refused")
struct RefusedConfigTests {
    @Test(
        "are named by their key",
        arguments: [
            (#""peft_type": "IA3""#, "IA3"), (#""use_dora": true"#, "use_dora"), (#""lora_bias": true"#, "lora_bias"),
            (#""bias": "all""#, "bias"), (#""modules_to_save": ["lm_head"]"#, "modules_to_save"),
            (#""trainable_token_indices": [1, 2]"#, "trainable_token_indices"),
            (#""init_lora_weights": "pissa_niter_16""#, "init_lora_weights"),
            (#""layer_replication": [[0, 1]]"#, "layer_replication"),
            (#""alora_invocation_tokens": [5]"#, "alora_invocation_tokens"), (#""use_qalora": true"#, "use_qalora"),
            (#""r": 0"#, "r is 0, not a whole number"), (#""r": 9223372036854775807"#, "from 1 to 65536"),
            (#""use_bdlora": {"nblocks": 2}"#, "use_bdlora"), (#""arrow_config": {"top_k": 1}"#, "arrow_config"),
            (#""kasa_config": {"beta": 0.1}"#, "kasa_config"), (#""init_lora_weights": "lora_ga""#, "lora_ga"),
            (#""lora_alpha": "16""#, "lora_alpha is \"16\", not a number"),
            (#""lora_dropout": 1"#, "lora_dropout is 1"),
            (#""use_rslora": "yes""#, "use_rslora"), (#""target_modules": 5"#, "target_modules is 5"),
            (#""target_modules": ["q_proj", 1]"#, "not a list of names"),
            (#""exclude_modules": {}"#, "exclude_modules"),
            (#""target_parameters": "experts.down_proj""#, "target_parameters"),
            (#""layers_to_transform": [1, "x"]"#, "layers_to_transform"),
            (#""rank_pattern": [8]"#, "rank_pattern is [8]"),
            (#""rank_pattern": {"q_proj": 0}"#, "rank_pattern: 'q_proj'"),
            (#""alpha_pattern": {"q_proj": "4"}"#, "alpha_pattern: 'q_proj'"),
        ])
    func named(_ member: String, _ word: String) throws {
        let rank = member.hasPrefix(#""r""#) ? "" : #""r": 8, "#
        let json = try JSONValue(parsing: "{\(rank)\(member)}")
        let problems = #expect(throws: Problems.self) { try PEFTConfig(json, file: "adapter_config.json") }
        #expect(problems?.list.count == 1, "\(String(describing: problems))")
        #expect(problems.map { "\($0)".contains(word) } == true, "\(String(describing: problems))")
    }

    @Test("are told with their file where a pattern is no regular expression")
    func pattern() throws {
        let fixture = try Fixture("llama")
        let folder = FileManager.default.temporaryDirectory.appending(path: "graft-pattern-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.copyItem(atPath: fixture.path + "/adapter", toPath: folder)
        let file = folder + "/adapter_config.json"
        try #"{"r": 4, "target_modules": ["q_proj"], "rank_pattern": {"(": 8}}"#.write(
            toFile: file, atomically: true, encoding: .utf8)
        let problem = #expect(throws: Problem.self) { try PEFTFiles.open(folder, for: fixture.files) }
        #expect(problem?.file == file && problem?.message.contains("'(' is no regular expression") == true)
    }

    @Test("are told all at once, and what is empty or off asks for nothing")
    func together() throws {
        let bad = try JSONValue(parsing: #"{"r": 8, "use_dora": true, "bias": "all", "modules_to_save": ["norm"]}"#)
        let problems = #expect(throws: Problems.self) { try PEFTConfig(bad, file: "adapter_config.json") }
        #expect(problems?.list.count == 3)
        let fine = try JSONValue(
            parsing: #"{"r": 8, "use_dora": false, "bias": "none", "modules_to_save": [], "layer_replication": null}"#)
        #expect(try PEFTConfig(fine, file: "adapter_config.json").settings.rank == 8)
    }
}
