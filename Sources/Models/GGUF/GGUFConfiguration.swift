import Diagnostics
import Foundation
import OrderedJSON
import WeightFiles

/// The config.json that transformers would have for a GGUF file, from its metadata and tensors.
struct GGUFConfiguration {
    let file: GGUFFile
    let path: String
    let architecture: GGUFArchitecture
    private var problems: [Problem] = []

    init(_ file: GGUFFile, path: String) throws(Problem) {
        guard let name = file.metadata["general.architecture"]?.stringValue else {
            throw Problem("has no general.architecture", file: path, advice: "is it a model?")
        }
        if file.metadata["general.type"]?.stringValue == "adapter" {
            throw Problem("is an adapter, not a model", file: path)
        }
        let hasExperts = file.metadata["\(name).expert_count"]?.intValue ?? 0 > 0
        guard let architecture = GGUFArchitecture.named(name, hasExperts: hasExperts) else {
            let known = GGUFArchitecture.all.map { $0.name + ($0.hasExperts ? " with experts" : "") }
            throw Problem(
                "is of the architecture \"\(name)\"\(hasExperts ? " with experts" : ""), which is not read from GGUF",
                file: path,
                advice: "known are \(known.joined(separator: ", ")); use the model's Hugging Face directory")
        }
        self.file = file
        self.path = path
        self.architecture = architecture
    }

    func value(_ key: String) -> GGUFValue? { file.metadata["\(architecture.name).\(key)"] }
    func has(_ tensor: String) -> Bool { file.weights[tensor] != nil }

    /// Adds a problem: something this file has that is not supported.
    mutating func report(_ what: String, advice: String? = nil) {
        problems.append(Problem("\(what): not supported in GGUF", file: path, advice: advice))
    }

    mutating func count(_ key: String) -> JSONValue {
        guard let value = value(key) else {
            problems.append(Problem("\(architecture.name).\(key) is missing", file: path))
            return 1
        }
        guard let count = value.intValue else {
            problems.append(
                Problem("\(architecture.name).\(key) is \(value.kindName), not one whole number", file: path))
            return 1
        }
        return .integer(count)
    }

    /// A number as a person would have written it: f32 metadata say 9.99999974e-06 for 1e-5.
    func number(_ key: String) -> JSONValue? {
        switch value(key) {
        case .float32(let x)?: Double("\(x)").map(JSONValue.number)
        case let other?: other.doubleValue.map(JSONValue.number)
        case nil: nil
        }
    }

    /// Under which the configuration says how the file's architecture is read, for one stands for several families.
    static let architectureKey = "gguf_architecture"

    /// The configuration. Everything that is missing or not supported is thrown together.
    mutating func json() throws(Problems) -> JSONValue {
        var object = JSONObject([
            ("architectures", [.string(architecture.transformersClass)]),
            ("model_type", .string(architecture.modelType)),
            (Self.architectureKey, .string(architecture.modelType)),
        ])
        for (key, from) in [
            ("hidden_size", "embedding_length"), ("intermediate_size", "feed_forward_length"),
            ("num_hidden_layers", "block_count"), ("num_attention_heads", "attention.head_count"),
            ("max_position_embeddings", "context_length"),
        ] { object[key] = count(from) }
        object["num_key_value_heads"] =
            value("attention.head_count_kv") == nil ? object["num_attention_heads"] : count("attention.head_count_kv")
        object["head_dim"] = headDim(object)
        object["vocab_size"] = .integer(file.weights["token_embd.weight"]?.rows ?? 1)
        object["rms_norm_eps"] = number("attention.layer_norm_rms_epsilon") ?? 1e-6
        object["rope_theta"] = number("rope.freq_base") ?? 10000.0
        object["rope_scaling"] = scaling(object)
        object["hidden_act"] = "silu"
        object["attention_bias"] = .bool(has("blk.0.attn_q.bias"))
        object["mlp_bias"] = .bool(has("blk.0.ffn_gate.bias"))
        object["tie_word_embeddings"] = .bool(!has("output.weight"))
        addOwn(&object)
        func tokens(_ names: [String]) -> [JSONValue] {
            names.compactMap { file.metadata["tokenizer.ggml.\($0)_token_id"]?.intValue.map(JSONValue.integer) }
        }
        // Where a text, a turn and a message end, all of which llama.cpp stops at.
        let ends = tokens(["eos", "eot", "eom"])
        object["bos_token_id"] = tokens(["bos"]).first
        object["eos_token_id"] = ends.count > 1 ? .array(ends) : ends.first
        object["pad_token_id"] = tokens(["padding"]).first
        let slides = value("attention.sliding_window")?.intValue ?? 0 > 0
        if slides, !["gemma2", "gemma3", "phi3", "cohere2", "olmo2", "gpt-oss", "llama4"].contains(architecture.name) {
            problems.append(Problem("\(architecture.name).attention.sliding_window is not supported", file: path))
        }
        if value("attention.causal")?.boolValue == false { report("attention that looks ahead") }
        if has("blk.0.attn_qkv.weight"), !["phi3", "gptneox", "gpt2"].contains(architecture.name) {
            report("query, key and value in one tensor", advice: "convert the model without --fuse-qkv")
        }
        if joinsGateAndUp {
            report("gate and up of the experts in one tensor", advice: "convert the model without --fuse-gate-up-exps")
        }
        checkSizes(object)
        try Problems(problems).throwIfAny()
        return .object(object)
    }

