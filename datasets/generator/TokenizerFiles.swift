/// The tokenizer of checkpoints/tiny in the files that transformers and llama.cpp read.
enum TokenizerFiles {
    /// ChatML: a turn renders the same whatever follows it, so the assistant's words are found by rendering alone.
    private static let chatTemplate =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

    static func save(_ bytePairs: BytePairs, to folder: String) throws {
        try write(text: tokenizer(bytePairs), to: folder + "/tokenizer.json")
        try write(text: configuration(contextLength: 1024), to: folder + "/tokenizer_config.json")
        try write(text: specialTokens, to: folder + "/special_tokens_map.json")
    }

    private static func tokenizer(_ bytePairs: BytePairs) -> String {
        let added = BytePairs.specials.enumerated().map { id, token in
            """
                {"id": \(id), "content": \(quoted(token)), "single_word": false, "lstrip": false, "rstrip": false, \
            "normalized": false, "special": true}
            """
        }
        let vocabulary = bytePairs.vocabulary.enumerated().map { "      \(quoted($1)): \($0)" }
        let merges = bytePairs.merges.map { "      [\(quoted($0.0)), \(quoted($0.1))]" }
        return """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [
            \(added.joined(separator: ",\n"))
              ],
              "normalizer": null,
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
              "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": null,
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": false,
                "byte_fallback": false,
                "ignore_merges": false,
                "vocab": {
            \(vocabulary.joined(separator: ",\n"))
                },
                "merges": [
            \(merges.joined(separator: ",\n"))
                ]
              }
            }

            """
    }

    private static func configuration(contextLength: Int) -> String {
        let added = BytePairs.specials.enumerated().map { id, token in
            """
                "\(id)": {"content": \(quoted(token)), "lstrip": false, "normalized": false, "rstrip": false, \
            "single_word": false, "special": true}
            """
        }
        return """
            {
              "added_tokens_decoder": {
            \(added.joined(separator: ",\n"))
              },
              "add_bos_token": false,
              "add_prefix_space": false,
              "bos_token": "<|endoftext|>",
              "chat_template": \(quoted(chatTemplate)),
              "clean_up_tokenization_spaces": false,
              "eos_token": "<|im_end|>",
              "model_max_length": \(contextLength),
              "pad_token": "<|endoftext|>",
              "tokenizer_class": "PreTrainedTokenizerFast",
              "unk_token": null
            }

            """
    }

    private static let specialTokens = """
        {
          "bos_token": "<|endoftext|>",
          "eos_token": "<|im_end|>",
          "pad_token": "<|endoftext|>"
        }

        """
}
