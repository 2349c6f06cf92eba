import numpy as np
import pytest

from jevons.core.errors import BadInput
from jevons.estimate.server import pack as packs
from jevons.estimate.server.deployment import deployment
from jevons.estimate.server.lengths import lengths_of
from jevons.estimate.server.pack import coefficients, serving_pack
from jevons.estimate.server.physics import Load, Machine, capped, overlapped_s, step
from jevons.estimate.server.shape import (
    context_seen,
    experts_hit,
    from_counts,
    precision_of,
    served,
    weights_held_gb,
    weights_met_gb,
)
from jevons.world import models

H100 = Machine(devices=1.0, power_limit_w=700.0, memory_bw_gb_s=3350.0, peak_tflops=989.4, link_gb_s=450.0)
HOPPER = coefficients("hopper", serving_pack())
BF16 = precision_of("bf16")


def shape(name):
    return served(models.find(name).architecture)


def run(model, batch, context=500.0, machine=H100, precision=BF16, **load):
    return step(model, precision, machine, Load(batch, context, **load), HOPPER)


def test_a_token_meets_one_expert_in_expectation_and_a_large_batch_all_of_them():
    assert experts_hit(128.0, 8.0, 1.0) == pytest.approx(8 / 128)
    assert experts_hit(128.0, 8.0, 512.0) == pytest.approx(1.0, abs=1e-9)


def test_the_expected_share_of_experts_is_that_of_a_draw():
    generator = np.random.default_rng(0)
    hit = [len({e for _ in range(16) for e in generator.choice(64, 4, replace=False)}) / 64 for _ in range(400)]
    assert experts_hit(64.0, 4.0, 16.0) == pytest.approx(np.mean(hit), rel=0.02)


def test_a_dense_model_reads_all_its_weights_at_any_batch():
    model = shape("llama-3.1-8b")
    assert weights_met_gb(model, BF16, 1.0)[0] == weights_met_gb(model, BF16, 256.0)[0] == pytest.approx(15.0, rel=0.01)
    assert weights_met_gb(model, BF16, 256.0)[1] == 0


def test_weights_in_mxfp4_are_those_of_the_published_checkpoint():
    assert weights_held_gb(shape("gpt-oss-120b"), precision_of("mxfp4")) == pytest.approx(65.2, rel=0.02)


@pytest.mark.parametrize(("name", "elements"), [("llama-3.1-8b", 65_536), ("deepseek-v3", 35_136), ("qwen3-32b", 131_072)])
def test_the_cache_of_a_token_counts_grouped_and_latent_attention(name, elements):
    assert shape(name).kv_elements == elements


def test_windowed_blocks_stop_reading_at_their_window():
    model = shape("gemma-3-27b")
    assert context_seen(model, 1000.0) == 1000.0
    assert context_seen(model, 100_000.0) < 0.2 * 100_000


def test_recurrent_blocks_carry_a_state_whatever_the_context():
    jamba = shape("jamba-v0.1")
    assert jamba.state_elements > 0
    assert jamba.kv_elements < 0.2 * 2 * 32 * 8 * 128


def test_an_encoder_decoder_is_refused_by_name():
    with pytest.raises(BadInput, match="t5-base"):
        shape("t5-base")


def test_a_precision_nobody_knows_lists_those_known():
    with pytest.raises(BadInput, match="mxfp4"):
        precision_of("fp7")


def test_a_mixture_known_by_counts_alone_keeps_its_totals():
    model = from_counts(235.0, 22.0, 94, 4096)
    assert model.dense_params_b + model.expert_params_b == pytest.approx(235.0)
    assert model.active_params_b == pytest.approx(22.0)


def test_energy_of_a_token_falls_with_the_batch_and_that_of_a_step_rises():
    batch = 2.0 ** np.arange(9)
    found = run(shape("llama-3.1-8b"), batch)
    assert (np.diff(found.energy_j / batch) < 0).all()
    assert (np.diff(found.energy_j) > 0).all()


def test_time_and_energy_rise_with_context_prompts_and_parameters():
    small, large = shape("llama-3.1-8b"), shape("llama-3.1-70b")
    plain = run(small, 32.0)
    for other in (run(small, 32.0, context=8000.0), run(small, 32.0, requests=0.1, prompt_tokens=2000.0), run(large, 32.0)):
        assert other.total_s > plain.total_s
        assert other.energy_j > plain.energy_j


def test_a_step_is_never_shorter_than_its_longest_part_and_power_stays_below_the_limit():
    found = run(shape("llama-3.1-8b"), 2.0 ** np.arange(10), requests=0.2, prompt_tokens=500.0)
    device = found.weights_s + found.cache_s + found.arithmetic_s + found.prompt_s + found.experts_s + found.collectives_s
    assert (found.total_s >= device).all()
    assert (found.energy_j / found.total_s < 700 * 1.05).all()


