"""FLOP counts against closed forms and published figures."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jevons.core.errors import BadInput
from jevons.estimate import flops
from jevons.world import architecture as shapes
from jevons.world.architecture import Architecture

ROWS = list(
    csv.DictReader((Path(shapes.__file__).parent / "data" / "models.csv").open(newline="", encoding="utf-8"))
)


def model(name: str) -> Architecture:
    return Architecture.from_row(next(row for row in ROWS if row["id"] == name))


def tiny(**changes: object) -> Architecture:
    plain = Architecture(
        "tiny", "Tiny", layers=2, hidden=8, heads=2, kv_heads=2, head_dim=4, ffn_hidden=32, vocab=10
    )
    return replace(plain, gated=False, **changes)


def test_the_exact_count_of_a_gpt_is_narayanans_formula():
    arch = tiny(kv_heads=2)
    per_step = flops.training_flops_per_token(arch, 16, causal=False) * 3 * 16
    assert per_step == pytest.approx(flops.gpt_block_step_flops(3, 16, 2, 8, 10))


@pytest.mark.parametrize("name", [row["id"] for row in ROWS if "narayanan-2021" in row["source"]])
def test_every_row_of_narayanans_table_counts_by_his_formula(name):
    arch = model(name)
    exact = flops.training_flops_per_token(arch, 2048, causal=False) * 512 * 2048
    assert exact == pytest.approx(
        flops.gpt_block_step_flops(512, 2048, arch.layers, arch.hidden, 51200), rel=1e-12
    )


def test_gpt_3_costs_the_published_3_14e23_flop():
    assert flops.six_nd(shapes.parameters(model("gpt-3-175b")), 300e9) == pytest.approx(3.14e23, rel=0.002)


def test_six_nd_leaves_out_1_to_2_percent_of_gpt_3():
    exact = flops.training_flops_per_token(model("gpt-3-175b"), 2048)
    assert 1.01 < exact / flops.six_nd(shapes.parameters(model("gpt-3-175b")), 1) < 1.02


def test_palm_540b_costs_the_published_3_28e12_flop_a_token():
    exact = flops.training_flops_per_token(model("palm-540b"), 2048, causal=False)
    assert exact == pytest.approx(3.28e12, rel=0.001)


def test_a_mixture_of_experts_costs_near_six_times_its_active_parameters():
    arch = model("mixtral-8x7b")
    exact = flops.training_flops_per_token(arch, 4096)
    assert exact == pytest.approx(flops.six_nd(shapes.active_parameters(arch), 1), rel=0.05)


def test_latent_attention_pays_for_its_wide_scores():
    arch = model("deepseek-v3")
    per_pair = 2 * 128 * (128 + 64 + 128)
    assert flops.score_flops_per_token(arch, 4095) == 61 * per_pair * 2048


def test_a_windowed_model_stops_growing_with_the_sequence():
    growth = flops.score_flops_per_token(model("mistral-7b-v0.1"), np.array([8192, 65536]))
    full = flops.score_flops_per_token(model("llama-3-8b"), np.array([8192, 65536]))
    assert growth[1] / growth[0] < 1.4 < 7 < full[1] / full[0]


def test_an_encoder_sees_both_ways_whatever_is_asked():
    arch = model("bert-base")
    assert flops.score_flops_per_token(arch, 512) == flops.score_flops_per_token(arch, 512, causal=False)


def test_t5_11b_costs_three_nd_within_a_tenth():
    arch = model("t5-11b")
    exact = flops.training_flops_per_token(arch, 512)
    assert exact == pytest.approx(flops.encoder_decoder_flops(shapes.parameters(arch), 1), rel=0.10)


def test_a_longer_source_costs_more_though_the_target_stays():
    arch = model("t5-base")
    short = flops.forward_flops_per_token(arch, 128, target_len=128) * 256
    long = flops.forward_flops_per_token(arch, 512, target_len=128) * 640
    assert long > 2 * short


def test_a_hybrid_pays_scores_in_its_attention_blocks_only():
    arch = model("jamba-v0.1")
    assert flops.score_flops_per_token(arch, 2047) == 4 * 4 * 32 * 128 * 1024


def test_training_is_three_forward_passes():
    assert flops.training_flops_per_token(tiny(), 16) == 3 * flops.forward_flops_per_token(tiny(), 16)


def test_a_causal_query_meets_half_the_keys_and_itself():
    assert flops.visible_keys(9) == 5


def test_a_window_bounds_the_keys_met():
    sequence, window = 100, 10
    by_hand = np.mean([min(i, window) for i in range(1, sequence + 1)])
    assert flops.visible_keys(sequence, window) == pytest.approx(by_hand)


def test_a_window_wider_than_the_sequence_changes_nothing():
    assert flops.visible_keys(100, 4096) == flops.visible_keys(100)


def test_lengths_broadcast():
    lengths = np.array([128, 1024, 8192])
    counts = flops.training_flops_per_token(tiny(), lengths)
    assert counts.shape == (3,)
    assert np.all(np.diff(counts) > 0)
    assert counts[1] == flops.training_flops_per_token(tiny(), 1024)


def test_grouped_keys_cost_less_than_full_heads():
    assert flops.forward_flops_per_token(tiny(kv_heads=1), 8) < flops.forward_flops_per_token(tiny(), 8)


def test_a_token_pays_for_the_experts_it_meets_and_the_router_only():
    moe = tiny(experts=8, active_experts=2, shared_experts=1, expert_ffn_hidden=32)
    dense = tiny(ffn_hidden=96)
    router = 2 * 2 * 8 * 8
    assert flops.forward_flops_per_token(moe, 8) == flops.forward_flops_per_token(dense, 8) + router


def test_six_nd_is_kaplans_rule():
    assert flops.six_nd(175e9, 300e9) == pytest.approx(3.15e23)


def test_an_encoder_decoder_costs_three_nd():
    assert flops.encoder_decoder_flops(11e9, 1e12) == flops.six_nd(11e9, 1e12) / 2


def test_lora_without_adapters_is_two_thirds_of_full_training():
    assert flops.lora_flops(7e9, 1e9, 0) == pytest.approx(flops.six_nd(7e9, 1e9) * 2 / 3)


def test_distillation_adds_one_forward_pass_of_the_teacher():
    assert flops.distillation_flops(1e9, 70e9, 1e9) == flops.six_nd(1e9, 1e9) + 2 * 70e9 * 1e9


def test_full_recomputation_repeats_every_forward():
    assert flops.recompute_factor("full") == pytest.approx(96 / 72)
    assert flops.recompute_factor("none") == 1
    assert flops.recompute_factor("selective") == 1  # no scores, nothing of them again
    assert 1 < flops.recompute_factor("selective", 0.1) < flops.recompute_factor("full")


def test_an_unknown_recomputation_names_the_three_there_are():
    with pytest.raises(BadInput, match="none, selective, full"):
        flops.recompute_factor("some")


@pytest.mark.parametrize("length", [0, -1, float("nan")])
def test_an_empty_sequence_is_refused(length):
    with pytest.raises(BadInput, match="at least 1 token"):
        flops.forward_flops_per_token(tiny(), length)
