"""Reads a Hugging Face `config.json` into an Architecture, through one table of families.

A family says, for each field of Architecture, either the value its modelling code fixes (`gated=True`) or
the key that holds it (`key("n_embd")`), with the default of the configuration class where checkpoints
usually leave the key out. What a family does not say is read by COMMON. A key that is needed and absent,
a value that is no whole number, and a family not in the table are refused by name.
Sources: the configuration and modelling files of transformers 5.23 (`models/<model_type>/`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from jevons.core.errors import BadInput
from jevons.world.architecture import Architecture

_NEEDED = object()
Rule = Callable[["_Reader"], Any]


def from_config(config: Mapping[str, Any] | str | Path) -> Architecture:
    """The Architecture of a Hugging Face configuration: a mapping, a `config.json` or its folder.

    Counts follow the bare language model: of a multimodal model the text part, of BERT the encoder with
    its pooler, and no multi-token-prediction modules. A family that is not in the table is read as Llama's where its
    ``architectures`` say that it writes text (``world.models`` notes it). Raises BadInput naming the key, the file and the mend.
    """
    if isinstance(config, Mapping):
        where, mapping = str(config.get("_name_or_path") or "the configuration"), dict(config)
    else:
        where, mapping = _load(Path(config))
    if isinstance(mapping.get("text_config"), Mapping):
        mapping = {**mapping, **mapping["text_config"]}
    kind = str(mapping.get("model_type", ""))
    if kind not in FAMILIES and kind and _writes_text(mapping):
        like = {**_LIKE_LLAMA, **(_MLA if mapping.get("kv_lora_rank") else {})}
        return _Reader(mapping, where, {**COMMON, **like}).architecture(kind)
    if kind not in FAMILIES:
        near = ", ".join(get_close_matches(kind, FAMILIES, 3, 0)) or ", ".join(sorted(FAMILIES))
        raise BadInput("model_type", kind, f"{where}: this family is not known; nearest: {near}")
    return _Reader(mapping, where, {**COMMON, **FAMILIES[kind]}).architecture(kind)


def _writes_text(config: Mapping[str, Any]) -> bool:
    named = config.get("architectures")
    return isinstance(named, list) and any(str(name).endswith(("ForCausalLM", "LMHeadModel")) for name in named)


class _Reader:
    """Resolves the fields of one configuration by the rules of its family."""

    def __init__(self, config: Mapping[str, Any], where: str, rules: Mapping[str, Any]):
        self.config, self.where, self.rules = config, where, rules

    def architecture(self, family: str) -> Architecture:
        given = {
            f.name: self.checked(f.name, str(f.type)) for f in fields(Architecture) if f.name in self.rules
        }
        name = str(self.config.get("_name_or_path") or family)
        return Architecture(id=name.lower(), name=name, family=family, **given)

    def field(self, name: str) -> Any:
        rule = self.rules[name]
        return rule(self) if callable(rule) else rule

    def checked(self, name: str, kind: str) -> Any:
        value = self.field(name)
        if kind == "int" and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadInput(name, value, f"{self.where}: give a whole number")
        return bool(value) if kind == "bool" else value

    def look(self, *names: str) -> Any:
        """The value of the first of these keys that is there and not null; a dot goes one level down."""
        for name in names:
            value: Any = self.config
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
            if value is not None:
                return value
        return None


def key(*names: str, default: Any = _NEEDED) -> Rule:
    """The value of the first key present, else the default (a value or another rule), else an error."""

    def read(reader: _Reader) -> Any:
        value = reader.look(*names)
        if value is not None:
            return value
        if default is _NEEDED:
            raise BadInput(
                names[0], None, f"{reader.where}: add this key (or {', '.join(names[1:]) or 'its value'})"
            )
        return default(reader) if callable(default) else default

    return read


def same(field: str, times: int = 1) -> Rule:
    """The value of another field, times a number."""
    return lambda reader: times * reader.field(field)


def flag(name: str, default: bool, yes: Any, no: Any) -> Rule:
    """One of two values (or rules) by a true-or-false key."""

    def read(reader: _Reader) -> Any:
        chosen = yes if key(name, default=default)(reader) else no
        return chosen(reader) if callable(chosen) else chosen

    return read


def never(name: str, instead: Any = 0) -> Rule:
    """`instead`, and an error where the configuration switches on what the formula does not know."""

    def read(reader: _Reader) -> Any:
        if reader.look(name):
            raise BadInput(
                name, reader.look(name), f"{reader.where}: not supported; build Architecture yourself"
            )
        return instead

    return read


def _head_dim(reader: _Reader) -> int:
    hidden, heads = reader.field("hidden"), reader.field("heads")
    if not heads or hidden % heads:
        raise BadInput(
            "head_dim", None, f"{reader.where}: hidden {hidden} is no multiple of {heads} heads; add head_dim"
        )
    return int(hidden // heads)


def _pooler(reader: _Reader) -> int:
    hidden = reader.field("hidden")
    return int(key("type_vocab_size", default=0)(reader) * hidden + hidden * hidden + hidden)


def _held_in_fp8(reader: _Reader) -> str:
    """How `Architecture.fp8` weights are scaled, by quantization_config: by blocks where it names a block or is absent."""
    told = reader.look("quantization_config")
    told = told if isinstance(told, Mapping) else {}
    groups = told.get("config_groups")
    scaled = [g.get("weights") or {} for g in groups.values() if isinstance(g, Mapping)] if isinstance(groups, Mapping) else []
    by_rows = told.get("quant_method") == "fbgemm_fp8" or any(
        w.get("type") == "float" and w.get("num_bits") == 8 and w.get("strategy") in ("channel", "tensor") for w in scaled)
    if not by_rows or told.get("weight_block_size"):
        return ""
    kept = told.get("modules_to_not_convert") or told.get("ignore") or ()
    mixture = "experts" in reader.rules and reader.field("experts")
    return "expert-rows" if mixture and any("self_attn" in str(name) for name in kept) else "rows"


def _narrow_embedding(reader: _Reader) -> int:
    width, hidden = reader.look("word_embed_proj_dim"), reader.field("hidden")
    return 0 if width in (None, hidden) else int(width)


def _falcon_kv(reader: _Reader) -> Any:
    if reader.look("new_decoder_architecture"):
        return key("num_kv_heads", "n_head_kv", default=same("heads"))(reader)
    return 1 if key("multi_query", default=True)(reader) else reader.field("heads")


def _step_rank(reader: _Reader) -> Any:
    rank = key("mamba_dt_rank", default="auto")(reader)
    return -(-reader.field("hidden") // 16) if rank == "auto" else rank


def _hearing(reader: _Reader) -> int:
    """Whisper's two convolutions and the positions of its encoder, less the biases that its keys do not have."""
    hidden, mels = reader.field("hidden"), key("num_mel_bins", default=80)(reader)
    attentions = reader.field("encoder_layers") + 2 * reader.field("layers")
    return int(3 * hidden * (mels + hidden) + (2 + key("max_source_positions", default=1500)(reader) - attentions) * hidden)


