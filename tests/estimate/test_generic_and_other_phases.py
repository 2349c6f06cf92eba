"""Any computation, and the phases around training."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import jevons
from jevons.core.errors import BadInput
from jevons.core.uncertain import interval
from jevons.estimate import (
    data_preparation,
    distillation,
    experimentation,
    fine_tuning,
    generic,
    storage,
    sweep,
    training,
    transfer,
)
from jevons.estimate.generic import generic_energy_kwh
from means import means_missing


def test_green_algorithms_equation_gives_what_a_hand_does():
    assert generic_energy_kwh(12, 12, 12.0, 1.0, 64, 0.3725) == pytest.approx(12 * (12 * 12 + 64 * 0.3725) / 1000)


def test_a_named_processor_gives_its_power_a_core():
    run = generic("2 hours", cpu="AMD EPYC 9654", cores=96, usage=0.5)
    assert run.total()[0] == pytest.approx(2 * 360 * 0.5 / 1000)


def test_memory_is_counted_whether_used_or_not():
    assert generic(10, memory="100 GB", draws=0).total()[0] == pytest.approx(10 * 100 * 0.3725 / 1000)


def test_repeats_multiply_everything():
    once, thrice = (generic(1, core_power=10, cores=4, on="a100", repeats=r, draws=0) for r in (1, 3))
    assert thrice.total()[0] == pytest.approx(3 * once.total()[0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"hours": 1}, "say what computes"), ({"hours": -1, "cores": 1, "core_power": 1}, "hours: -1"),
     ({"hours": 1, "cores": 1, "core_power": 1, "usage": 2}, "usage: 2 will not do; give a share of 0 to 1"),
     ({"hours": "three cups", "cores": 1, "core_power": 1}, "hours: 'three cups' will not do")],
)  # fmt: skip
def test_bad_computations_are_refused(arguments, words):
    with pytest.raises(BadInput, match=words):
        generic(**arguments)


def test_storage_counts_every_replica_and_the_drives_themselves():
    one, three = (storage("10 TB", 12, replicas=r, draws=0) for r in (1, 3))
    assert three.total()[0] == pytest.approx(3 * one.total()[0])
    assert one.total()[0] == pytest.approx(10 * 8760 * 0.65 / 1000)
    fp = jevons.footprint(one, "France", draws=0)
    assert fp.by("lifecycle")["manufacture"][0] == pytest.approx(10 * 1.334 / 5, rel=0.01)


def test_average_and_marginal_transfer_are_two_different_answers():
    average, marginal = transfer("1 TB").total()[0], transfer("1 TB", accounting="marginal").total()[0]
    assert average > 10 * marginal


def test_a_network_row_already_holds_its_facility():
    assert jevons.footprint(transfer(1000), jevons.site("France", pue=2.0)).best("energy") == pytest.approx(6.5)


def test_experimentation_is_the_development_less_the_final_run():
    final = training("llama-2-7b", "1T", "a100", 64)
    trials = experimentation(final, 1.5)
    assert trials.total()[0] == pytest.approx(0.5 * final.total()[0])
    assert set(trials.text["stage"]) == {"experimentation"}
    whole = jevons.footprint(final + trials, "France")
    assert sum(v[0] for v in whole.by("stage").values()) == pytest.approx(whole.best())


def test_a_development_smaller_than_its_final_run_is_refused():
    with pytest.raises(BadInput, match="multiplier: 0.5 will not do"):
        experimentation(training("llama-2-7b", "1T", "a100", 64), 0.5)


def test_data_preparation_is_a_stage_of_its_own():
    assert set(data_preparation(100, core_power=5, cores=64).text["stage"]) == {"data"}


def test_lora_saves_a_third_of_the_work_of_full_fine_tuning():
    full, lora = (fine_tuning("llama-2-7b", "100M", "a100", method=m, adapter_params=0 if m == "lora" else None, draws=0)
                  for m in ("full", "lora"))  # fmt: skip
    assert lora.total()[0] / full.total()[0] == pytest.approx(2 / 3)


def test_an_unknown_fine_tuning_method_is_refused():
    with pytest.raises(BadInput, match="method: 'magic' will not do; choose one of full, lora, qlora"):
        fine_tuning("llama-2-7b", "100M", "a100", method="magic")


def test_distillation_adds_the_teachers_forward_pass():
    alone = fine_tuning("llama-3.2-1b", "1B", "h100", method="full", draws=0)
    taught = distillation("llama-3.2-1b", "llama-3.1-70b", "1B", "h100", draws=0)
    student, teacher = 1.236e9, 70.55e9
    assert taught.total()[0] / alone.total()[0] == pytest.approx(1 + 2 * teacher / (6 * student), rel=0.01)


def test_three_fine_tunings_rank_by_their_work():
    energy = [fine_tuning(m, "50M", "a100", method="full", draws=0).total()[0] for m in ("bart-base", "t5-base", "llama-3-8b")]
    assert energy == sorted(energy)
    assert energy[2] > 20 * energy[1]


def test_three_fine_tunings_compared_share_what_they_share():
    """Summaries by BART, T5 and Llama-3-8B: the largest costs most, whatever the draw, for all run on one card at one place."""
    runs = [jevons.footprint(fine_tuning(m, "50M", "a100", method="full"), at="Germany") for m in ("bart-base", "t5-base", "llama-3-8b")]
    for smaller, larger in itertools.pairwise(runs):
        low, high = interval((larger - smaller)["climate"])
        assert 0 < low < high


def test_a_sweep_equals_its_scenarios_one_by_one():
    tokens, n = np.array([1e11, 5e11, 2e12]), np.array([8.0, 64.0, 512.0])
    intensity = np.array([0.05, 0.4, 0.8])
    totals = sweep("llama-2-7b", tokens, "a100", n, at="France", intensity=intensity)
    for i in range(3):
        one = jevons.footprint(training("llama-2-7b", tokens[i], "a100", n[i], draws=0),
                               jevons.site("France", intensity=intensity[i]), draws=0)  # fmt: skip
        assert totals["energy_kwh"][i] == pytest.approx(one.best("energy"))
        parts = one.by("lifecycle")
        assert totals["climate_operation_kg"][i] == pytest.approx(parts["operation"][0])
        assert totals["climate_manufacture_kg"][i] == pytest.approx(parts["manufacture"][0])


def test_a_sweep_over_two_processes_gives_the_same_totals():
    tokens = np.linspace(1e11, 1e12, 70_000)
    alone, shared = (sweep("llama-2-7b", tokens, "a100", 64, at="France", jobs=j) for j in (1, 2))
    assert np.array_equal(alone["energy_kwh"], shared["energy_kwh"])


def test_a_sweep_over_dask_gives_the_same_totals():
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        means_missing("distributed is not installed (extra: dask)")
    tokens = np.linspace(1e11, 1e12, 70_000)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        shared = sweep("llama-2-7b", tokens, "a100", 64, at="France", jobs=2, backend="dask")
    assert np.array_equal(shared["energy_kwh"], sweep("llama-2-7b", tokens, "a100", 64, at="France")["energy_kwh"])


def test_a_sweep_takes_lists_of_places_devices_and_formats():
    asked = {"on": ["a100", "h100", "a100", "h100"], "at": ["France", "Poland", "Poland", "France"],
             "precision": ["bf16", "fp16", "bf16", "bf16"], "batch": [512, 512, 1024, 512]}  # fmt: skip
    totals = sweep("llama-2-7b", [1e11, 1e11, 2e11, 3e11], n=64, **asked)
    for i in range(4):
        one = {name: values[i] for name, values in asked.items()}
        run = training("llama-2-7b", (i + (i == 0)) * 1e11, n=64, draws=0, **{k: v for k, v in one.items() if k != "at"})
        assert totals["energy_kwh"][i] == pytest.approx(jevons.footprint(run, one["at"], draws=0).best("energy"))


@pytest.mark.parametrize(
    ("kind", "fixed", "varied"),
    [
        ("training", {"model": "llama-2-7b", "tokens": "1T", "on": "a100", "n": 64}, {"power": [300.0, 400.0]}),
        ("training", {"model": "llama-2-7b", "tokens": "1T", "on": "a100", "n": 64},
         {"life": [3.0, 6.0], "utilisation": [0.3, 0.9], "pue": [1.1, 1.5], "wue": [0.0, 2.0]}),
        ("training", {"model": "llama-2-7b", "tokens": "1T", "on": "a100", "n": 64, "batch": 1024}, {"goodput": [0.8, 0.9]}),
        ("training", {"params": "7B", "tokens": "1T", "on": "a100"}, {"year": [2021, 2024]}),
        ("recorded", {"on": "h100", "n": 8}, {"hours": [10.0, 20.0], "power": [500.0, 600.0]}),
        ("generic", {"cpu": "epyc 7763"}, {"hours": [1.0, 2.0], "usage": [0.5, 1.0]}),
        ("storage", {"terabytes": 4}, {"months": [6.0, 12.0], "medium": ["hdd", "ssd"]}),
        ("fine-tuning", {"model": "llama-3-8b", "tokens": "1B", "on": "h100"}, {"method": ["lora", "full"]}),
    ],
)  # fmt: skip
def test_any_argument_of_any_door_may_vary_in_a_sweep(kind, fixed, varied):
    totals = sweep(kind=kind, at="France", **fixed, **varied)
    for i in range(2):
        one = sweep(kind=kind, at="France", **fixed, **{name: values[i] for name, values in varied.items()})
        for name, values in totals.items():
            assert values[i] == pytest.approx(one[name][0])
    assert any(values[0] != values[1] for values in totals.values())


def test_a_sweep_refuses_an_argument_that_nobody_takes():
    with pytest.raises(BadInput, match="utilization.*did you mean 'utilisation'"):
        sweep("llama-2-7b", "1T", "a100", 64, utilization=[0.5, 0.6])
    with pytest.raises(BadInput, match=r"pue.*jevons\.site"):
        sweep("llama-2-7b", "1T", "a100", 64, at=jevons.site("France"), pue=[1.1, 1.2])


def test_a_sweep_gives_no_total_of_what_the_study_leaves_out():
    totals = sweep("llama-2-7b", [1e11, 2e11], "a100", 64, at="France", study=jevons.Study(indicators=("climate",)))
    assert set(totals) == {"climate_operation_kg", "climate_manufacture_kg"}


@pytest.mark.parametrize(("given", "words"), [
    ({"tokens": [1e11, None]}, "tokens.*for every scenario"), ({"kind": ["training"]}, "kind"), ({"jobs": 0}, "jobs"),
    ({"jobs": 2, "backend": "slurm"}, "backend: 'slurm'"), ({"tokens": []}, "tokens"), ({"tokens": [[1e11]]}, "tokens"),
    ({"at": ["France", "Atlantis"]}, "Atlantis"), ({"tokens": [1e11, float("nan")]}, "tokens"),
])  # fmt: skip
def test_a_sweep_refuses_what_is_no_list_of_scenarios(given, words):
    with pytest.raises(BadInput, match=words):
        sweep(**{"model": "llama-2-7b", "tokens": 1e11, "on": "a100", "n": 64, "at": "France", **given})


def test_arrays_of_two_lengths_are_refused():
    with pytest.raises(BadInput, match="give arrays of one length"):
        sweep("llama-2-7b", np.ones(3) * 1e11, "a100", np.ones(2))