    private var joinsGateAndUp: Bool { file.weights.names.contains { $0.hasSuffix(".ffn_gate_up_exps.weight") } }

    /// Counts that lists are made from are held against the tensors, so that a lie costs no memory.
    private mutating func checkSizes(_ object: JSONObject) {
        func fault(_ key: String, _ claimed: Int, _ found: Int, _ tensor: String) {
            problems.append(
                Problem(
                    "\(architecture.name).\(key) is \(claimed), but \(tensor) says \(found)", file: path,
                    advice: "the file is corrupt; copy it again"))
        }
        let blocks = object["num_hidden_layers"]?.intValue ?? 0
        if blocks > file.weights.names.count {
            fault("block_count", blocks, file.weights.names.count, "the number of tensors")
        }
        let heads = object["num_attention_heads"]?.intValue ?? 0
        let width =
            object["head_dim"]?.intValue
            ?? ["qk_nope_head_dim", "qk_rope_head_dim"].reduce(0) { $0 + min(1 << 40, object[$1]?.intValue ?? 0) }
        let (rows, overflow) = heads.multipliedReportingOverflow(by: width)
        let query = (file.weights["blk.0.attn_q.weight"] ?? file.weights["blk.0.attn_q_b.weight"])?.rows
        let joint = file.weights["blk.0.attn_qkv.weight"]?.rows
        if query == nil && joint == nil {
            problems.append(Problem("has no tensor blk.0.attn_q.weight", file: path))
        } else if overflow || query.map({ $0 != rows }) ?? (rows > joint ?? 0) {
            fault("attention.head_count", heads, query ?? joint ?? 0, "blk.0.attn_q.weight, or attn_qkv,")
        }
        if architecture.hasExperts, !joinsGateAndUp, let experts = value("expert_count")?.intValue {
            let step = value("interleave_moe_layer_step")?.intValue ?? 1
            let first = max(0, value("leading_dense_block_count")?.intValue ?? step &- 1)
            let name = "blk.\(first).ffn_gate_exps.weight"
            let found = file.weights[name]?.shape.first ?? 0
            if experts != found, first < blocks { fault("expert_count", experts, found, name) }
        }
    }

    private mutating func headDim(_ object: JSONObject) -> JSONValue {
        if architecture.name == "deepseek2" { return .null }
        if let width = value("attention.key_length")?.intValue {
            if let other = value("attention.value_length")?.intValue, other != width {
                problems.append(
                    Problem("keys and values of different widths, \(width) and \(other), are not supported", file: path)
                )
            }
            return .integer(width)
        }
        return .integer((object["hidden_size"]?.intValue ?? 1) / max(1, object["num_attention_heads"]?.intValue ?? 1))
    }

    // MARK: - Rotary scaling

