
import numpy as np
import pytest

from counted_calls import calls
from jevons.core.errors import BadInput, Contradiction, DoesNotFit, UnknownName
from jevons.core.units import JOULES_PER_KWH
from jevons.estimate.serving import Measured, latency, serving, throughput

CHAT = {"input_tokens": 500, "output_tokens": 300}


def joules(activity, **rows):
    return float(activity.where(**rows).total()[..., 0].sum()) * JOULES_PER_KWH


def test_a_chat_on_one_h100_costs_tens_of_joules_in_two_stages():
    found = serving("llama-3.1-8b", "h100", batch=64, **CHAT)
    assert 20 < joules(found, component="accelerator") < 100
    assert set(found.by("stage")) == {"prefill", "decode"}
    assert joules(found, stage="decode") > joules(found, stage="prefill") > 0


def test_what_was_served_is_counted_in_requests_and_tokens():
    found = serving("llama-3.1-8b", "h100", batch=64, requests=1000, **CHAT)
    assert {unit: float(count[..., 0].sum()) for unit, count in found.served.items()} == {
        "request": 1000, "token": 800_000, "input token": 500_000, "output token": 300_000,
    }  # fmt: skip


def test_energy_and_hardware_time_scale_with_requests():
    one, many = (serving("llama-3.1-8b", "h100", batch=64, requests=r, **CHAT) for r in (1, 1000))
    assert many.total() == pytest.approx(1000 * one.total())
    assert many.total("device_hours") == pytest.approx(1000 * one.total("device_hours"))


def test_hours_of_a_full_deployment_are_its_device_hours():
    found = serving("llama-3.1-70b", "h100", 8, tensor=4, batch=32, hours=10, **CHAT)
    accelerators = found.where(component="accelerator manufacture").total("device_hours")
    assert float(accelerators[0]) == pytest.approx(80.0)


def test_cached_input_costs_less_and_has_its_own_row():
    plain = serving("llama-3.1-8b", "h100", batch=32, input_tokens=4000, output_tokens=200)
    cached = serving("llama-3.1-8b", "h100", batch=32, input_tokens=4000, output_tokens=200, cached_tokens=3500)
    assert joules(cached, component="accelerator") < 0.7 * joules(plain, component="accelerator")
    assert joules(cached, tokens="cached input") > 0


def test_reasoning_tokens_are_a_part_of_the_output_and_told_apart():
    plain = serving("qwen3-32b", "h100", 2, batch=32, input_tokens=300, output_tokens=4000)
    split = serving("qwen3-32b", "h100", 2, batch=32, input_tokens=300, output_tokens=4000, reasoning_tokens=3000)
    assert split.total()[0] == pytest.approx(plain.total()[0])
    assert joules(split, tokens="reasoning") == pytest.approx(3 * joules(split, tokens="output"))


def test_an_idle_deployment_shows_what_it_draws_between_requests():
    busy = serving("bloom-176b", "a100", 16, batch=1, utilisation=1, **CHAT)
    quiet = serving("bloom-176b", "a100", 16, batch=1, utilisation=0.1, **CHAT)
    assert "idle" not in busy.by("stage")
    assert joules(quiet, stage="decode") == pytest.approx(joules(busy, stage="decode"))
    assert joules(quiet, stage="idle") > joules(quiet, stage="decode")


def test_a_rate_of_requests_decides_the_batch_and_the_idle_time():
    slow, fast = (serving("llama-3.1-8b", "h100", 1, request_rate=r, hours=1, **CHAT) for r in (0.05, 8))
    assert joules(slow, stage="idle") > joules(slow, stage="decode")
    assert float(fast.served["request"][..., 0].sum()) == pytest.approx(8 * 3600)
    each = [joules(f) / float(f.served["request"][..., 0].sum()) for f in (slow, fast)]
    assert each[0] > 5 * each[1]


def test_a_limit_on_token_time_costs_energy():
    given = {"request_rate": 4, "hours": 1, "output_tokens": 300, "input_tokens": 500}
    free = serving("llama-3.1-8b", "h100", 1, **given)
    held = latency("llama-3.1-8b", "h100", 1, request_rate=4, slo_s_per_token="9 ms", **CHAT)
    assert held.per_token_s <= 0.0095
    with pytest.raises(BadInput, match="keep up"):
        serving("llama-3.1-8b", "h100", 1, slo_s_per_token="7 ms", **{**given, "request_rate": 40})
    assert joules(free) > 0


def test_speed_and_energy_come_from_one_law():
    speed = latency("llama-3.1-8b", "h100", 1, batch=np.array([1, 8, 64, 256]), **CHAT)
    assert (np.diff(speed.per_token_s) > 0).all()
    assert (np.diff(speed.tokens_per_s) > 0).all()
    assert (speed.first_token_s > speed.per_token_s).all()
    assert throughput("llama-3.1-8b", "h100", 4, tensor=1, batch=64, **CHAT) == pytest.approx(4 * speed.tokens_per_s[2])


