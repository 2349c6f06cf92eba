import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.core.errors import BadInput
from jevons.estimate.cluster.throughput_prior import (
    EarlierRun,
    calibrate,
    device_hours,
    effective_mfu,
    small_cluster_weight,
    throughput_class,
    training_pack,
    without_family,
)

A100 = {"hardware_generation": "ampere", "peak_flops": 312e12}
H100 = {"hardware_generation": "hopper", "peak_flops": 989.4e12}


def hours(params=70e9, tokens=2e12, year=2024, on=H100, **more):
    return device_hours(flops=6 * params * tokens, params_active=params, year=year, **on, **more)


def test_hours_are_work_over_peak_and_effective_mfu():
    pack = training_pack()
    mfu = effective_mfu(70e9, "hopper", None, pack["coefficients"])
    assert hours().best == pytest.approx(6 * 70e9 * 2e12 / (989.4e12 * mfu * 3600))


def test_a_best_estimate_lies_within_its_interval_and_the_slow_side_is_wider():
    run = hours()
    assert run.low < 1 < run.high
    assert run.high > 1 / run.low


def test_a100_runs_before_fused_attention_take_longer():
    assert hours(on=A100, year=2021).best > hours(on=A100, year=2023).best
    assert throughput_class("ampere", 2021, training_pack()) == ("ampere-unfused", False)


def test_an_unknown_year_counts_as_today():
    assert hours(on=A100, year=None).best == hours(on=A100, year=2026).best


def test_a_small_model_on_h100_pays_for_its_tokens():
    assert effective_mfu(1e9, "hopper", 1024, training_pack()["coefficients"]) < effective_mfu(
        70e9, "hopper", 1024, training_pack()["coefficients"]
    )


def test_a_single_node_loses_less_than_a_large_cluster():
    assert hours(on=A100, devices=8).best < hours(on=A100, devices=4096).best
    assert small_cluster_weight(None, 32.0) == 0


@given(st.floats(5e7, 1e12), st.integers(1, 20_000), st.sampled_from(["hopper", "ampere", "volta", "tpu-v3"]))
def test_fewer_devices_never_finish_earlier(params, devices, generation):
    run = {"hardware_generation": generation, "peak_flops": 1e14, "year": 2024, "flops": 1e22, "params_active": params}
    fewer, more = (device_hours(devices=n, **run).best / n for n in (devices, devices + 1))
    assert fewer >= more * (1 - 1e-9)


@given(st.floats(1.01, 100))
def test_more_tokens_never_take_fewer_hours(factor):
    assert hours(tokens=2e12 * factor).best > hours(tokens=2e12).best


def test_no_estimate_exceeds_what_hardware_can_do():
    coefficients = training_pack()["coefficients"]
    for name in coefficients["effective_mfu"]:
        assert effective_mfu(1e12, name, 1, coefficients) < 0.80  # lowest measured matmul ceiling, H100


def test_a_generation_without_published_runs_is_said_to_be_stood_in_for_and_gets_a_wider_interval():
    known, unknown = hours(), hours(on={**H100, "hardware_generation": "blackwell"})
    assert unknown.stands_in
    assert unknown.prior == "hopper"
    assert unknown.high / unknown.low > known.high / known.low
    assert hours(on={**H100, "hardware_generation": "ascend"}).prior == "other"


def test_an_earlier_run_that_was_twice_as_slow_moves_the_estimate_up_and_narrows_it():
    plain = hours()
    earlier = EarlierRun(float(2 * plain.best), 6 * 70e9 * 2e12, 70e9, year=2024, **H100)
    told = hours(earlier_run=earlier)
    assert plain.best * 1.4 < told.best < plain.best * 2
    assert told.high / told.low < plain.high / plain.low


def test_an_earlier_run_of_quite_another_size_teaches_little():
    plain = hours()
    earlier = EarlierRun(float(2 * plain.best), 6 * 70e9 * 2e12, 70e9, year=2024, **H100)
    near, far = (calibrate(earlier, n, "hopper", training_pack())[0] for n in (70e9, 1e9))
    assert 1 < far < near


def test_an_earlier_run_on_other_hardware_is_refused():
    earlier = EarlierRun(1e6, 6e23, 70e9, year=2024, **A100)
    with pytest.raises(BadInput, match="same stack"):
        hours(earlier_run=earlier)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_numbers_that_are_not_positive_are_refused_by_name(bad):
    with pytest.raises(BadInput, match="params_active"):
        device_hours(flops=1e22, params_active=bad, **H100)
    with pytest.raises(BadInput, match="devices"):
        hours(devices=0)


def test_arrays_broadcast_like_one_call_each():
    tokens, devices = np.array([1e12, 2e12, 4e12]), np.array([8.0, 64.0, np.nan])
    together = device_hours(flops=6 * 7e9 * tokens, params_active=7e9, devices=devices, year=2024, **H100)
    alone = [hours(7e9, t, devices=n).best for t, n in zip(tokens, (8, 64, None), strict=True)]
    assert together.best == pytest.approx(alone)


def test_the_pack_lists_its_rows_and_holds_a_fit_without_each_family():
    pack = training_pack()
    assert pack["n"] == len(pack["rows"])
    assert set(pack["rows"].values()) == set(pack["without"])
    assert without_family("a-series-of-its-own", pack) is None
    assert without_family("llama-2", pack)["coefficients"] != pack["coefficients"]


def test_every_prior_names_its_source():
    assert all(prior["source"] for prior in training_pack()["priors"]["step_mfu"].values())


@pytest.mark.parametrize(
    ("model", "tokens", "hours"),
    [("smollm2-1.7b", "11T", 140_000), ("smollm3-3b", "11.2T", 221_000), ("llama-3-8b", "15T", 1_300_000),
     ("llama-3-70b", "15T", 6_400_000)],
)  # fmt: skip
def test_published_hopper_runs_of_any_size_lie_within_twofold(model, tokens, hours):
    from jevons.estimate import training

    run = training(model, tokens, "h100", 384, draws=0)
    assert 0.5 < float(run.served["device hour"][0]) / hours < 2.0


def test_a_model_smaller_than_any_fitted_is_not_slowed_further():
    coefficients = training_pack()["coefficients"]
    least = coefficients["per_token_smallest_params"]
    runs = [run for run in training_pack()["priors"]["runs"] if float(run["active_params_b"]) * 1e9 < least]
    assert not runs
    mfu = [float(effective_mfu(size, "hopper", 8, coefficients)) for size in (least, least / 8)]
    assert mfu[0] == mfu[1]
    assert float(effective_mfu(4 * least, "hopper", 8, coefficients)) > mfu[0]
