"""Step time: the laws it keeps, measured steps it predicts, published steps and memory it never saw, bad input."""

from __future__ import annotations

import csv
import random
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counted_calls import calls
from jevons.core.errors import BadInput, Contradiction, TableError, UnknownName
from jevons.estimate.cluster import communication, gemm
from jevons.estimate.cluster.memory import layer_activation_bytes, memory, memory_gb, memory_share
from jevons.estimate.cluster.parallelism import Block, Layout, Machine
from jevons.estimate.cluster.step_time import Coefficients, coefficients, step_time, step_time_pack
from jevons.estimate.cluster.validate_step_time import LLM_FOUNDRY, VTRAIN, predict, read, recognise

A100 = Machine("ampere", 312e12, 2039, 300, 25, 80)
H100 = Machine("hopper", 989.4e12, 3350, 450, 50, 80)
GPT_7B = Block(layers=32, hidden=4096, heads=32, seq_len=2048, vocab=50304)
ONE_NODE = Layout(devices=8, global_batch=64, micro_batch=4, tensor=2, data=4)

SETS = {"single": "mfu_vtrain_single_a100.csv", "multi": "mfu_vtrain_multi_a100.csv", "mosaic": "mfu_mosaic_fsdp.csv"}
MEASURED = {"iteration_ms", "MFU", "HFU", "Model TFLOP", "Throughput (S/s)", "Throughput (T/s)", "Throughput (T/s/GPU)"}

# Korthikanti 2022 (arXiv 2205.05198), tables 3 and 5, as transcribed in calculon-ai/calculon: heads, hidden, layers,
# devices, pipeline, micro-batch, interleave, seconds a step with full and with selective recomputation.
SELENE = [
    (64, 6144, 48, 8, 1, 4, 1, 1.42, 1.10),
    (96, 12288, 96, 64, 8, 1, 3, 18.13, 13.75),
    (128, 20480, 105, 280, 35, 1, 3, 49.05, 37.83),
    (160, 25600, 128, 512, 64, 1, 1, 94.42, 71.49),
]
# the same paper, figure 1: activations in GiB without recomputation, and with selective and a split sequence
ACTIVATIONS_GIB = [(59.25, 9.5625), (66.84375, 12.3515625), (114.0234375, 23.076171875), (131.25, 26.5625)]


def selene(recompute: str, sequence_parallel: bool) -> tuple[Block, Layout]:
    heads, hidden, layers, devices, pipeline, micro, interleave, *_ = (np.array(column) for column in zip(*SELENE))
    batch = np.array([4, 64, 280, 512])
    block = Block(layers=layers, hidden=hidden, heads=heads, seq_len=2048, vocab=51200)
    layout = Layout(devices=devices, global_batch=batch, micro_batch=micro, tensor=8, pipeline=pipeline, interleave=interleave,
                    recompute=recompute, sequence_parallel=sequence_parallel, attention="unfused", precision="fp16")  # fmt: skip
    return block, layout


def rows_of(shared, name):
    with open(shared / "data/reference" / SETS[name], newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


# ---- laws

layouts = st.tuples(
    st.sampled_from([1, 2, 4, 8, 16]), st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 8]), st.sampled_from([1, 2, 8]),
    st.sampled_from(["none", "selective", "full"]), st.sampled_from(["none", "zero1", "zero2", "zero3"]),
    st.sampled_from(["fused", "unfused"]),
).map(lambda x: Layout(x[0] * x[1] * x[2], x[2] * x[3] * 8, x[3], x[0], x[1], x[2], 1, x[4], x[5], attention=x[6]))  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(layouts)
def test_the_parts_of_a_step_add_up_to_it_and_none_is_negative(layout):
    step = step_time(GPT_7B, layout, A100)
    assert sum(step.parts().values()) == pytest.approx(float(step.total_s), rel=1e-9)
    assert all(np.all(part >= -1e-12) for part in step.parts().values())


@settings(max_examples=80, deadline=None)
@given(layouts)
def test_utilisation_stays_below_what_large_matrix_products_reach(layout):
    ceiling = coefficients().gemm_efficiency_ampere * 1.35  # the masked half of fused attention counts, but is skipped
    assert 0 < step_time(GPT_7B, layout, A100).mfu < ceiling


