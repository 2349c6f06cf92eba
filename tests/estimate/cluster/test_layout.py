"""Batch and layout: the step time decides, memory forbids, and a search answers any device count."""

from __future__ import annotations

import pytest

import jevons
from jevons.core.errors import BadInput, DoesNotFit
from jevons.estimate import training
from jevons.estimate.cluster import layout as layouts
from jevons.estimate.cluster.experts import Experts, nodes_met
from jevons.estimate.cluster.machine import block_of, machine_of
from jevons.world import devices, models


def job(name="llama-2-70b", n=512, batch=1024, on="a100-80gb", sequence=4096):
    arch = models.find(name).architecture
    device, _ = devices.device(on)
    machine = machine_of(device, devices.host_of(device.id), "bf16", [])
    return layouts.Job(block_of(arch, sequence, []), machine, n, batch, "bf16", Experts.of(arch))


def test_a_search_weighs_at_most_two_thousand_layouts_and_finds_one_that_fits():
    grid = layouts.candidates(job(), {})
    assert 100 < len(grid["tensor"]) <= 2000
    plan, _ = layouts.plan(job(), {})
    assert plan.tensor * plan.pipeline * plan.data == 512
    assert plan.memory_gb < 80


def test_the_found_layout_is_the_fastest_of_those_that_fit():
    found, _ = layouts.plan(job(), {})
    for tensor in (1, 2, 4, 8):
        other, _ = layouts.plan(job(), {"tensor": tensor})
        assert found.step_s <= other.step_s + 1e-9


@pytest.mark.parametrize("n", [96, 192, 384, 992, 1000])
def test_any_device_count_is_answered(n):
    plan, _ = layouts.plan(job(n=n, batch=2048), {})
    assert plan.tensor * plan.pipeline * plan.data == n


def test_a_layout_that_does_not_fit_says_by_how_many_gb_and_the_nearest_that_fits():
    with pytest.raises(DoesNotFit, match=r"it lacks \d+\.\d GB a device; the nearest that fits: tensor=") as caught:
        training("gpt-3", "300B", "a100-80gb", 512, batch=512, layout="tensor=1,pipeline=1,sharding=zero1")
    assert caught.value.short_gb > 100


def test_a_model_too_big_for_the_devices_asks_for_more():
    with pytest.raises(DoesNotFit, match="the nearest that fits: .* on [0-9]+ devices"):
        training("gpt-3", "300B", "a100-80gb", 16, batch=512)


@pytest.mark.parametrize(
    ("layout", "words"),
    [("tensr=8", "did you mean 'tensor'"), ("tensor=8x", "layout.tensor: '8x' will not do"),
     ("tensor", "write key=value pairs"), ("tensor=0", "give a whole number, 1 or more"),
     ("tensor=3", "divides the model's 32 heads"), ("pipeline=64", "the model has 32 layers"),
     ("pipeline=8,interleave=8", "the model has 32 layers"), ("expert=4", "the model is dense"),
     ("tensor=8,pipeline=4,data=4", "must make 64 devices")],
)  # fmt: skip
def test_a_layout_nobody_can_build_is_refused(layout, words):
    with pytest.raises(BadInput, match=words):
        training("llama-2-7b", "1T", "a100-80gb", 64, batch=512, layout=layout)


def test_experts_are_spread_over_a_number_that_divides_them():
    with pytest.raises(BadInput, match="divides the model's 8 experts"):
        training("mixtral-8x7b", "1T", "h100", 64, batch=512, layout="expert=16")


def test_a_layout_needs_an_architecture():
    with pytest.raises(BadInput, match="needs an architecture"):
        training(params="7B", tokens="1T", on="a100", n=64, batch=512)


def test_losses_to_restarts_are_a_stage_of_their_own():
    run = training("llama-2-7b", "1T", "a100-80gb", 64, batch=1024, goodput=0.8)
    stages = run.by("stage")
    assert stages["restarts and evaluation"][0] / stages["training"][0] == pytest.approx(0.25)


