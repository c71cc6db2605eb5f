import Diagnostics

/// The patterns behind the names of `tokenizer.ggml.pre`: what the tokenizer.json of the models so named asks for.
struct GGUFPreTokenizer {
    /// The text is split by each in turn, matches isolated.
    let patterns: [String]
    /// Whether a piece that is a token is taken whole.
    var ignoresMerges = false
    /// Whether text is brought to NFC first.
    var composes = false
    /// Whether text begins with BOS where the file does not say (`llama-vocab.cpp`, `add_bos`).
    var addsBOS = false

    private static let llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let qwen2 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let seedCoder =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let qwen35 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+"#
        + #"|\s+(?!\S)|\s+"#
    private static let o200k =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
        + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"#
        + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let tekken =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
        + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
        + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let deepseek3 = [
        #"\p{N}{1,3}"#, #"[\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+"#,
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
            + #"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
    ]
    private static let deepseekHan = #"[\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+"#
    private static let deepseekCoder = [
        #"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, deepseekHan, #"\p{N}"#,
    ]
    private static let bloom = #" ?[^(\s|.,!?…。，、।۔،)]+"#
    // The letters of DeepSeek's first models, as their file lists them.
    private static let deepseekLetters =
        #"\s?[A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293}\x{295}-"#
        + #"\x{2af}\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a}\x{38c}\x{38e}-"#
        + #"\x{3a1}\x{3a3}-\x{3f5}\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-"#
        + #"\x{13f5}\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}"#
        + #"\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d}\x{1f50}-"#
        + #"\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}"#
        + #"\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-"#
        + #"\x{1ff4}\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}"#
        + #"\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134}\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}"#
        + #"\x{214e}\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}"#
        + #"\x{a640}-\x{a66d}\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e}\x{ab70}-"#
        + #"\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}"#
        + #"\x{104b0}-\x{104d3}\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}"#
        + #"\x{1e900}-\x{1e943}]+"#

    /// The pre-tokenizer of this name; throws when Graft does not know it.
    init(_ name: String) throws(Problem) {
        switch name {
        case "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2":
            patterns = [Self.llama3]
            ignoresMerges = true
            addsBOS = true
        case "glm4", "glm5":
            patterns = [Self.llama3]
            ignoresMerges = true
        case "dbrx", "smaug-bpe", "chatglm-bpe": patterns = [Self.llama3]
        case "qwen2", "deepseek-r1-qwen", "megrez", "f2llmv2":
            patterns = [Self.qwen2]
            composes = true
        case "qwen35":
            patterns = [Self.qwen35]
            composes = true
        case "stablelm2", "hunyuan", "solar-open", "grok-2": patterns = [Self.qwen2]
        case "seed-coder": patterns = [Self.seedCoder]
        case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2": patterns = [Self.o200k]
        case "tiny_aya", "cohere2moe": patterns = [#"\d{1,3}(?=(?:\d{3})*\b)"#, Self.o200k]
        case "tekken":
            patterns = [Self.tekken]
            ignoresMerges = true
            addsBOS = true
        case "gpt-2", "phi-2", "mpt", "olmo", "jais", "mellum", "modern-bert", "roberta-bpe", "a.x-4.0", "exaone4",
            "trillion", "granite-docling", "gigachat":
            patterns = [PreTokenizer.gpt2]
        case "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b",
            "mellum2":
            patterns = [#"\p{N}"#, PreTokenizer.gpt2]
        case "falcon": patterns = [#"[\p{P}\$\+<=>\^~\|`]+"#, PreTokenizer.gpt2, "[0-9][0-9][0-9]"]
        case "deepseek-llm":
            patterns = [
                #"[\r\n]"#, Self.deepseekLetters,
                #"\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+"#,
                #"\s+$"#, Self.deepseekHan, #"\p{N}"#,
            ]
        case "deepseek-coder": patterns = Self.deepseekCoder
        case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4": patterns = Self.deepseek3
        case "bloom", "poro-chat", "gpt3-finnish": patterns = [Self.bloom]
        case "viking": patterns = [Self.bloom, #"\p{N}"#]
        case "default":
            patterns = [#"[\p{P}\$\+<=>\^~\|]+"#, PreTokenizer.gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]"]
        default:
            throw Problem(
                "the vocabulary's pre-tokenizer is \"\(name)\", which Graft does not have",
                advice: "use the model's directory with its tokenizer.json instead of the GGUF file")
        }
    }
}