def test_precision_narrower_than_16_bits_saves_memory_and_energy():
    wide, narrow = (serving("llama-3.1-70b", "h100", batch=16, precision=p, **CHAT) for p in ("bf16", "int4"))
    assert joules(narrow, component="accelerator") < joules(wide, component="accelerator")


def test_a_measured_point_moves_the_estimate_onto_it_and_narrows_it():
    found = serving("llama-3.1-8b", "h100", 1, batch=32, measured=Measured(0.5, 32), **CHAT)
    assert joules(found, component="accelerator") == pytest.approx(0.5 * 300)
    assert set(found.column("tier")) == {"calibrated"}


def test_a_measured_point_tells_less_of_a_batch_the_farther_it_is():
    law = {b: joules(serving("llama-3.1-8b", "h100", 1, batch=b, **CHAT), component="accelerator") for b in (8, 32, 64, 256)}
    moved = {b: joules(serving("llama-3.1-8b", "h100", 1, batch=b, measured=Measured(law[32] / 150, 32), **CHAT), component="accelerator") for b in law}
    ratio = {b: moved[b] / law[b] for b in law}
    assert ratio[32] == pytest.approx(2)
    assert 1 < ratio[256] < ratio[64] < 2
    assert 1 < ratio[8] < 2


@pytest.mark.parametrize("point", [Measured(0, 8), Measured(-1, 8), Measured(0.3, 0)])
def test_a_point_that_cannot_be_is_refused(point):
    with pytest.raises(BadInput):
        serving("llama-3.1-8b", "h100", 1, batch=8, measured=point, **CHAT)


@pytest.mark.parametrize(
    ("model", "on", "tier"),
    [("llama-3.1-8b", "h100", "family"), ("olmo-2-7b", "h100", "physics"), ("olmo-2-7b", "a100", "guess")],
)
def test_the_tier_says_how_near_the_measured_ground_is(model, on, tier):
    assert set(serving(model, on, batch=8, **CHAT).column("tier")) == {tier}


def test_a_farther_tier_has_a_wider_interval():
    def width(model, on):
        draws = serving(model, on, 1, batch=8, host_w=0, **CHAT).total()[1:]
        return np.quantile(draws, 0.9) / np.quantile(draws, 0.1)

    assert width("llama-3.1-8b", "h100") < width("olmo-2-7b", "h100") < width("olmo-2-7b", "a100")


def test_a_batch_nobody_gave_is_drawn_said_and_widens_the_interval():
    known, unknown = (serving("llama-3.1-8b", "h100", batch=b, **CHAT) for b in (64, None))
    assert any(a.what == "batch" for a in unknown.assumptions)
    assert np.ptp(np.log(unknown.total()[1:])) > 2 * np.ptp(np.log(known.total()[1:]))


def test_devices_nobody_gave_are_the_fewest_that_hold_the_model():
    found = serving("llama-3.1-405b", "h100", batch=8, **CHAT)
    assert any(a.what == "devices" and a.value.startswith("16 x") for a in found.assumptions)


def test_a_batch_larger_than_memory_allows_is_refused_with_the_largest():
    with pytest.raises(DoesNotFit, match=r"nearest that fits: batch \d+"):
        serving("llama-3.1-8b", "h100", 1, batch=4096, **CHAT)
    with pytest.raises(DoesNotFit, match="add devices"):
        serving("llama-3.1-405b", "h100", 1, batch=1, **CHAT)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"model": "llama-3.1-9b"}, UnknownName, "nearest"),
        ({"input_tokens": 200_000}, BadInput, "at most 131072 tokens"),
        ({"input_tokens": -1}, BadInput, "input_tokens"),
        ({"output_tokens": None}, BadInput, "output_tokens=500"),
        ({"output_tokens": 0}, BadInput, "at least 1 token"),
        ({"cached_tokens": 501}, Contradiction, "part of input_tokens"),
        ({"reasoning_tokens": 301}, Contradiction, "part of output_tokens"),
        ({"batch": 0}, BadInput, "at least 1 sequence"),
        ({"utilisation": 0}, BadInput, "share of time"),
        ({"n": 8, "tensor": 3}, Contradiction, "divide n"),
        ({"precision": "fp7"}, BadInput, "use one of"),
        ({"cache_precision": "mxfp4"}, BadInput, "a cache is held"),
        ({"request_rate": 1}, Contradiction, "decides batch"),
        ({"batch": None, "request_rate": 1e6}, BadInput, "keep up"),
        ({"batch": None, "request_rate": [1, 2]}, BadInput, "one rate"),
        ({"requests": 5, "hours": 1}, Contradiction, "not both"),
        ({"on": ""}, BadInput, "name the accelerator"),
        ({"model": "bert-base", "input_tokens": 100}, BadInput, "encoder"),
    ],
)
def test_bad_input_is_refused_with_field_and_mend(given, error, words):
    with pytest.raises(error, match=words):
        serving(**{"model": "llama-3.1-8b", "on": "h100", "batch": 8, **CHAT, **given})