def test_prefill_and_the_cache_are_parts_of_the_whole():
    found = run(shape("llama-3.1-8b"), 32.0, requests=0.2, prompt_tokens=500.0)
    assert 0 < found.prefill_j < found.energy_j
    assert 0 < found.cache_j < found.energy_j
    assert 0 < found.prefill_s < found.total_s
    assert run(shape("llama-3.1-8b"), 32.0).prefill_j == 0


def test_long_prompts_pay_for_attention_in_the_square():
    short, long = (run(shape("llama-3.1-8b"), 1.0, requests=1.0, prompt_tokens=t).prompt_s for t in (1e3, 64e3))
    assert long > 1.5 * 64 * short


def test_one_device_needs_no_collectives_and_eight_pay_for_them():
    eight = Machine(8.0, 700.0, 3350.0, 989.4)
    assert run(shape("llama-3.1-8b"), 32.0).collectives_s == 0
    assert run(shape("llama-3.1-8b"), 32.0, machine=eight).collectives_s > 0
    assert run(shape("llama-3.1-8b"), 8.0, machine=eight).energy_j > run(shape("llama-3.1-8b"), 8.0).energy_j


def test_fp8_saves_on_dense_models_at_every_batch():
    for batch in (1.0, 64.0, 512.0):
        narrow = run(shape("llama-3.1-70b"), batch, precision=precision_of("fp8"), machine=Machine(4.0, 700.0, 3350.0, 989.4, 2.0))
        wide = run(shape("llama-3.1-70b"), batch, machine=Machine(4.0, 700.0, 3350.0, 989.4))
        assert narrow.energy_j < wide.energy_j


def test_overlap_lies_between_the_longer_and_the_sum():
    assert overlapped_s(3.0, 1.0, 1.0) == pytest.approx(4.0)
    assert overlapped_s(3.0, 1.0, 50.0) == pytest.approx(3.0)
    assert 3.0 < overlapped_s(3.0, 1.0, 2.0) < 4.0


def test_a_power_limit_trades_time_for_energy_and_one_above_the_mean_changes_nothing():
    free = run(shape("llama-3.1-8b"), 64.0)
    held = capped(free, 1.0, 350.0, 70.0)
    assert held.total_s > free.total_s
    assert held.energy_j < free.energy_j
    assert held.energy_j / held.total_s == pytest.approx(350.0)
    assert capped(free, 1.0, 700.0, 70.0).energy_j == pytest.approx(free.energy_j)


def test_numbers_and_arrays_give_the_same():
    model, batch = shape("qwen3-30b-a3b"), np.array([1.0, 16.0, 256.0])
    together = run(model, batch).energy_j
    assert together == pytest.approx([float(run(model, b).energy_j) for b in batch])


def test_a_known_family_is_corrected_by_what_is_known_of_it_and_an_unknown_one_is_not():
    key = "A|hopper|bf16"
    pack = {"correction_batch": 64.0, "correction_range": [8, 512], "corrections": {
        key: {"level": 0.1, "slope": 0.2, "bend": 0.01}, f"{key}|devices 2": {"level": -0.05, "slope": 0.0, "bend": 0.0},
        f"{key}|task chat": {"level": 0.3, "slope": 0.0, "bend": 0.0}}}  # fmt: skip
    x = np.log(2.0)
    assert packs.correction("B", "hopper", "bf16", 128, pack) == 0
    assert packs.correction("A", "hopper", "bf16", 128, pack) == pytest.approx(0.1 + 0.2 * x + 0.01 * x**2)
    assert packs.correction("A", "hopper", "bf16", 64, pack, 2, "chat") == pytest.approx(0.1 - 0.05 + 0.3)
    assert packs.correction("A", "hopper", "bf16", 64, pack, 4, "other") == pytest.approx(0.1)
    assert packs.correction("A", "hopper", "bf16", 10_000, pack) == packs.correction("A", "hopper", "bf16", 512, pack)


def test_corrected_energy_of_a_token_still_falls_with_the_batch():
    shipped, batches = serving_pack(), np.geomspace(8, 512, 40)
    known = {family: model for model, family in shipped["families"].items()}
    for key in (k for k in shipped["corrections"] if k.split("|")[0] in known):
        family, generation, precision, *_ = key.split("|")
        model = known[family]
        d = deployment(model, {"hopper": "h100", "blackwell": "b200"}[generation], 8, None, None, precision, None, lengths_of(500, 500), None, "bf16", None)
        each = d.step(batches).energy_j * d.correction(batches) / batches
        assert (np.diff(each) < 0).all(), key