def _shared(reader: _Reader) -> int:
    return int(key("shared_expert_intermediate_size")(reader) // reader.field("expert_ffn_hidden"))


COMMON: dict[str, Any] = {
    "layers": key("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "hidden": key("hidden_size", "n_embd", "n_embed", "d_model", "dim"),
    "heads": key("num_attention_heads", "n_head", "n_heads", "num_heads"),
    "kv_heads": key("num_key_value_heads", default=same("heads")),
    "head_dim": key("head_dim", default=_head_dim),
    "ffn_hidden": key("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size"),
    "vocab": key("vocab_size"),
    "context": key("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", default=0),
    "tied": key("tie_word_embeddings", default=False),
    "fp8": _held_in_fp8,
}
_BIASED = {"gated": False, "norm_vectors": 2, "qkv_bias": True, "output_bias": True, "mlp_bias": True}
_LLAMA = {"qkv_bias": key("attention_bias", default=False), "output_bias": same("qkv_bias"),
          "mlp_bias": key("mlp_bias", default=False)}  # fmt: skip
_WINDOW = {"window": key("sliding_window", default=0)}
_QWEN2 = {"qkv_bias": True, "window": never("use_sliding_window")}
_QWEN3 = {**_LLAMA, "qk_norm": "head", "window": never("use_sliding_window")}
_MOE = {"active_experts": key("num_experts_per_tok", "num_experts_per_token"),
        "moe_every": key("decoder_sparse_step", "moe_layer_freq", default=1)}  # fmt: skip
_QWEN_MOE = {**_MOE, "experts": key("num_experts", "num_local_experts"),
             "expert_ffn_hidden": key("moe_intermediate_size"),
             "dense_layers": never("mlp_only_layers")}  # fmt: skip
_DEEPSEEK = {**_MOE, "experts": key("n_routed_experts"), "expert_ffn_hidden": key("moe_intermediate_size"),
             "shared_experts": key("n_shared_experts", default=0),
             "dense_layers": key("first_k_dense_replace", default=0)}  # fmt: skip
_MLA = {"kv_heads": same("heads"), "head_dim": key("qk_nope_head_dim"), "q_lora_rank": key("q_lora_rank", default=0),
        "kv_lora_rank": key("kv_lora_rank"), "qk_nope_head_dim": key("qk_nope_head_dim"),
        "qk_rope_head_dim": key("qk_rope_head_dim"), "v_head_dim": key("v_head_dim")}  # fmt: skip
_GEMMA = {"tied": True, "head_dim": key("head_dim")}
_GEMMA2 = {**_GEMMA, "block_norms": 4, "window": key("sliding_window"), "window_every": 2}
_GPT2 = {**_BIASED, "tied": key("tie_word_embeddings", default=True), "positions": same("context"),
         "ffn_hidden": key("n_inner", default=same("hidden", 4))}  # fmt: skip
_BERT = {**_BIASED, "kind": "encoder", "tied": True, "embedding_norm": True, "final_norm": False,
         "positions": key("max_position_embeddings"), "extra_parameters": _pooler}  # fmt: skip
_T5 = {"kind": "encoder-decoder", "encoder_layers": key("num_layers"), "kv_heads": same("heads"),
       "layers": key("num_decoder_layers", default=same("encoder_layers")), "head_dim": key("d_kv"),
       "ffn_hidden": key("d_ff"), "relative_buckets": key("relative_attention_num_buckets", default=32),
       "gated": lambda r: str(key("feed_forward_proj", default="relu")(r)).startswith("gated"),
       "tied": key("tie_word_embeddings", default=True)}  # fmt: skip
_BART = {**_BIASED, "kind": "encoder-decoder", "layers": key("decoder_layers"), "encoder_layers": key("encoder_layers"),
         "heads": key("decoder_attention_heads"), "ffn_hidden": key("decoder_ffn_dim"), "tied": True,
         "embedding_norm": True, "final_norm": False,
         "positions": lambda r: 2 * (r.field("context") + 2)}  # fmt: skip
_WHISPER = {**_BIASED, "kind": "encoder-decoder", "layers": key("decoder_layers"), "encoder_layers": key("encoder_layers"),
            "heads": key("decoder_attention_heads"), "ffn_hidden": key("decoder_ffn_dim"), "tied": True,
            "context": key("max_target_positions", default=448), "positions": same("context"),
            "extra_parameters": _hearing}  # fmt: skip
_COHERE = {**_LLAMA, "tied": key("tie_word_embeddings", default=True), "block_norms": 1, "parallel": True}

_LIKE_LLAMA = {**_LLAMA, "experts": key("num_experts", "num_local_experts", "n_routed_experts", default=0),
               "active_experts": key("num_experts_per_tok", "num_experts_per_token", default=0),
               "expert_ffn_hidden": key("moe_intermediate_size", default=lambda r: same("ffn_hidden")(r) if r.field("experts") else 0),
               "shared_experts": key("n_shared_experts", default=0), "dense_layers": key("first_k_dense_replace", default=0)}  # fmt: skip

FAMILIES: dict[str, dict[str, Any]] = {
    "llama": _LLAMA,
    "llama4_text": {**_LLAMA, **_MOE, "experts": key("num_local_experts"), "shared_experts": 1,
                    "expert_ffn_hidden": key("intermediate_size"), "ffn_hidden": key("intermediate_size_mlp"),
                    "moe_every": key("interleave_moe_layer_step"), "window": key("attention_chunk_size", default=0),
                    "window_every": 4},
    "granite": _LLAMA,
    "smollm3": {**_LLAMA, "tied": key("tie_word_embeddings", default=True)},
    "mistral": _WINDOW,
    "mixtral": {**_WINDOW, **_MOE, "experts": key("num_local_experts"), "ffn_hidden": 0,
                "expert_ffn_hidden": key("intermediate_size")},
    "qwen2": _QWEN2,
    "qwen2_moe": {**_QWEN2, **_QWEN_MOE, "shared_gate": True, "shared_experts": _shared},
    "qwen3": _QWEN3,
    "qwen3_moe": {**_QWEN3, **_QWEN_MOE},
    "gemma": _GEMMA,
    "gemma2": _GEMMA2,
    "gemma3_text": {**_GEMMA2, "qk_norm": "head", "window_every": key("sliding_window_pattern", default=6),
                    "window": key("sliding_window", default=4096), "heads": key("num_attention_heads", default=8),
                    "kv_heads": key("num_key_value_heads", default=4), "head_dim": key("head_dim", default=256),
                    "vocab": key("vocab_size", default=262208)},
    "phi": {**_BIASED, "block_norms": 1, "parallel": True, "head_bias": True,
            "qk_norm": never("qk_layernorm", instead="")},
    "phi3": _WINDOW,
    "gpt2": _GPT2,
    "gpt_bigcode": {**_GPT2, "kv_heads": flag("multi_query", True, 1, same("heads"))},
    "gpt_neo": {**_GPT2, "qkv_bias": False, "ffn_hidden": key("intermediate_size", default=same("hidden", 4)),
                "window": key("window_size", default=256), "window_every": 2},
    "gptj": {**_BIASED, "qkv_bias": False, "output_bias": False, "block_norms": 1, "parallel": True,
             "head_bias": True, "ffn_hidden": key("n_inner", default=same("hidden", 4))},
    "gpt_neox": {**_BIASED, "qkv_bias": key("attention_bias", default=True), "output_bias": same("qkv_bias"),
                 "parallel": key("use_parallel_residual", default=True)},
    "opt": {**_BIASED, "qkv_bias": key("enable_bias", default=True), "output_bias": same("qkv_bias"),
            "mlp_bias": same("qkv_bias"), "tied": key("tie_word_embeddings", default=True),
            "positions": lambda r: r.field("context") + 2, "embedding_hidden": _narrow_embedding,
            "final_norm": key("do_layer_norm_before", default=True)},
    "bloom": {**_BIASED, "tied": True, "embedding_norm": True, "ffn_hidden": same("hidden", 4)},
    "falcon": {"gated": False, "norm_vectors": 2, "qkv_bias": key("bias", default=False), "kv_heads": _falcon_kv,
               "output_bias": same("qkv_bias"), "mlp_bias": same("qkv_bias"),
               "ffn_hidden": key("ffn_hidden_size", default=same("hidden", 4)),
               "tied": key("tie_word_embeddings", default=True), "parallel": key("parallel_attn", default=True),
               "block_norms": flag("new_decoder_architecture", False, key("num_ln_in_parallel_attn", default=2),
                                   flag("parallel_attn", True, 1, 2))},
    "mpt": {"gated": False, "tied": True, "qkv_bias": lambda r: not key("no_bias", default=True)(r),
            "output_bias": same("qkv_bias"), "mlp_bias": same("qkv_bias"), "kv_heads": same("heads"),
            "ffn_hidden": lambda r: r.field("hidden") * key("expansion_ratio", default=4)(r)},
    "stablelm": {"norm_vectors": 2, "qkv_bias": key("use_qkv_bias", default=False),
                 "qk_norm": never("qk_layernorm", instead=""), "parallel": key("use_parallel_residual", default=False),
                 "block_norms": flag("use_parallel_residual", False, 1, 2)},
    "starcoder2": {**_BIASED, **_WINDOW, "qkv_bias": key("use_bias", default=True), "output_bias": same("qkv_bias"),
                   "mlp_bias": same("qkv_bias"), "tied": key("tie_word_embeddings", default=True)},
    "cohere": {**_COHERE, "qk_norm": flag("use_qk_norm", False, "full", "")},
    "cohere2": {**_COHERE, "window": key("sliding_window"), "window_every": key("sliding_window_pattern", default=4)},
    "dbrx": {"kv_heads": key("attn_config.kv_n_heads"), "ffn_hidden": 0, "experts": key("ffn_config.moe_num_experts"),
             "active_experts": key("ffn_config.moe_top_k"), "expert_ffn_hidden": key("ffn_config.ffn_hidden_size")},
    "olmo": {**_LLAMA, "norm_vectors": 0},
    "olmo2": {**_LLAMA, "qk_norm": "full"},
    "olmo3": {**_LLAMA, "qk_norm": "full", "window": key("sliding_window"), "window_every": 4},
    "olmoe": {**_LLAMA, **_MOE, "qk_norm": "full", "experts": key("num_experts", "num_local_experts"),
              "ffn_hidden": 0, "expert_ffn_hidden": key("intermediate_size")},
    "nemotron": {**_LLAMA, "gated": False, "norm_vectors": 2},
    "deepseek": {**_LLAMA, **_DEEPSEEK},
    "deepseek_v2": {**_DEEPSEEK, **_MLA},
    "deepseek_v3": {**_DEEPSEEK, **_MLA, "router_bias": True},
    "glm4_moe": {**_DEEPSEEK, "qkv_bias": key("attention_bias"), "router_bias": True,
                 "qk_norm": flag("use_qk_norm", False, "head", "")},
    "gpt_oss": {**_MOE, "experts": key("num_local_experts"), "ffn_hidden": 0, "qkv_bias": True, "output_bias": True,
                "mlp_bias": True, "router_bias": True, "sinks": True, "window": key("sliding_window"),
                "expert_ffn_hidden": key("intermediate_size"), "window_every": 2},
    "jamba": {**_MOE, "experts": key("num_experts"), "expert_ffn_hidden": key("intermediate_size"),
              "moe_every": key("expert_layer_period"), "attention_every": key("attn_layer_period"),
              "ssm_state": key("mamba_d_state"), "ssm_conv": key("mamba_d_conv"), "ssm_expand": key("mamba_expand"),
              "ssm_rank": _step_rank},
    "bert": _BERT,
    "roberta": _BERT,
    "distilbert": {**_BERT, "ffn_hidden": key("hidden_dim"), "extra_parameters": 0},
    "t5": _T5,
    "mt5": {**_T5, "gated": True, "tied": key("tie_word_embeddings")},
    "bart": _BART,
    "mbart": {**_BART, "final_norm": True},
    "whisper": _WHISPER,
}  # fmt: skip
FAMILIES |= {"llama4": FAMILIES["llama4_text"], "gemma3": FAMILIES["gemma3_text"], "xlm-roberta": _BERT,
             "kimi_k2": FAMILIES["deepseek_v3"], "qwen2_vl": FAMILIES["qwen2"], "qwen2_vl_text": FAMILIES["qwen2"],
             "qwen2_5_vl": FAMILIES["qwen2"], "qwen2_5_vl_text": FAMILIES["qwen2"], "qwen3_vl_text": FAMILIES["qwen3"],
             "qwen3_vl_moe_text": FAMILIES["qwen3_moe"]}  # fmt: skip


def _load(path: Path) -> tuple[str, dict[str, Any]]:
    """The file's path as said in messages, and its mapping; a folder stands for the config.json in it."""
    file = path / "config.json" if path.is_dir() else path
    try:
        mapping = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(
            "config", str(file), "no such file; give a config.json or the folder that holds it"
        ) from None
    except OSError as error:
        raise BadInput("config", str(file), f"name a file that can be read ({error.strerror})") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput("config", str(file), f"it is not JSON ({error})") from None
    if not isinstance(mapping, dict):
        raise BadInput("config", str(file), "it holds no JSON object")
    mapping.setdefault("_name_or_path", file.parent.name or "config")
    return str(file), mapping
