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
    "qwen2": dict(model_type="qwen2", rope_parameters=dict(
        rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64)),
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
    "gemma": dict(model_type="gemma", head_dim=64, hidden_act="gelu_pytorch_tanh", **ROTATED),
    "gpt2": dict(model_type="gpt2", n_inner=512),
    "starcoder2": dict(model_type="starcoder2", sliding_window=None, use_bias=True, **ROTATED),
    "olmo": dict(model_type="olmo", clip_qkv=1.5, **ROTATED),
    "olmo3": dict(model_type="olmo3", sliding_window=16, num_hidden_layers=4, rope_parameters=dict(
        full_attention=dict(rope_type="yarn", rope_theta=500000.0, factor=8.0, original_max_position_embeddings=64,
                            attention_factor=1.2079441541679836, beta_fast=32.0, beta_slow=1.0),
        sliding_attention=dict(rope_type="default", rope_theta=500000.0))),
    "ministral3": dict(model_type="ministral3", head_dim=64, sliding_window=None, rope_parameters=dict(
        rope_type="yarn", rope_theta=1000000.0, factor=4.0, original_max_position_embeddings=16, mscale=1.0,
        mscale_all_dim=1.0, beta_fast=32.0, beta_slow=1.0, llama_4_scaling_beta=0.1)),
    "cohere": dict(model_type="cohere", logit_scale=0.25, tie_word_embeddings=True, **ROTATED),
    "cohere2": dict(model_type="cohere2", logit_scale=0.25, sliding_window=16, num_hidden_layers=4,
                    tie_word_embeddings=True, **ROTATED),
    "olmoe": dict(model_type="olmoe", num_experts=6, num_experts_per_tok=2, norm_topk_prob=False, num_key_value_heads=8,
                  intermediate_size=256, **ROTATED),
    "qwen2-moe": dict(model_type="qwen2_moe", num_experts=6, num_experts_per_tok=2, moe_intermediate_size=256,
                      shared_expert_intermediate_size=512, norm_topk_prob=False, **ROTATED),
    "granite-moe": dict(model_type="granitemoe", num_local_experts=4, num_experts_per_tok=2, embedding_multiplier=6.0,
                        logits_scaling=2.0, residual_multiplier=0.4, attention_multiplier=0.2, **ROTATED),
    # `truncate`: llama.cpp rounds the ends of YaRN's ramp, the published models do not.
    "gpt-oss": dict(model_type="gpt_oss", head_dim=64, num_local_experts=6, num_experts_per_tok=2, sliding_window=16,
                    num_hidden_layers=4, intermediate_size=256, rope_parameters=dict(
                        rope_type="yarn", rope_theta=150000.0, factor=32.0, original_max_position_embeddings=64,
                        beta_fast=32.0, beta_slow=1.0, truncate=True)),
    "llama4": dict(model_type="llama4_text", head_dim=64, num_local_experts=4, num_experts_per_tok=1,
                   num_hidden_layers=4, intermediate_size=256, intermediate_size_mlp=512, interleave_moe_layer_step=2,
                   **ROTATED),
    "deepseek-v2": dict(model_type="deepseek_v2", q_lora_rank=None, kv_lora_rank=64, qk_rope_head_dim=16,
                        qk_nope_head_dim=32, v_head_dim=32, n_routed_experts=6, num_experts_per_tok=2, n_shared_experts=2,
                        moe_intermediate_size=256, first_k_dense_replace=1, topk_method="greedy", n_group=1, topk_group=1,
                        routed_scaling_factor=1.5, num_key_value_heads=8, num_hidden_layers=3, rope_parameters=dict(
                            rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64,
                            mscale=0.707, mscale_all_dim=0.707)),
    "deepseek-v3": dict(model_type="deepseek_v3", q_lora_rank=96, kv_lora_rank=64, qk_rope_head_dim=16,
                        qk_nope_head_dim=32, v_head_dim=48, n_routed_experts=8, num_experts_per_tok=2, n_shared_experts=1,
                        moe_intermediate_size=256, first_k_dense_replace=1, n_group=4, topk_group=2, norm_topk_prob=True,
                        routed_scaling_factor=2.5, num_key_value_heads=8, num_hidden_layers=3, **ROTATED),
}