def test_an_embedding_is_a_request_of_one_result():
    found = serving("bert-base", "h100", 1, batch=64, input_tokens=128, output_tokens=1)
    assert 0 < joules(found, component="accelerator") < 1


def test_draws_and_scenarios_are_computed_together_not_one_after_another():
    def scenarios(n):
        generator = np.random.default_rng(0)
        many = {"batch": generator.uniform(1, 100, n), "input_tokens": generator.uniform(1, 500, n), "output_tokens": generator.uniform(1, 500, n)}
        return calls(lambda: serving("llama-3.1-8b", "h100", 1, draws=0, **many))

    assert scenarios(10) == scenarios(20_000)
    few, many = (calls(lambda: serving("llama-3.1-8b", "h100", batch=64, draws=d, **CHAT)) for d in (10, 5000))  # noqa: B023
    assert few == many


# ---- wide deployments, narrow numbers, unusual machines


WIDE = {"input_tokens": 2000, "cached_tokens": 1999, "output_tokens": 100, "precision": "fp8", "draws": 0}


def test_experts_spread_over_replicas_leave_room_for_more_sequences_and_cost_less():
    alone = serving("deepseek-v3", "h100", 16, batch=64, **WIDE)
    spread = serving("deepseek-v3", "h100", 72, tensor=1, expert_spread=72, batch=64, **WIDE)
    assert joules(spread) < joules(alone)
    assert {row["tier"] for row in spread.rows()} == {"guess"}
    assert any(a.what == "exchange between replicas" for a in spread.assumptions)


@pytest.mark.parametrize(("asked", "words"), [
    ({"model": "llama-3.1-8b", "on": "h100", "n": 2, "tensor": 1, "expert_spread": 2}, "no routed experts"),
    ({"model": "deepseek-v3", "on": "h100", "n": 16, "tensor": 8, "expert_spread": 4}, "2 replicas"),
    ({"model": "deepseek-v3", "on": "h100", "n": 16, "expert_spread": 0}, "expert_spread"),
    ({"model": "llama-3.1-8b", "on": "epyc 9654"}, "estimate generic"),
    ({"model": "llama-3.1-8b", "on": "apple-m3-max"}, "power_limit"),
])  # fmt: skip
def test_a_deployment_that_cannot_be_names_the_mend(asked, words):
    with pytest.raises(BadInput, match=words):
        serving(batch=1, input_tokens=10, output_tokens=10, **asked)


def test_a_stated_power_stands_for_one_that_is_not_published():
    asked = {"model": "llama-3.1-8b", "on": "apple-m3-max", "batch": 1, "input_tokens": 10, "output_tokens": 100, "precision": "int4"}
    low, high = (serving(**asked, power_limit=watts, draws=0) for watts in ("40 W", "80 W"))
    assert joules(high) > 1.5 * joules(low)
    assert any(a.what == "power of the device" for a in low.assumptions)


def test_four_bits_hold_a_dense_model_in_a_quarter_while_mxfp4_narrows_experts_alone():
    from jevons.estimate.server.shape import precision_of, served, weights_held_gb
    from jevons.world import models

    dense = served(models.find("llama-3.1-70b").architecture)
    assert weights_held_gb(dense, precision_of("nvfp4")) < 0.35 * weights_held_gb(dense, precision_of("bf16"))
    assert weights_held_gb(dense, precision_of("mxfp4")) == weights_held_gb(dense, precision_of("bf16"))


@pytest.mark.parametrize(("spelling", "name"), [
    ("BF16", "bf16"), ("torch.bfloat16", "bf16"), ("FP8-E4M3", "fp8"), ("float8_e4m3fn", "fp8"), ("NVFP4", "fp4"), ("MXFP4", "mxfp4"),
    ("AWQ", "int4"), ("Q4_K_M", "int4"), ("W8A8", "int8"), ("half", "fp16"),
])  # fmt: skip
def test_a_precision_is_known_as_people_write_it(spelling, name):
    from jevons.estimate.server.shape import precision_of

    assert precision_of(spelling).name == name


@pytest.mark.parametrize("limit", [{}, {"slo_s_per_token": 0.02}])
def test_a_rate_too_high_names_the_devices_that_keep_up_and_they_do(limit):
    asked = {"model": "llama-3.1-70b", "on": "h100", "input_tokens": 2000, "output_tokens": 500, "request_rate": 20, "tensor": 4,
             "draws": 0, **limit}  # fmt: skip
    with pytest.raises(BadInput, match="would keep up") as trouble:
        serving(n=4, **asked)
    enough = int(str(trouble.value).split("busy; ")[1].split(" ")[0])
    assert joules(serving(n=enough, **asked)) > 0
    with pytest.raises(BadInput, match="would keep up"):
        serving(n=enough - 4, **asked)