def test_knowing_the_batch_gives_hours_near_those_of_the_prior():
    detailed = training("llama-2-70b", "2T", "a100-80gb", 1024, batch=1024, draws=0)
    prior = training("llama-2-70b", "2T", "a100-80gb", 1024, draws=0)
    ratio = float(detailed.served["device hour"][0] / prior.served["device hour"][0])
    assert 0.6 < ratio < 1.6


def test_experts_are_spread_over_devices_and_their_exchange_takes_time():
    moe = job("deepseek-v3", 2048, 4096, "h800")
    together, _ = layouts.plan(moe, {})
    assert together.expert > 1
    step = moe.time({"tensor": 1, "pipeline": 1, "expert": 64, "micro_batch": 1, "recompute": "full",
                     "sharding": "zero3", "sequence_parallel": True, "interleave": 1})  # fmt: skip
    alone = moe.time({"tensor": 1, "pipeline": 1, "expert": 1, "micro_batch": 1, "recompute": "full",
                      "sharding": "zero3", "sequence_parallel": True, "interleave": 1})  # fmt: skip
    assert step.tensor_comm_s > alone.tensor_comm_s


def test_hardware_without_measured_steps_says_what_stands_in_and_widens():
    def width(on):
        low, high = jevons.footprint(training("llama-2-7b", "1T", on, 64, batch=1024), "USA").interval("energy")
        return high / low

    run = training("llama-2-7b", "1T", "mi250x", 64, batch=1024)
    assert any("no measured training steps" in a.why for a in run.assumptions)
    assert width("mi250x") > width("a100-80gb")


def test_fp8_asked_of_hardware_without_it_runs_in_bf16_and_says_so():
    asked = training("llama-2-7b", "1T", "a100-80gb", 64, batch=1024, precision="fp8", draws=0)
    plain = training("llama-2-7b", "1T", "a100-80gb", 64, batch=1024, draws=0)
    assert asked.total()[0] == pytest.approx(plain.total()[0])
    assert any("no fp8 peak" in a.why for a in asked.assumptions)


def test_fp8_on_hopper_is_faster_than_bf16_but_not_twice():
    bf16, fp8 = (training("llama-2-7b", "1T", "h100", 64, batch=1024, precision=p, draws=0).total()[0]
                 for p in ("bf16", "fp8"))  # fmt: skip
    assert 0.5 < fp8 / bf16 < 1.0


def test_a_token_is_sent_to_a_node_once_whatever_experts_it_has_there():
    assert nodes_met(8, 1.0) == 1
    assert nodes_met(1, 8.0) == pytest.approx(1)
    assert 4 < nodes_met(8, 8.0) < 8


def test_deepseek_v3s_own_layout_comes_within_a_fifth_of_its_hours():
    """arXiv 2412.19437: 2,048 H800, 16 stages, 64-way experts, exchanges hidden; 2.664 million hours of pretraining."""
    own = "pipeline=16,expert=64,data=128,sharding=zero1,interleave=2,expert_overlap=1"
    run = training("deepseek-v3", 14.8e12, "h800", 2048, precision="fp8", batch=15360, layout=own, draws=0)
    assert run.served["device hour"][0] == pytest.approx(2.664e6, rel=0.2)
    shown = training("deepseek-v3", 14.8e12, "h800", 2048, precision="fp8", batch=15360, layout=own.removesuffix(",expert_overlap=1"), draws=0)
    assert shown.served["device hour"][0] > 1.3 * run.served["device hour"][0]


@pytest.mark.parametrize("share", ["half", -0.1, 1.1, float("nan")])
def test_an_overlap_of_experts_that_is_no_share_is_refused(share):
    with pytest.raises(BadInput, match="expert_overlap"):
        layouts.parse({"expert_overlap": share})