# What an adapter of each kind says beside its targets.
ADAPTERS = {
    "plain": dict(),
    "rslora": dict(use_rslora=True),
    # PEFT writes patterns sorted and the first that matches counts, so that these must not overlap.
    "alpha_pattern": dict(alpha_pattern={r"(layers|h)\.0\..*\.(q_proj|v_proj|qkv_proj|query_key_value|c_attn)": 3,
                                         "down_proj|dense_4h_to_h|c_fc": 20}),
    "rank_pattern": dict(rank_pattern={"o_proj|dense|c_attn": 8, "down_proj|dense_4h_to_h|c_fc": 2}),
}
# On these llama.cpp's graph takes no adapter: such an adapter must be refused, and merge.
LATENT = ["q_proj", "q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"]

TARGETS = {
    "phi3": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
    "gpt-neox": ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"],
    "mixtral": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "qwen3-moe": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "olmoe": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "granite-moe": ["q_proj", "k_proj", "v_proj", "o_proj"],
    # Not the shared network: PEFT takes the names of its matrices to mean the experts' stacks. `add_experts` has it.
    "qwen2-moe": ["q_proj", "k_proj", "v_proj", "o_proj", "shared_expert_gate"],
    "deepseek-v2": ["o_proj"],
    "deepseek-v3": ["o_proj"],
    "gpt2": ["c_attn", "c_proj", "c_fc"],
    "gpt-oss": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "llama4": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "starcoder2": ["q_proj", "k_proj", "v_proj", "o_proj", "c_fc", "c_proj"],
}
GELU = {"gemma", "gemma2", "gemma3", "gpt-neox", "gpt2", "starcoder2"}
USUAL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def is_mixture(family):
    return "num_experts_per_tok" in FAMILIES[family]


def publishes_experts(family):
    """Whether files of the family have a module for each expert, so that adapters may name single ones."""
    return is_mixture(family) and family not in ("granite-moe", "gpt-oss", "llama4")


def kinds(family):
    """The kinds of adapters that PEFT makes for a family."""
    return [*ADAPTERS, *(["stacks"] if is_mixture(family) else []), *(["latent"] if family.startswith("deepseek") else [])]


ROUTERS = ("mlp.gate.weight", "mlp.router.weight", "router.layer.weight", "feed_forward.router.weight")


