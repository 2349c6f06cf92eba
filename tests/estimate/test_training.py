"""Training: what a run will consume, from what is known before it starts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jevons
from jevons.core.errors import BadInput, UnknownName
from jevons.estimate import training
from jevons.estimate.cluster.throughput_prior import EarlierRun


def hours(activity):
    return float(activity.served["device hour"][0])


def test_five_lines_give_energy_carbon_water_and_cost_with_an_interval():
    run = training("gpt-3", tokens=300e9, on="v100", n=10_000, year=2020)
    fp = jevons.footprint(run, at=jevons.site("us-central1", year=2020, pue=1.10))
    assert fp.indicators == ("energy", "climate", "water_on_site", "water_off_site", "water_scarcity", "cost")
    low, high = fp.interval("climate")
    assert low < fp.best("climate") < high


def test_gpt_3_is_within_the_interval_of_what_was_published():
    run = training("gpt-3", tokens=300e9, on="v100", n=10_000, year=2020)
    fp = jevons.footprint(run, at=jevons.site("us-central1", year=2020, pue=1.10, intensity="429 g/kWh"))
    low, high = fp.interval("energy")
    assert low < 1_287_000 < high
    assert fp.by("lifecycle")["operation"][0] == pytest.approx(552_100, rel=0.1)


def test_every_number_of_the_printed_climate_is_explained_line_by_line():
    fp = jevons.footprint(training("bloom-176b", "366B", "a100-80gb", 384), "France")
    explained = fp.explain("climate")
    assert explained.recomputed == pytest.approx(fp.best("climate"), rel=1e-12)
    assert all(line.source.id for line in explained.lines)
    assert {line.component for line in explained.lines} >= {"accelerator", "host", "facility overhead"}


@given(tokens=st.floats(1e9, 1e13), more=st.floats(1.01, 10))
@settings(max_examples=25, deadline=None)
def test_more_tokens_never_cost_less(tokens, more):
    few = training("llama-2-7b", tokens, "a100", 64, draws=0)
    many = training("llama-2-7b", tokens * more, "a100", 64, draws=0)
    assert many.total()[0] > few.total()[0]
    assert hours(many) == pytest.approx(hours(few) * more)


@given(n=st.integers(1, 100_000))
@settings(max_examples=25, deadline=None)
def test_effective_mfu_never_exceeds_what_a_matrix_product_reaches(n):
    run = training("llama-2-7b", 1e12, "a100", n, draws=0)
    mfu = 6 * 6_738_415_616 * 1e12 / (hours(run) * 3600 * 312e12)
    assert mfu < 271.2 / 312


def test_a_thousand_scenarios_come_back_as_an_array():
    tokens = np.linspace(1e11, 2e12, 1000)
    run = training("llama-2-7b", tokens, "a100", np.full(1000, 64.0))
    fp = jevons.footprint(run, jevons.site("France", intensity=np.linspace(0.01, 0.9, 1000)))
    assert fp.best("climate").shape == (1000,)
    one = jevons.footprint(training("llama-2-7b", tokens[7], "a100", 64), jevons.site("France", intensity=0.01 + 7 * 0.89 / 999))
    assert fp.best("climate")[7] == pytest.approx(one.best("climate"), rel=1e-9)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    def low(seed):
        return jevons.footprint(training("bloom", "366B", "a100", 384, seed=seed), "France").interval()[0]

    assert low(0) == low(0)
    assert low(0) != low(1)


def test_a_config_json_is_a_model(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 32, "intermediate_size": 11008, "vocab_size": 32000, "tie_word_embeddings": False}))  # fmt: skip
    mine, table = training(str(path), "1T", "a100", 64, draws=0), training("llama-2-7b", "1T", "a100", 64, draws=0)
    assert mine.total()[0] == pytest.approx(table.total()[0])


def test_bare_parameter_counts_suffice():
    dense = training(params="7B", tokens="1T", on="h100", n=256, draws=0)
    sparse = training(params="70B", active="7B", tokens="1T", on="h100", n=256, draws=0)
    assert hours(dense) == pytest.approx(hours(sparse))


def test_an_encoder_decoder_passes_each_token_through_half_of_its_weights():
    t5 = training("t5-11b", "1T", "tpuv3", 512, draws=0)
    dense = training(params=11.3e9, tokens="1T", on="tpuv3", n=512, draws=0)
    assert hours(t5) / hours(dense) == pytest.approx(0.5, abs=0.02)


def test_an_earlier_run_of_the_same_stack_narrows_the_interval():
    earlier = EarlierRun(device_hours=184_320, flops=6 * 6.7e9 * 2e12, params_active=6.7e9,
                         hardware_generation="ampere", peak_flops=312e12, year=2023)  # fmt: skip
    def width(run):
        low, high = jevons.footprint(run, "USA").interval("energy")
        return high / low

    alone = training("llama-2-13b", "2T", "a100", 512, year=2023)
    told = training("llama-2-13b", "2T", "a100", 512, year=2023, earlier_run=earlier)
    assert width(told) < width(alone)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"tokens": "2 apples"}, "tokens: '2 apples' will not do"),
     ({"tokens": -1}, "tokens: -1 will not do; give a value of at least 0"),
     ({"tokens": float("nan")}, "tokens: nan will not do; give a finite number"),
     ({"tokens": 0}, "tokens: 0 will not do; give a positive count"),
     ({"n": 0}, "n: 0.0 will not do; give a whole number of devices"),
     ({"n": "many"}, "n: 'many' will not do"),
     ({"on": ""}, "on: '' will not do; name the accelerator"),
     ({"precision": "fp7"}, "precision: 'fp7' will not do"),
     ({"power": -5}, "power: -5 will not do"),
     ({"params": "7B", "active": "70B"}, "active: 70000000000.0 will not do; at most the total"),
     ({"goodput": 1.5, "batch": 512}, "goodput: 1.5 will not do; give a share above 0 and at most 1")],
)  # fmt: skip
def test_bad_input_names_the_field_the_value_and_the_mend(changes, words):
    arguments = {"model": "llama-2-7b", "tokens": "1T", "on": "a100", "n": 64, **changes}
    with pytest.raises(BadInput, match=words):
        training(**arguments)


def test_a_model_nobody_knows_is_refused_with_the_three_nearest():
    with pytest.raises(UnknownName, match="nearest") as caught:
        training("zorglub-9x", "1T", "a100", 64)
    assert len(caught.value.nearest) == 3


def test_hardware_nobody_knows_is_refused_with_the_three_nearest():
    with pytest.raises(UnknownName, match="nearest"):
        training("llama-2-7b", "1T", "h9000", 64)


def test_without_tokens_the_published_count_is_used_and_said():
    run = training("llama-2-7b", on="a100", n=64)
    assert float(run.served["token"][0]) == 2e12
    assert any(a.what == "tokens" for a in run.assumptions)


def test_a_dated_run_may_be_priced_by_the_hour(tmp_path):
    series = tmp_path / "grid.csv"
    lines = [f"2026-01-{d:02d}T{h:02d}:00,{200 + 10 * h}" for d in range(1, 29) for h in range(24)]
    series.write_text("\n".join(["time,ci_g_per_kwh", *lines]) + "\n")
    run = training("llama-2-7b", "10B", "a100", 512, start="2026-01-03T06:00", draws=0)
    fp = jevons.footprint(run, jevons.site("France", series=str(series), pue=1.0), draws=0)
    hours = float(run.served["wall hour"][0])
    assert hours < 18
    rate = fp.by("lifecycle")["operation"][0] / fp.best("energy")
    assert 0.26 <= rate <= 0.2 + 0.01 * (6 + hours)


def test_a_start_needs_an_end():
    with pytest.raises(BadInput, match="say how many devices too"):
        training("llama-2-7b", "10B", "a100", start="2026-01-03")


def test_an_earlier_run_may_be_told_in_the_words_of_an_estimate():
    words = {"device_hours": 184_320, "params": 6.7e9, "tokens": "2T"}
    exact = EarlierRun(184_320, 6 * 6.7e9 * 2e12, 6.7e9, "ampere", 3.12e14, 2023)
    told, same = (training("llama-2-13b", "2T", "a100", 512, year=2023, earlier_run=e) for e in (words, exact))
    assert np.array_equal(told.amount, same.amount)


@pytest.mark.parametrize(
    ("earlier", "words"),
    [({"hours": 3}, "hours.*did you mean 'device_hours'"), ({"params": "7B", "tokens": "1T"}, "device_hours"),
     ({"device_hours": 9}, "earlier_run: model"), ({"device_hours": -9, "params": "7B", "tokens": "1T"}, "earlier_run: device_hours")],
)  # fmt: skip
def test_an_earlier_run_that_says_too_little_is_refused(earlier, words):
    with pytest.raises(BadInput, match=words):
        training("llama-2-13b", "2T", "a100", earlier_run=earlier)


def test_a_stated_mfu_gives_the_hours_and_goodput_what_is_lost():
    run = training(params=7e9, tokens=1e12, on="h100", n=64, mfu=0.4, goodput=0.8, draws=0)
    wanted = 6 * 7e9 * 1e12 / (989.4e12 * 0.4 * 3600)
    assert run.served["device hour"][0] == pytest.approx(wanted / 0.8, rel=1e-3)
    stages = run.by("stage", flow="electricity")
    assert stages["restarts and evaluation"][0] / stages["training"][0] == pytest.approx(0.25)


@pytest.mark.parametrize("mfu", [0, -0.1, 1.2, "sixty", float("nan")])
def test_an_mfu_that_is_no_share_of_the_dense_peak_is_refused(mfu):
    with pytest.raises(BadInput, match="mfu"):
        training(params=7e9, tokens=1e12, on="h100", mfu=mfu)


def test_a_stated_mfu_beside_what_would_be_overheard_is_refused():
    for extra in ({"batch": 512}, {"layout": "tensor=2"}, {"sequence": 4096}, {"earlier_run": {"device_hours": 3}}):
        with pytest.raises(BadInput, match=next(iter(extra))):
            training("llama-2-7b", tokens=1e12, on="h100", n=64, mfu=0.4, **extra)


def _memory_notes(run):
    return [a for a in run.assumptions if a.what == "memory"]


def test_states_that_exceed_all_memory_are_said_to():
    (note,) = _memory_notes(training("llama-2-70b", "1T", "a100-80gb", 8, draws=0))
    assert "1104 GB" in note.value
    assert "there are 640" in note.value
    assert not _memory_notes(training("llama-2-70b", "1T", "a100-80gb", 64, draws=0))
    assert not _memory_notes(training("llama-2-70b", "1T", "a100-80gb", draws=0))


def test_an_adapter_needs_its_frozen_weights_alone():
    tune = jevons.estimate.fine_tuning
    assert _memory_notes(tune("llama-2-70b", "1M", "rtx-4090", method="qlora", draws=0))
    assert not _memory_notes(tune("llama-2-7b", "1M", "rtx-4090", method="lora", draws=0))
    assert _memory_notes(tune("llama-2-7b", "1M", "rtx-4090", method="full", draws=0))


def test_a_format_that_the_device_lacks_is_said_at_level_zero_too():
    run = jevons.estimate.training("llama-2-7b", "1T", on="a100", n=64, precision="fp8")
    assert any("the device has no fp8 peak" in note.why for note in run.assumptions)
    asked = jevons.estimate.training("llama-2-7b", "1T", on="t4", n=64, precision="fp16")
    assert not any("peak, so its" in note.why for note in asked.assumptions)
