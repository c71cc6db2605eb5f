import Diagnostics
import OrderedJSON

/// Why a checkpoint's quantised weights cannot be read, or nil when they are plain numbers.
///
/// Recognised by `quantization_config` in config.json (`config`) and by the names of the tensors that such formats add.
/// The caller sets the problem's `file`.
public func unsupportedQuantization(config: JSONValue?, names: some Sequence<String>) -> Problem? {
    let settings = [
        config?["quantization_config"], config?["text_config"]?["quantization_config"], config?["compression_config"],
        config?["quantization"],
    ].compactMap { $0 }.first { !$0.isNull }
    let readable = settings.map { isReadable(quantization: $0) } ?? false
    var method = readable ? nil : settings?["quant_method"]?.stringValue
    if method == nil, settings?["load_in_4bit"]?.boolValue == true || settings?["load_in_8bit"]?.boolValue == true {
        method = "bitsandbytes"
    }
    if method == nil, settings?["bits"] != nil, settings?["group_size"] != nil { method = "mlx" }
    if method == nil, !readable, settings != nil { method = "an unnamed method" }
    let telling = names.lazy.compactMap { name in
        quantizedSuffixes.first { name.hasSuffix($0.suffix) || name.contains($0.suffix + ".") }
            .map { (name: name, method: $0.method) }
    }.first
    guard let found = method ?? telling?.method else { return nil }
    let spelled = spellings[found] ?? found
    let evidence = method != nil ? "config.json, quantization_config" : "tensor '\(telling?.name ?? "")'"
    return Problem(
        "the weights are quantised by \(spelled) (\(evidence)), which Graft does not read",
        advice: "use the original 16-bit model (safetensors), or a GGUF of it")
}

/// Whether a `quantization_config` describes small floats with scales that can be read: 8-bit floats in blocks
/// (DeepSeek V3) and MXFP4 (gpt-oss).
public func isReadable(quantization: JSONValue) -> Bool {
    switch quantization["quant_method"]?.stringValue {
    case "fp8": ["e4m3", nil].contains(quantization["fmt"]?.stringValue)
    case "mxfp4": true
    default: false
    }
}

private let spellings = [
    "gptq": "GPTQ", "awq": "AWQ", "bitsandbytes": "bitsandbytes", "fp8": "FP8 blocks", "mxfp4": "MXFP4",
    "compressed-tensors": "compressed-tensors", "mlx": "MLX",
]

/// Names that only quantised checkpoints have. A suffix counts at the end of a name or before a further dot.
private let quantizedSuffixes: [(suffix: String, method: String)] = [
    (".qweight", "gptq"), (".qzeros", "gptq"), (".g_idx", "gptq"),
    (".absmax", "bitsandbytes"), (".quant_map", "bitsandbytes"), (".quant_state", "bitsandbytes"),
    (".nested_absmax", "bitsandbytes"), (".SCB", "bitsandbytes"),
    (".weight_packed", "compressed-tensors"), (".weight_scale", "compressed-tensors"),
]