    private mutating func scaling(_ object: JSONObject) -> JSONValue {
        if let dims = value("rope.dimension_count")?.intValue, let width = object["head_dim"]?.intValue, dims != width,
            !["phi3", "gptneox", "deepseek2"].contains(architecture.name)
        {
            problems.append(Problem("rotates \(dims) of a head's \(width) numbers, which is not supported", file: path))
        }
        let attention = value("rope.scaling.attn_factor")?.doubleValue ?? 1
        if !attention.isFinite {
            problems.append(Problem("\(architecture.name).rope.scaling.attn_factor is \(attention)", file: path))
        }
        // llama.cpp takes a factor without a type to be linear, and an older key for the same.
        let type = value("rope.scaling.type")?.stringValue ?? "linear"
        let given = number("rope.scaling.factor") ?? number("rope.scale_linear") ?? 1.0
        let factor = type == "none" || given == 0.0 ? 1.0 : given
        if let factors {
            let turned = (value("rope.dimension_count") ?? value("attention.key_length"))?.intValue
            let pairs = (turned ?? object["head_dim"]?.intValue ?? 0) / 2
            if factors.count != pairs || !factors.allSatisfy({ $0 > 0 && $0.isFinite }) {
                problems.append(
                    Problem(
                        "tensor rope_freqs.weight must hold \(pairs) positive numbers, one for each rotated pair",
                        file: path))
            }
            if factor != 1.0 { report("rope.scaling.factor beside rope_freqs.weight") }
            // Llama 3.1's scaling has no factor on attention; with one, the divisors are taken as they are.
            return attention == 1 ? llama3(factors, object) ?? .null : .null
        }
        if let long = longRope() { return long }
        switch type {
        case "yarn": return yarn(object, factor)
        case "none", "linear":
            if attention != 1 { report("rope.scaling.attn_factor of a rotation of the type \"\(type)\"") }
            return factor == 1.0 ? .null : ["rope_type": "linear", "factor": factor]
        default:
            problems.append(Problem("rope.scaling.type \"\(type)\" is not supported", file: path))
            return .null
        }
    }

    private func yarn(_ object: JSONObject, _ factor: JSONValue) -> JSONValue {
        var members = JSONObject([
            ("rope_type", "yarn"), ("factor", factor),
            (
                "original_max_position_embeddings",
                value("rope.scaling.original_context_length")?.intValue.map(JSONValue.integer)
                    ?? object["max_position_embeddings"] ?? 1
            ),
        ])
        for word in ["beta_fast", "beta_slow"] where architecture.readsYarnRamp {
            if let number = number("rope.scaling.yarn_\(word)") { members[word] = number }
        }
        if architecture.name == "deepseek2" {
            // llama.cpp takes both strengths to be the same, and keeps a tenth of it.
            if let strength = value("rope.scaling.yarn_log_multiplier")?.doubleValue, strength != 0 {
                members["mscale"] = .number(strength * 10)
                members["mscale_all_dim"] = .number(strength * 10)
            }
        } else if let extra = value("rope.scaling.attn_factor")?.doubleValue {
            members["attention_factor"] = .number(extra * (0.1 * log(max(1, factor.doubleValue ?? 1)) + 1))
        }
        return .object(members)
    }

    /// Divisors of the rotary frequencies, stored as a tensor where Llama 3.1's scaling is used.
    var factors: [Double]? { file.weights["rope_freqs.weight"].map { ($0.floats() ?? []).map(Double.init) } }

    /// Llama 3.1's parameters that give these divisors, or nil: the file stores only what they lead to.
    private func llama3(_ factors: [Double], _ object: JSONObject) -> JSONValue? {
        guard let factor = factors.max(), let theta = object["rope_theta"]?.doubleValue else { return nil }
        let lengths = [8192] + (5...17).map { 1 << $0 }
        for (low, high) in [(1.0, 4.0), (1.0, 2.0), (1.0, 8.0), (2.0, 4.0)] {
            for original in lengths {
                let expected = factors.indices.map { i -> Double in
                    let wave = 2 * Double.pi * pow(theta, 2 * Double(i) / Double(2 * factors.count))
                    if wave < Double(original) / high { return 1 }
                    if wave > Double(original) / low { return factor }
                    let smooth = (Double(original) / wave - low) / (high - low)
                    return 1 / ((1 - smooth) / factor + smooth)
                }
                guard zip(expected, factors).allSatisfy({ abs($0 - $1) <= 1e-5 * $1 }) else { continue }
                return [
                    "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": .number(low),
                    "high_freq_factor": .number(high), "original_max_position_embeddings": .integer(original),
                ]
            }
        }
        return nil
    }
}