def decide(model):
    """Lets every token ask clearly for a first and a second expert, as trained routers do: random ones are near a tie for
    some token in every row, and then the runtime's rounding chooses. Each expert gets a direction, its row in every router;
    embeddings are one long direction, half of another, and what makes tokens differ."""
    routers = [tensor for name, tensor in model.named_parameters() if name.endswith(ROUTERS)]
    if not routers:
        return
    (experts, hidden), embedding = routers[0].shape, model.get_input_embeddings().weight
    directions = torch.linalg.qr(torch.randn(hidden, experts))[0].T
    tokens = torch.arange(len(embedding))
    first = tokens % experts
    second = (first + 1 + tokens // experts % (experts - 1)) % experts
    embedding.copy_(torch.randn_like(embedding) + hidden ** 0.5 * (1.5 * directions[first] + 0.75 * directions[second]))
    for router in routers:
        router.copy_(0.25 * directions)


def make(family, folder, tokenizer, decided=True):
    """A random f32 model with a tokenizer's files; returns it. `decided`: a mixture's routers do not hesitate."""
    settings = dict(FAMILIES[family])
    torch.manual_seed(sum(map(ord, family)))
    config = AutoConfig.for_model(settings.pop("model_type"), **{**SIZES, **settings})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if tensor.dim() == 1:  # norms and biases that do nothing would hide mistakes in their order
                tensor.add_(torch.randn_like(tensor) * 0.1)
        for name, tensor in model.named_buffers():
            if name.endswith("e_score_correction_bias"):
                tensor.copy_(torch.randn_like(tensor) * 0.1)
        if decided:
            decide(model)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        if os.path.exists(f"{tokenizer}/{name}"):
            shutil.copy(f"{tokenizer}/{name}", folder)
    return model


def published(folder):
    """The model's directory with its configuration as published files spell it: mlx-lm takes no notice of transformers 5's
    `rope_parameters` and would turn by its own defaults, and llama.cpp's converter looks for keys that are no longer
    written."""
    path = f"{folder}/published"
    if not os.path.exists(path):
        os.mkdir(path)
        for name in os.listdir(f"{folder}/model"):
            if name != "config.json":
                os.symlink(f"{folder}/model/{name}", f"{path}/{name}")
        config = json.load(open(f"{folder}/model/config.json"))
        newest = config["model_type"] == "ministral3"  # has been published in the new spelling only
        rope = {} if newest else config.pop("rope_parameters", None) or {}
        full = dict(rope.get("full_attention", rope))
        if full:
            config["rope_theta"], kind = full.pop("rope_theta"), full.pop("rope_type")
            config["rope_scaling"] = None if kind == "default" else {"rope_type": kind, "type": kind, **full}
        config.setdefault("num_experts", config.get("num_local_experts"))
        if "sliding_attention" in rope:
            config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        config.update({"cohere2": dict(rotary_pct=1.0),
                       "deepseek_v3": dict(scoring_func="sigmoid")}.get(config["model_type"], {}))
        json.dump(config, open(f"{path}/config.json", "w"))
    return path


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
    targets = {"latent": LATENT, "stacks": ["o_proj"]}.get(kind, TARGETS.get(family, USUAL))
    experts = dict(target_parameters=["experts.gate_up_proj", "experts.down_proj"]) if kind == "stacks" else {}
    settings = LoraConfig(r=4, lora_alpha=8, target_modules=targets, **ADAPTERS.get(kind, {}), **experts)
    adapted = get_peft_model(model, settings).eval()
    torch.manual_seed(len(kind))
    with torch.no_grad():
        for name, tensor in adapted.named_parameters():
            if "lora_B" in name:
                tensor.copy_(torch.randn_like(tensor) * 0.04)
    adapted.save_pretrained(folder)
    return adapted


def add_experts(folder, model):
    """Adapters on every expert in the form of one module an expert, which PEFT does not make from today's models, on the
    network beside the experts and on layers without them: added to a saved adapter. Returns what they add:
    {parameter: (place in it, rows)}, to be added or taken away by `touch`."""
    from safetensors.torch import load_file, save_file
    path = f"{folder}/adapter_model.safetensors"
    tensors = load_file(path)
    settings = json.load(open(f"{folder}/adapter_config.json"))
    mixtral = model.config.model_type == "mixtral"
    block = "block_sparse_moe" if mixtral else "mlp"
    names = dict(gate="w1", up="w3", down="w2") if mixtral else dict(gate="gate_proj", up="up_proj", down="down_proj")
    deltas = []

    def add(module, parameter, place, inputs, outputs):
        rank = settings["r"]
        a, b = torch.randn(rank, inputs) / inputs ** 0.5, torch.randn(outputs, rank) * 0.04
        tensors[f"base_model.model.{module}.lora_A.weight"], tensors[f"base_model.model.{module}.lora_B.weight"] = a, b
        deltas.append((parameter, place, 2 * b @ a))  # alpha / rank

    for index, layer in enumerate(model.model.layers):
        experts = getattr(layer.mlp, "experts", None)
        if experts is not None:
            half = experts.gate_up_proj.shape[1] // 2
            for expert in range(experts.gate_up_proj.shape[0]):
                for part, parameter, rows in (("gate", experts.gate_up_proj, slice(0, half)),
                                              ("up", experts.gate_up_proj, slice(half, 2 * half)),
                                              ("down", experts.down_proj, slice(None))):
                    matrix = parameter[expert, rows]
                    add(f"model.layers.{index}.{block}.experts.{expert}.{names[part]}", parameter, (expert, rows),
                        matrix.shape[1], matrix.shape[0])
        beside = next((name for name in ("shared_expert", "shared_experts") if hasattr(layer.mlp, name)), None)
        network = layer.mlp if experts is None else getattr(layer.mlp, beside) if beside else None
        for name in ("gate_proj", "up_proj", "down_proj") if network is not None else ():
            weight = getattr(network, name).weight
            add(f"model.layers.{index}.mlp.{beside + '.' if experts is not None else ''}{name}", weight, (slice(None),),
                weight.shape[1], weight.shape[0])
    settings["target_modules"] = sorted(set(settings["target_modules"]) | set(names.values())
                                        | {"gate_proj", "up_proj", "down_proj"})
    save_file(tensors, path, metadata={"format": "pt"})
    json.dump(settings, open(f"{folder}/adapter_config.json", "w"), indent=2, sort_keys=True)
    return deltas


def touch(deltas, sign):
    """Adds what `add_experts` made to the model's own numbers, or takes it away."""
    with torch.no_grad():
        for parameter, place, delta in deltas:
            parameter[place] += sign * delta
