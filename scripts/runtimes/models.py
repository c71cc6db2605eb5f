"""Small random models of every family that has a GGUF architecture, with adapters of every kind, made by transformers and PEFT."""
import json
import os
import shutil

import torch
from transformers import AutoConfig, AutoModelForCausalLM

# Widths fill the blocks of K-quants; heads · width differs from the hidden size where the family allows it.
SIZES = dict(vocab_size=2048, hidden_size=256, intermediate_size=512, num_hidden_layers=2, num_attention_heads=8,
             num_key_value_heads=4, max_position_embeddings=256, initializer_range=0.06, bos_token_id=0, eos_token_id=2,
             pad_token_id=None)
ROTATED = dict(rope_parameters=dict(rope_type="default", rope_theta=10000.0))

FAMILIES = {
    "llama": dict(model_type="llama", head_dim=64, rope_parameters=dict(
        rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=64)),
    "mistral": dict(model_type="mistral", head_dim=32, sliding_window=None, **ROTATED),
    "qwen2": dict(model_type="qwen2", **ROTATED),
    "qwen3": dict(model_type="qwen3", head_dim=64, tie_word_embeddings=True, **ROTATED),
    "olmo2": dict(model_type="olmo2", **ROTATED),
    "smollm3": dict(model_type="smollm3", num_hidden_layers=4, no_rope_layers=[1, 1, 1, 0], tie_word_embeddings=True,
                    **ROTATED),
    "granite": dict(model_type="granite", embedding_multiplier=6.0, logits_scaling=2.0, residual_multiplier=0.4,
                    attention_multiplier=0.2, **ROTATED),
    "mixtral": dict(model_type="mixtral", num_local_experts=4, num_experts_per_tok=2, sliding_window=None, **ROTATED),
    "qwen3-moe": dict(model_type="qwen3_moe", num_experts=6, num_experts_per_tok=2, moe_intermediate_size=256,
                      norm_topk_prob=True, head_dim=64, **ROTATED),
    "gemma2": dict(model_type="gemma2", head_dim=64, query_pre_attn_scalar=64, sliding_window=16, **ROTATED),
    "gemma3": dict(model_type="gemma3_text", head_dim=64, query_pre_attn_scalar=64, sliding_window=16,
                   num_hidden_layers=6, rope_parameters=dict(
                       sliding_attention=dict(rope_type="default", rope_theta=10000.0),
                       full_attention=dict(rope_type="linear", rope_theta=1000000.0, factor=8.0))),
    "phi3": dict(model_type="phi3", sliding_window=None, max_position_embeddings=1024, rope_parameters=dict(
        rope_type="longrope", rope_theta=10000.0, short_factor=[1.0 + 0.1 * i for i in range(16)],
        long_factor=[1.0 + 0.7 * i for i in range(16)], original_max_position_embeddings=512)),
    "gpt-neox": dict(model_type="gpt_neox", num_key_value_heads=None, rope_parameters=dict(
        rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.25)),
}

# What an adapter of each kind says beside its targets.
ADAPTERS = {
    "plain": dict(),
    "rslora": dict(use_rslora=True),
    # PEFT writes patterns sorted and the first that matches counts, so that these must not overlap.
    "alpha_pattern": dict(alpha_pattern={r"layers\.0\..*\.(q_proj|v_proj|qkv_proj|query_key_value)": 3,
                                         "down_proj|dense_4h_to_h": 20}),
    "rank_pattern": dict(rank_pattern={"o_proj|dense": 8, "down_proj|dense_4h_to_h": 2}),
}

TARGETS = {
    "phi3": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
    "gpt-neox": ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"],
    "mixtral": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "qwen3-moe": ["q_proj", "k_proj", "v_proj", "o_proj"],
}
GELU = {"gemma2", "gemma3", "gpt-neox"}
USUAL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def make(family, folder, tokenizer):
    """A random f32 model with a tokenizer's files; returns it."""
    settings = dict(FAMILIES[family])
    torch.manual_seed(sum(map(ord, family)))
    config = AutoConfig.for_model(settings.pop("model_type"), **{**SIZES, **settings})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.dim() == 1:  # norms and biases that do nothing would hide mistakes in their order
                tensor.add_(torch.randn_like(tensor) * 0.1)
            if name.endswith("mlp.gate.weight"):  # a router that hesitates between experts would choose by rounding
                tensor.mul_(20)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        if os.path.exists(f"{tokenizer}/{name}"):
            shutil.copy(f"{tokenizer}/{name}", folder)
    return model


class TableGELU(torch.nn.Module):
    """GELU as llama.cpp computes it: argument and result rounded to half precision, by the formula with tanh."""

    def forward(self, x):
        h = x.half().float()
        y = 0.5 * h * (1 + torch.tanh(0.79788456080286535587989211986876 * h * (1 + 0.044715 * h * h)))
        return torch.where(x <= -10, torch.zeros_like(x), torch.where(x >= 10, x, y.half().float()))


def as_llama_computes(model, family):
    """Puts llama.cpp's GELU in place of the family's own; returns what undoes it."""
    if family not in GELU:
        return lambda: None
    changed = [(module, name, getattr(module, name)) for module in model.modules() for name in ("act_fn", "act")
               if isinstance(getattr(module, name, None), torch.nn.Module)]
    for module, name, _ in changed:
        setattr(module, name, TableGELU())
    return lambda: [setattr(module, name, own) for module, name, own in changed]


def adapt(model, family, kind, folder):
    """An adapter of a kind with random numbers, saved by PEFT; returns the model with it. `merge` undoes it."""
    from peft import LoraConfig, get_peft_model
    settings = LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS.get(family, USUAL), **ADAPTERS[kind])
    adapted = get_peft_model(model, settings).eval()
    torch.manual_seed(len(kind))
    with torch.no_grad():
        for name, tensor in adapted.named_parameters():
            if "lora_B" in name:
                tensor.copy_(torch.randn_like(tensor) * 0.04)
    adapted.save_pretrained(folder)
    return adapted


def add_experts(folder, config):
    """Adapters on every expert in the form of one module an expert, which PEFT does not make from today's models: added to a
    saved adapter. Returns their numbers: {(layer, expert, name): (A, B)}."""
    from safetensors.torch import load_file, save_file
    path = f"{folder}/adapter_model.safetensors"
    tensors = load_file(path)
    settings = json.load(open(f"{folder}/adapter_config.json"))
    mixtral = config.model_type == "mixtral"
    width = config.intermediate_size if mixtral else config.moe_intermediate_size
    count = config.num_local_experts if mixtral else config.num_experts
    block = "block_sparse_moe" if mixtral else "mlp"
    names = ("w1", "w3", "w2") if mixtral else ("gate_proj", "up_proj", "down_proj")
    numbers = {}
    for layer in range(config.num_hidden_layers):
        for expert in range(count):
            for part, name in zip(("gate", "up", "down"), names):
                inputs, outputs = (width, config.hidden_size) if part == "down" else (config.hidden_size, width)
                rank = settings["r"]
                a, b = torch.randn(rank, inputs) / inputs ** 0.5, torch.randn(outputs, rank) * 0.04
                module = f"base_model.model.model.layers.{layer}.{block}.experts.{expert}.{name}"
                tensors[module + ".lora_A.weight"], tensors[module + ".lora_B.weight"] = a, b
                numbers[layer, expert, part] = (a, b)
    settings["target_modules"] = sorted(set(settings["target_modules"]) | set(names))
    save_file(tensors, path, metadata={"format": "pt"})
    json.dump(settings, open(f"{folder}/adapter_config.json", "w"), indent=2, sort_keys=True)
    return numbers
