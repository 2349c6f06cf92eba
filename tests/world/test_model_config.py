"""A configuration file and the row of the same model describe the same shape."""

import csv
import json
from pathlib import Path

import pytest

from jevons.core.errors import BadInput
from jevons.world import architecture as shapes
from jevons.world import models
from jevons.world.architecture import Architecture
from jevons.world.model_config import COMMON, FAMILIES, from_config

TABLE = Path(shapes.__file__).parent / "data" / "models.csv"
ROWS = {row["id"]: row for row in csv.DictReader(TABLE.open(newline="", encoding="utf-8"))}


def hf(model_type, layers, hidden, heads, kv_heads, ffn, vocab, **more):
    return {
        "model_type": model_type, "num_hidden_layers": layers, "hidden_size": hidden, "num_attention_heads": heads,
        "num_key_value_heads": kv_heads, "intermediate_size": ffn, "vocab_size": vocab, **more,
    }  # fmt: skip


MLA = {"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128}
T5 = {"model_type": "t5", "d_kv": 64, "vocab_size": 32128}
PUBLISHED = {
    "llama-2-70b": hf("llama", 80, 8192, 64, 8, 28672, 32000),
    "llama-3.2-1b": hf("llama", 16, 2048, 32, 8, 8192, 128256, head_dim=64, tie_word_embeddings=True),
    "llama-4-scout": {"model_type": "llama4", "text_config": hf(
        "llama4_text", 48, 5120, 40, 8, 8192, 202048, head_dim=128, intermediate_size_mlp=16384, num_local_experts=16,
        num_experts_per_tok=1, interleave_moe_layer_step=1)},
    "mistral-7b-v0.1": hf("mistral", 32, 4096, 32, 8, 14336, 32000, sliding_window=4096),
    "mixtral-8x7b": hf("mixtral", 32, 4096, 32, 8, 14336, 32000, num_local_experts=8, num_experts_per_tok=2),
    "qwen2.5-0.5b": hf("qwen2", 24, 896, 14, 2, 4864, 151936, tie_word_embeddings=True, use_sliding_window=False),
    "qwen1.5-moe-a2.7b": hf("qwen2_moe", 24, 2048, 16, 16, 5632, 151936, num_experts=60, num_experts_per_tok=4,
                            moe_intermediate_size=1408, shared_expert_intermediate_size=5632),
    "qwen3-8b": hf("qwen3", 36, 4096, 32, 8, 12288, 151936, head_dim=128),
    "qwen3-30b-a3b": hf("qwen3_moe", 48, 2048, 32, 4, 6144, 151936, head_dim=128, num_experts=128,
                        num_experts_per_tok=8, moe_intermediate_size=768, mlp_only_layers=[]),
    "gemma-2b": hf("gemma", 18, 2048, 8, 1, 16384, 256000, head_dim=256),
    "gemma-2-9b": hf("gemma2", 42, 3584, 16, 8, 14336, 256000, head_dim=256, sliding_window=4096),
    "gemma-3-1b": hf("gemma3_text", 26, 1152, 4, 1, 6912, 262144, head_dim=256, sliding_window=512),
    "phi-2": hf("phi", 32, 2560, 32, 32, 10240, 51200),
    "phi-3-mini": hf("phi3", 32, 3072, 32, 32, 8192, 32064),
    "gpt2-1.5b": {"model_type": "gpt2", "n_layer": 48, "n_embd": 1600, "n_head": 25, "vocab_size": 50257,
                  "n_positions": 1024},
    "starcoderbase-15.5b": {"model_type": "gpt_bigcode", "n_layer": 40, "n_embd": 6144, "n_head": 48,
                            "n_inner": 24576, "vocab_size": 49152, "n_positions": 8192},
    "gpt-neo-1.3b": {"model_type": "gpt_neo", "num_layers": 24, "hidden_size": 2048, "num_heads": 16,
                     "vocab_size": 50257, "max_position_embeddings": 2048},
    "gpt-j-6b": {"model_type": "gptj", "n_layer": 28, "n_embd": 4096, "n_head": 16, "vocab_size": 50400},
    "pythia-6.9b": hf("gpt_neox", 32, 4096, 32, None, 16384, 50432),
    "opt-350m": {"model_type": "opt", "num_hidden_layers": 24, "hidden_size": 1024, "num_attention_heads": 16,
                 "ffn_dim": 4096, "vocab_size": 50272, "max_position_embeddings": 2048, "word_embed_proj_dim": 512,
                 "do_layer_norm_before": False},
    "bloom-176b": {"model_type": "bloom", "n_layer": 70, "n_embed": 14336, "num_attention_heads": 112,
                   "vocab_size": 250880},
    "falcon-7b": hf("falcon", 32, 4544, 71, None, None, 65024, multi_query=True, parallel_attn=True),
    "falcon-40b": hf("falcon", 60, 8192, 128, None, None, 65024, new_decoder_architecture=True, num_kv_heads=8),
    "mpt-30b": {"model_type": "mpt", "n_layers": 48, "d_model": 7168, "n_heads": 56, "vocab_size": 50368},
    "stablelm-3b-4e1t": hf("stablelm", 32, 2560, 32, 32, 6912, 50304),
    "starcoder2-3b": hf("starcoder2", 30, 3072, 24, 2, 12288, 49152),
    "command-r": hf("cohere", 40, 8192, 64, 64, 22528, 256000),
    "dbrx": {"model_type": "dbrx", "n_layers": 40, "d_model": 6144, "n_heads": 48, "vocab_size": 100352,
             "attn_config": {"kv_n_heads": 8},
             "ffn_config": {"ffn_hidden_size": 10752, "moe_num_experts": 16, "moe_top_k": 4}},
    "olmo-7b": hf("olmo", 32, 4096, 32, 32, 11008, 50304),
    "olmo-2-13b": hf("olmo2", 40, 5120, 40, 40, 13824, 100352),
    "olmo-3-32b": hf("olmo3", 64, 5120, 40, 8, 27648, 100278, sliding_window=4096),
    "olmoe-1b-7b": hf("olmoe", 16, 2048, 16, 16, 1024, 50304, num_experts=64, num_experts_per_tok=8),
    "deepseek-moe-16b": hf("deepseek", 28, 2048, 16, 16, 10944, 102400, n_routed_experts=64, n_shared_experts=2,
                           num_experts_per_tok=6, moe_intermediate_size=1408, first_k_dense_replace=1),
    "deepseek-v2-lite": hf("deepseek_v2", 27, 2048, 16, 16, 10944, 102400, n_routed_experts=64, n_shared_experts=2,
                           num_experts_per_tok=6, moe_intermediate_size=1408, first_k_dense_replace=1,
                           q_lora_rank=None, **MLA),
    "deepseek-v3": hf("deepseek_v3", 61, 7168, 128, 128, 18432, 129280, n_routed_experts=256, n_shared_experts=1,
                      num_experts_per_tok=8, moe_intermediate_size=2048, first_k_dense_replace=3,
                      q_lora_rank=1536, num_nextn_predict_layers=1, **MLA),
    "gpt-oss-120b": hf("gpt_oss", 36, 2880, 64, 8, 2880, 201088, head_dim=64, num_local_experts=128,
                       num_experts_per_tok=4, sliding_window=128),
    "jamba-v0.1": hf("jamba", 32, 4096, 32, 8, 14336, 65536, num_experts=16, num_experts_per_tok=2,
                     expert_layer_period=2, attn_layer_period=8, mamba_d_state=16, mamba_d_conv=4, mamba_expand=2),
    "bert-base": hf("bert", 12, 768, 12, None, 3072, 30522, max_position_embeddings=512, type_vocab_size=2),
    "xlm-roberta-large": hf("xlm-roberta", 24, 1024, 16, None, 4096, 250002, max_position_embeddings=514,
                            type_vocab_size=1),
    "distilbert-base": {"model_type": "distilbert", "n_layers": 6, "dim": 768, "n_heads": 12, "hidden_dim": 3072,
                        "vocab_size": 30522, "max_position_embeddings": 512},
    "t5-base": {**T5, "num_layers": 12, "d_model": 768, "num_heads": 12, "d_ff": 3072},
    "t5-v1.1-xl": {**T5, "num_layers": 24, "num_decoder_layers": 24, "d_model": 2048, "num_heads": 32, "d_ff": 5120,
                   "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    "bart-large": {"model_type": "bart", "decoder_layers": 12, "encoder_layers": 12, "d_model": 1024,
                   "decoder_attention_heads": 16, "decoder_ffn_dim": 4096, "vocab_size": 50265,
                   "max_position_embeddings": 1024},
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_configuration_counts_the_same_parameters_as_the_row(name):
    read, row = from_config(PUBLISHED[name]), Architecture.from_row(ROWS[name])
    assert shapes.parameters(read) == shapes.parameters(row)
    assert shapes.active_parameters(read) == shapes.active_parameters(row)
    assert shapes.kv_bytes_per_token(read) == shapes.kv_bytes_per_token(row)


@pytest.mark.parametrize(
    "name", ["mistral-7b-v0.1", "gemma-2-9b", "gemma-3-1b", "gpt-oss-120b", "gpt-neo-1.3b"]
)
def test_a_sliding_window_is_read(name):
    read, row = from_config(PUBLISHED[name]), Architecture.from_row(ROWS[name])
    assert (read.window, read.window_every) == (row.window, row.window_every)


def test_a_file_and_its_folder_read_alike(tmp_path):
    folder = tmp_path / "my-llama"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(PUBLISHED["llama-2-70b"]))
    assert from_config(folder) == from_config(folder / "config.json")
    assert from_config(folder).id == "my-llama"


def test_every_rule_names_a_field_of_architecture():
    names = set(Architecture.__dataclass_fields__)
    assert set(COMMON) <= names
    assert all(set(rules) <= names for rules in FAMILIES.values())


def test_an_unknown_family_offers_the_nearest():
    with pytest.raises(BadInput, match=r"model_type.*lama.*nearest: llama"):
        from_config({"model_type": "lama"})


def test_an_unknown_family_that_writes_text_is_read_as_llamas_and_says_so():
    shape = hf("lucid2", 32, 4096, 32, 8, 14336, 128256, architectures=["Lucid2ForCausalLM"])
    found = models.find(shape)
    assert found.params == shapes.parameters(from_config({**shape, "model_type": "llama"}))
    assert any("'lucid2' is not known: read as a decoder like Llama's" in note.why for note in found.assumptions)
    with pytest.raises(BadInput, match="this family is not known"):
        from_config({**shape, "architectures": ["Lucid2ForImageClassification"]})


def test_an_unknown_mixture_is_read_with_its_experts():
    shape = hf("lucid2_moe", 48, 2048, 32, 4, 6144, 151936, head_dim=128, num_experts=128, num_experts_per_tok=8,
               moe_intermediate_size=768, architectures=["Lucid2MoeForCausalLM"])  # fmt: skip
    known, found = models.find({**shape, "model_type": "qwen3_moe"}), models.find(shape)
    assert found.params == pytest.approx(known.params, rel=1e-4)
    assert found.active == pytest.approx(known.active, rel=1e-3)


def test_keys_that_gemma_3_leaves_to_its_class_are_filled():
    short = {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
                                                     "num_hidden_layers": 34, "sliding_window": 1024}}  # fmt: skip
    assert shapes.parameters(from_config(short)) == pytest.approx(3_880_099_328, rel=1e-4)


def test_a_missing_key_names_the_key_and_the_file(tmp_path):
    config = dict(PUBLISHED["llama-2-70b"])
    del config["intermediate_size"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match=r"intermediate_size.*config\.json: add this key"):
        from_config(tmp_path)


def test_a_width_in_words_is_refused():
    with pytest.raises(BadInput, match=r"hidden.*whole number"):
        from_config({**PUBLISHED["llama-2-70b"], "hidden_size": "wide", "head_dim": 128})


def test_a_layout_the_formula_does_not_know_is_refused():
    with pytest.raises(BadInput, match=r"mlp_only_layers.*not supported"):
        from_config({**PUBLISHED["qwen3-30b-a3b"], "mlp_only_layers": [0, 1]})


def test_a_file_that_is_no_json_says_so(tmp_path):
    (tmp_path / "config.json").write_text("layers: 12")
    with pytest.raises(BadInput, match="not JSON"):
        from_config(tmp_path)


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        from_config(tmp_path / "config.json")