@settings(max_examples=60, deadline=None)
@given(layouts, st.sampled_from(["peak_flops", "mem_bw_gb_s", "link_in_node_gb_s", "link_between_gb_s"]))
def test_a_better_machine_is_never_slower(layout, better):
    faster = replace(A100, **{better: 2 * getattr(A100, better)})
    assert step_time(GPT_7B, layout, faster).total_s <= step_time(GPT_7B, layout, A100).total_s * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(layouts)
def test_twice_the_batch_takes_longer_but_at_most_twice_as_long(layout):
    once, twice = (step_time(GPT_7B, replace(layout, global_batch=k * layout.global_batch), A100).total_s for k in (1, 2))
    assert once < twice <= 2 * once * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(layouts)
def test_full_recomputation_takes_time_and_saves_memory(layout):
    kept, repeated = replace(layout, recompute="none"), replace(layout, recompute="full")
    assert step_time(GPT_7B, repeated, A100).total_s > step_time(GPT_7B, kept, A100).total_s
    assert memory_gb(GPT_7B, repeated) < memory_gb(GPT_7B, kept)


@settings(max_examples=40, deadline=None)
@given(layouts, st.sampled_from(["zero1", "zero2", "zero3"]))
def test_sharding_never_takes_more_memory(layout, kind):
    assert memory_gb(GPT_7B, replace(layout, sharding=kind)) <= memory_gb(GPT_7B, replace(layout, sharding="none"))


def test_one_array_call_gives_what_single_calls_give():
    micro = [1, 2, 4, 8]
    together = step_time(GPT_7B, replace(ONE_NODE, micro_batch=np.array(micro)), A100).total_s
    alone = [float(step_time(GPT_7B, replace(ONE_NODE, micro_batch=b), A100).total_s) for b in micro]
    assert together == pytest.approx(alone, rel=1e-12)


def test_two_thousand_layouts_are_weighed_by_the_calls_of_four():
    few, many = (replace(ONE_NODE, micro_batch=np.resize([1, 2, 4, 8], n)) for n in (4, 2000))
    assert step_time(GPT_7B, many, A100).total_s.shape == (2000,)
    assert calls(lambda: step_time(GPT_7B, many, A100)) == calls(lambda: step_time(GPT_7B, few, A100))


# ---- single formulas


def test_launches_are_a_floor_and_not_an_addend():
    assert gemm.soft_floor(1e-6, 3e-3, 3) == pytest.approx(3e-3, rel=1e-6)
    assert gemm.soft_floor(0.3, 3e-3, 3) == pytest.approx(0.3, rel=1e-5)
    assert gemm.soft_floor(1.0, 1.0, 1) == 2


def test_a_tiny_block_waits_for_its_launches():
    tiny = Block(layers=24, hidden=256, heads=4, seq_len=128, vocab=8192)
    step = step_time(tiny, Layout(devices=1, global_batch=1, micro_batch=1, attention="unfused"), H100)
    assert step.launch_s > 0.9 * 24 * coefficients().launch_s


