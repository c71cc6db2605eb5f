import Adapters
import Diagnostics
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
            (#""r": 0"#, "rank"), (#""rank_pattern": {"q_proj": 0}"#, "rank_pattern: 'q_proj'"),
            (#""alpha_pattern": {"q_proj": "4"}"#, "alpha_pattern: 'q_proj'"),
            (#""lora_alpha": "16""#, "lora_alpha"), (#""use_rslora": "true""#, "use_rslora"),
        ])
    func named(_ member: String, _ word: String) throws {
        let rank = member.hasPrefix(#""r""#) ? "" : #""r": 8, "#
        let json = try JSONValue(parsing: "{\(rank)\(member)}")
        let problems = #expect(throws: Problems.self) { try PEFTConfig(json, file: "adapter_config.json") }
        #expect(problems?.list.count == 1, "\(String(describing: problems))")
        #expect(problems.map { "\($0)".contains(word) } == true, "\(String(describing: problems))")
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
