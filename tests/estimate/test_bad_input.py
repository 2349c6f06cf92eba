"""Bad input never yields a number, and nothing that was said is overheard."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import jevons
from jevons.core.errors import BadInput, TableError
from jevons.core.uncertain import best
from jevons.estimate.cluster.calibrate import calibrate_training
from jevons.estimate.methods import compare_methods

TRAIN = {"model": "llama-2-7b", "tokens": "1T", "on": "a100", "n": 64, "draws": 0}


def _hours(run) -> float:
    return float(best(run.total("device_hours"))) / 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("tokens", []), ("n", []), ("n", 2.5), ("year", 1900), ("year", "2024"), ("year", 2024.5), ("precision", 16),
     ("on", ["a100"]), ("on", 100), ("layout", 3), ("layout", [1, 2]), ("earlier_run", "mine"), ("draws", "many"),
     ("draws", 1.5), ("seed", "x"), ("sequence", "banana"), ("sequence", 4096), ("goodput", 3), ("goodput", 0.9)],
)  # fmt: skip
def test_what_training_cannot_use_is_refused_by_name(field, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadInput, match=field):
            jevons.estimate.training(**{**TRAIN, field: value})


@pytest.mark.parametrize(("field", "value"), [("sequence", [1, 2]), ("sequence", 0.5), ("goodput", 1.5)])
def test_the_step_time_engine_takes_one_scenario(field, value):
    with pytest.raises(BadInput, match=field):
        jevons.estimate.training(**TRAIN, batch=512, **{field: value})


def test_an_earlier_run_beside_a_batch_is_refused_rather_than_overheard():
    from jevons.estimate.cluster.throughput_prior import EarlierRun

    earlier = EarlierRun(device_hours=1e5, flops=4e22, params_active=7e9, hardware_generation="ampere", peak_flops=3.12e14)
    with pytest.raises(BadInput, match="earlier_run"):
        jevons.estimate.training(**TRAIN, batch=512, earlier_run=earlier)


def test_a_slower_format_is_counted_on_its_own_peak():
    sixteen, single = (_hours(jevons.estimate.training(**TRAIN, precision=p)) for p in ("bf16", "fp32"))
    assert single / sixteen == pytest.approx(312 / 19.49, rel=1e-6)


def test_a_faster_format_says_that_no_gain_is_counted():
    run = jevons.estimate.training(**{**TRAIN, "on": "h100"}, precision="fp8")
    assert "gain of fp8 over 16 bits" in [a.what for a in run.assumptions]


def test_fp8_on_a_device_without_measured_steps_has_a_stand_in():
    assert _hours(jevons.estimate.training(**{**TRAIN, "on": "l40s"}, batch=512, precision="fp8")) > 0


def test_full_fine_tuning_takes_a_batch_as_training_does():
    tuned = jevons.estimate.fine_tuning("llama-2-7b", "1T", "a100", 64, method="full", batch=512, draws=0)
    assert _hours(tuned) == pytest.approx(_hours(jevons.estimate.training(**TRAIN, batch=512)))


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_adapters_refuse_a_batch_by_name(method):
    with pytest.raises(BadInput, match=r"batch.*step-time engine"):
        jevons.estimate.fine_tuning("llama-2-7b", "1B", "a100", 8, method=method, batch=64)


def test_an_encoder_decoder_meets_half_its_weights_at_every_level():
    plain = jevons.estimate.training("t5-11b", "1T", "a100", 64, draws=0)
    stepped = jevons.estimate.training("t5-11b", "1T", "a100", 64, batch=512, draws=0)
    dense = jevons.estimate.training("llama-2-13b", "1T", "a100", 64, batch=512, draws=0)
    assert 0.4 < _hours(stepped) / _hours(plain) < 1.6
    assert _hours(stepped) < 0.7 * _hours(dense)


def test_a_student_that_is_an_encoder_decoder_counts_half():
    alone = jevons.estimate.fine_tuning("t5-11b", "1B", "a100", 8, method="full", draws=0)
    taught = jevons.estimate.distillation("t5-11b", "t5-11b", "1B", "a100", 8, draws=0)
    assert _hours(taught) / _hours(alone) == pytest.approx(8 / 6)


def test_includes_pue_in_words_is_refused_lest_no_means_yes():
    with pytest.raises(BadInput, match="includes_pue"):
        jevons.estimate.recorded(on="a100", n=8, hours=5, power=300, includes_pue="no")


def test_a_sweep_over_a_list_is_one_over_an_array():
    listed = jevons.estimate.sweep("llama-2-7b", [1e11, 2e11], "a100", 64, at="France")
    array = jevons.estimate.sweep("llama-2-7b", np.array([1e11, 2e11]), "a100", 64, at="France")
    assert listed["energy_kwh"].tolist() == array["energy_kwh"].tolist()
    with pytest.raises(BadInput, match="tokens"):
        jevons.estimate.sweep("llama-2-7b", [], "a100", 64, at="France")


@pytest.mark.parametrize("n", ["x", 2.5, True, 0])
def test_comparing_methods_needs_a_whole_count(n):
    with pytest.raises(BadInput, match="n: "):
        compare_methods(10, "a100", n, "France")


@pytest.mark.parametrize(("column", "cells"), [("model", "lama-zz,a100,8,64,3"), ("on", "llama-2-7b,zz9,8,64,3"),
                                               ("n", "llama-2-7b,a100,2.5,64,3")])  # fmt: skip
def test_a_measured_step_that_cannot_be_read_names_row_and_column(tmp_path, column, cells):
    file = tmp_path / "steps.csv"
    file.write_text(f"model,on,n,batch,step_s\n{cells}\n")
    with pytest.raises(TableError) as trouble:
        calibrate_training(file)
    assert (trouble.value.row, trouble.value.column) == (2, column)