def test_tensor_parallelism_beyond_a_node_pays_the_network():
    inside, beyond = (step_time(GPT_7B, Layout(16, 64, 4, t, 1, 16 // t), A100).tensor_comm_s for t in (8, 16))
    assert beyond > 2 * inside


def test_a_ring_all_reduce_moves_twice_the_message_less_one_share():
    assert communication.all_reduce_s(8e9, 4, 1e9, 0.0) == pytest.approx(12.0)
    assert communication.all_reduce_s(8e9, 1, 1e9, 1.0) == 0


def test_a_pipeline_with_equal_stages_loses_the_textbook_bubble():
    """(p - 1)/m of the work, and a v-th of that with interleaving (Narayanan 2021)."""
    no_head = replace(GPT_7B, vocab=1)
    layout = Layout(devices=4, global_batch=64, micro_batch=4, pipeline=4)
    free = Coefficients.of({f.name: getattr(coefficients(), f.name) for f in fields(Coefficients)}
                           | {"stage_transfer_exposed": 0.0, "waiting_share": 0.0})  # fmt: skip
    for interleave in (1, 2):
        step = step_time(no_head, replace(layout, interleave=interleave), A100, free)
        work = step.compute_s + step.vector_s + step.launch_s + step.tensor_comm_s
        assert step.bubble_s / work == pytest.approx(3 / 16 / interleave, rel=0.01)


def test_the_pipeline_runs_at_the_pace_of_the_stage_with_the_vocabulary():
    layout = Layout(devices=8, global_batch=512, micro_batch=1, pipeline=8, data=1)
    small, large = (step_time(replace(GPT_7B, hidden=1024, heads=16, vocab=v), layout, A100) for v in (1024, 262144))
    assert large.bubble_s > 4 * small.bubble_s


def test_the_gpt_block_has_twelve_hidden_squared_weights_and_a_grouped_gated_one_what_llama_has():
    assert GPT_7B.layer_weights == 12 * 4096**2
    llama = Block(layers=32, hidden=4096, heads=32, kv_heads=8, ffn_hidden=14336, gated=True, seq_len=8192, vocab=128256,
                  tied=False)  # fmt: skip
    assert llama.all_params == pytest.approx(8.03e9, rel=0.001)


# ---- published figures that took no part in the fit


def test_the_steps_of_megatron_on_selene_are_predicted_within_eight_percent_on_average():
    errors = []
    for recompute, split, column in (("full", False, 7), ("selective", True, 8)):
        block, layout = selene(recompute, split)
        measured = np.array([row[column] for row in SELENE])
        errors.append(np.abs(step_time(block, layout, A100).total_s / measured - 1))
    assert np.mean(errors) < 0.08
    assert np.max(errors) < 0.15


@pytest.mark.parametrize(("recompute", "split", "column"), [("none", False, 0), ("selective", True, 1)])
def test_activation_memory_is_what_megatron_measured(recompute, split, column):
    measured = np.array([row[column] for row in ACTIVATIONS_GIB])
    predicted = memory(*selene(recompute, split)).activations_gb * 1e9 / 2**30
    assert predicted == pytest.approx(measured, rel=0.03)


def test_one_gpt_block_keeps_34_sbh_plus_its_scores():
    layout = Layout(devices=1, global_batch=1, micro_batch=1, attention="unfused")
    sbh = 2048 * 4096
    assert layer_activation_bytes(GPT_7B, layout) == pytest.approx(sbh * (34 + 5 * 32 * 2048 / 4096))


# ---- measured steps


@pytest.mark.parametrize(("name", "n", "bar"), [("single", 960, 0.08), ("multi", 73, 0.11), ("mosaic", 144, 0.05)])
def test_measured_steps_are_predicted_with_their_whole_model_left_out(shared, name, n, bar):
    target = "mfu" if name == "mosaic" else "step_time"
    scores = predict(rows_of(shared, name)).scores()["targets"][target]
    assert scores["n"] == n
    assert scores["fit"] == "leave-one-out"
    assert scores["mape"] <= bar
    assert 0.70 <= scores["coverage_80"] <= 0.92


@pytest.mark.parametrize("name", SETS)
def test_no_prediction_moves_when_what_was_measured_is_shuffled(shared, name):
    rows = rows_of(shared, name)
    order = random.Random(0).sample(range(len(rows)), len(rows))
    shuffled = [{k: (rows[j] if k in MEASURED else row)[k] for k in row} for row, j in zip(rows, order)]
    before, after = predict(rows), predict(shuffled)
    for target in before.targets:
        assert np.array_equal(before.targets[target].best, after.targets[target].best)
        assert np.array_equal(before.targets[target].p90, after.targets[target].p90)
    assert read(rows).keys == read(shuffled).keys


@pytest.mark.parametrize("name", SETS)
def test_every_measured_step_fitted_in_memory(shared, name):
    model, layout, machine = read(rows_of(shared, name)).nouns()
    assert np.max(memory_share(model, layout, machine)) <= 1.0


def test_the_mfu_counts_what_llm_foundry_counts(shared):
    rows = rows_of(shared, "mosaic")
    steps = read(rows)
    model, layout, machine = steps.nouns()
    flops = model.step_flops_per_token * layout.global_batch * model.seq_len
    mfu = flops / (np.array(steps.observed["step_time"]) * layout.devices * machine.peak_flops)
    assert mfu == pytest.approx(np.array(steps.observed["mfu"]), rel=2e-3)


def test_an_unknown_row_is_predicted_with_all_coefficients():
    row = dict(zip(VTRAIN, ["16", "64", "4", "2560", "20", "28", "2048", "4", "2", "2"])) | {"iteration_ms": ""}
    prediction = predict([row])
    assert prediction.targets["step_time"].fit == ["unseen"]
    assert np.isnan(prediction.targets["step_time"].observed[0])
    assert prediction.targets["step_time"].p10 < prediction.targets["step_time"].best < prediction.targets["step_time"].p90


def test_the_pack_says_of_each_coefficient_what_it_is_and_of_each_row_its_fold():
    pack = step_time_pack()
    names = {field.name for field in fields(Coefficients)}
    assert set(pack["units"]) == set(pack["coefficients"]) == names
    assert set(pack["rows"].values()) == set(pack["without"])
    assert sum(s["rows"] for s in pack["sets"].values()) == 1177


# ---- bad input


def test_the_layout_of_a_file_is_told_by_its_header():
    assert recognise([*VTRAIN, "iteration_ms"]) == "vtrain"
    assert recognise([*LLM_FOUNDRY, "MFU"]) == "llm-foundry"
    assert recognise(["model", "params_b"]) is None


@pytest.mark.parametrize("cell", ["-8", "nan", "two", "inf", "0"])
def test_a_cell_that_is_no_positive_number_is_named_by_row_and_column(cell):
    row = dict(zip(VTRAIN, ["8", "64", "4", "2048", "16", "24", "1024", "2", "2", "2"]))
    with pytest.raises(TableError, match="row 3, column layers"):
        predict([row, row | {"layers": cell}])


def test_counts_that_contradict_one_another_are_named():
    row = dict(zip(VTRAIN, ["8", "64", "4", "2048", "16", "24", "1024", "2", "2", "4"]))
    with pytest.raises(TableError, match="row 2, column n_gpus"):
        predict([row])


def test_a_row_with_an_unknown_device_or_an_empty_cell_is_left_out_by_name():
    row = dict(zip(LLM_FOUNDRY, ["7b", "2048", "8", "a100_80gb", "4", "1", "32", "bf16", "PURE", "FULL_SHARD", "True", "False",
                                 "6658859008"]))  # fmt: skip
    left_out = predict([row, row | {"GPU": "b300"}, row | {"NumParams": ""}]).left_out
    assert left_out == {"GPU not modelled: b300": [3], "no NumParams": [4]}


def test_a_file_of_another_kind_is_refused():
    with pytest.raises(TableError, match="vtrain, llm-foundry"):
        predict([{"model": "x"}], file="steps.csv")


def test_a_layout_that_does_not_multiply_to_its_devices_is_a_contradiction():
    with pytest.raises(Contradiction, match="makes 4"):
        Layout(devices=8, global_batch=8, micro_batch=1, tensor=2, data=2)


def test_a_batch_smaller_than_its_micro_batches_is_refused():
    with pytest.raises(BadInput, match="micro_batch"):
        Layout(devices=8, global_batch=8, micro_batch=2, data=8)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_size_that_is_not_positive_is_refused_by_name(value):
    with pytest.raises(BadInput, match="hidden"):
        Block(layers=2, hidden=value, heads=2, seq_len=8, vocab=8)


def test_an_unknown_word_is_refused_with_the_choices():
    with pytest.raises(BadInput, match="none, selective, full"):
        replace(ONE_NODE, recompute="sometimes")


def test_a_generation_without_measured_steps_is_refused_until_a_stand_in_is_named():
    with pytest.raises(UnknownName, match="ampere, hopper"):
        step_time(GPT_7B, ONE_NODE, replace(A100, generation="volta"))
    with pytest.raises(UnknownName, match="ampere in fp8"):
        step_time(GPT_7B, replace(ONE_NODE, precision="fp8"), A100)
