"""How a checkpoint holds its 8-bit weights: by blocks, by rows, or its experts alone."""

from __future__ import annotations

import pytest

import jevons
from jevons.core.errors import BadInput
from jevons.estimate.server.shape import PRECISIONS, held_as, precision_of
from jevons.world import models
from jevons.world.architecture import Architecture
from jevons.world.model_config import from_config

MIXTURE = {
    "model_type": "qwen3_moe", "num_hidden_layers": 4, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 16, "intermediate_size": 128, "moe_intermediate_size": 32, "num_experts": 8, "num_experts_per_tok": 2,
    "vocab_size": 1000, "max_position_embeddings": 4096,
}  # fmt: skip
BY_ROWS = {"type": "float", "num_bits": 8, "strategy": "channel"}


def told(**quantization):
    return from_config({**MIXTURE, "quantization_config": quantization}).fp8


@pytest.mark.parametrize(("quantization", "held"), [
    ({}, ""),
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, ""),
    ({"quant_method": "fbgemm_fp8"}, "rows"),
    ({"quant_method": "fbgemm_fp8", "modules_to_not_convert": ["model.layers.0.self_attn.q_proj", "lm_head"]}, "expert-rows"),
    ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": BY_ROWS}}, "ignore": ["lm_head"]}, "rows"),
    ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": BY_ROWS}}, "ignore": ["re:.*self_attn"]},
     "expert-rows"),
    ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {**BY_ROWS, "strategy": "block"}}}}, ""),
    ({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {**BY_ROWS, "type": "int"}}}}, ""),
    ({"quant_method": "gptq", "bits": 4}, ""),
])  # fmt: skip
def test_a_config_tells_how_its_8_bit_weights_are_scaled(quantization, held):
    assert told(**quantization) == held


def test_a_config_without_words_on_it_or_with_broken_ones_is_scaled_by_blocks():
    assert from_config(MIXTURE).fp8 == from_config({**MIXTURE, "quantization_config": "fp8"}).fp8 == ""
    assert told(quant_method="compressed-tensors", config_groups={"group_0": None, "group_1": {"weights": None}}) == ""


def test_llama_4_has_its_experts_alone_in_8_bits_and_others_all_weights():
    """meta-llama/llama-models, models/llama4/quantization/loader.py: routed experts, a scale a row; the rest stays bf16."""
    maverick, qwen = (models.find(name).architecture for name in ("llama-4-maverick", "qwen3-235b-a22b"))
    held = held_as("fp8", maverick)
    assert (held.dense_bytes, held.expert_bytes, held.narrow) == (2.0, 1.0, 0.0)
    assert held_as("fp8", qwen) == held_as("fp8", None) == precision_of("fp8")
    assert held_as("bf16", maverick) == precision_of("bf16")


def test_blocks_cost_a_mixture_more_than_rows():
    """Scales of blocks are applied inside the product, those of rows behind it."""
    blocks, rows = (jevons.footprint(jevons.estimate.serving("qwen3-235b-a22b", on="h100", n=8, batch=16, input_tokens=300,
                    output_tokens=300, precision=name), at="France").total("energy")[0] for name in ("fp8", "fp8-rows"))
    assert rows < 0.95 * blocks


def test_what_a_checkpoint_holds_otherwise_is_told():
    run = jevons.estimate.serving("llama-4-maverick", on="h100", n=8, batch=16, input_tokens=300, output_tokens=300, precision="fp8")
    said = [a for a in run.assumptions if "fp8" in a.what]
    assert [a.value for a in said] == ["routed experts alone, the rest in 16 bits; a scale a row"]
    plain = jevons.estimate.serving("qwen3-8b", on="h100", batch=16, input_tokens=300, output_tokens=300, precision="fp8")
    assert not [a for a in plain.assumptions if "fp8" in a.what]


def test_a_cache_is_held_in_no_precision_of_experts():
    with pytest.raises(BadInput, match="cache_precision"):
        jevons.estimate.serving("qwen3-8b", on="h100", batch=4, input_tokens=9, output_tokens=9, cache_precision="fp8-expert-rows")


def test_a_word_for_8_bits_that_no_precision_has_is_refused():
    with pytest.raises(BadInput, match="fp8"):
        Architecture("x", "x", 2, 64, 4, 4, 16, 256, 1000, fp8="columns")
    assert {f"fp8-{word}" for word in ("rows", "expert-rows")} <= set(PRECISIONS)
