import pytest

from jevons.core.errors import BadInput
from jevons.estimate.compat import llmcarbon

PRINTED = {  # what its llmcarbon_tutorial.py prints at dbd96b7
    "t5": -0.020633627830577428, "gpt-3": 0.00225442863749592, "gshard": 0.03259653562546361,
    "switch": 0.07924249927778426, "xlm": -0.0353542815674891,
}  # fmt: skip
EMBODIED_PRINTED = -0.018112924533001284
POINT = 1e-4  # 0.01 percentage points


@pytest.mark.parametrize("run", PRINTED)
def test_its_five_operational_deltas_are_reproduced_to_a_hundredth_of_a_point(run):
    assert llmcarbon.operational_delta(llmcarbon.runs()[run]) == pytest.approx(PRINTED[run], abs=POINT)


def test_its_operational_deltas_agree_to_the_last_digits_of_a_double():
    made = [llmcarbon.operational_delta(run) for run in llmcarbon.runs().values()]
    assert made == pytest.approx([PRINTED[name] for name in llmcarbon.runs()], abs=1e-12)


def test_its_embodied_delta_is_0_648_against_0_66_tonnes():
    kg = llmcarbon.embodied_kg(llmcarbon.validation_parts(), days=20.4)
    assert kg / 1000 == pytest.approx(0.648, abs=0.0005)
    assert kg / 660 - 1 == pytest.approx(EMBODIED_PRINTED, abs=POINT)


def test_two_thirds_of_its_embodied_figure_are_the_32_terabytes_of_flash_a_node():
    parts = llmcarbon.validation_parts()
    flash = [p for p in parts if p[0] == 32768]
    assert llmcarbon.embodied_kg(flash, 20.4) / llmcarbon.embodied_kg(parts, 20.4) == pytest.approx(0.65, abs=0.01)


def test_an_expert_mixture_counts_the_parameters_of_its_base_model():
    assert llmcarbon.runs()["gshard"].counted_params == 2.3e9
    assert llmcarbon.runs()["gpt-3"].counted_params == 175e9


def test_its_delta_is_six_pd_over_the_reported_flop_so_it_predicts_nothing():
    run = llmcarbon.runs()["gpt-3"]
    assert llmcarbon.training_flops(run.counted_params, run.tokens_b * 1e9) / 3.14e23 - 1 == pytest.approx(
        llmcarbon.operational_delta(run), abs=0.002
    )


@pytest.mark.parametrize(
    ("params_b", "node", "memory", "devices", "tensor", "pipeline", "tflops"),
    [  # what predict_num_throughput leaves in the model
        (175, 8, 80, 1520, 8, 10, 147.62553591618752),
        (7, 8, 40, 4140, 6, 1, 43.52273727804008),
    ],
)
def test_its_regressions_are_those_of_its_code(params_b, node, memory, devices, tensor, pipeline, tflops):
    made = llmcarbon.regressed(params_b, node, memory)
    assert (made.devices, made.tensor, made.pipeline) == (devices, tensor, pipeline)
    assert made.tflops == pytest.approx(tflops, rel=1e-12)


def test_its_regression_asks_799_devices_of_the_smallest_model():
    assert llmcarbon.regressed(0.001).devices >= 799


@pytest.mark.parametrize("params_b", [0, -1, float("nan")])
def test_a_model_without_parameters_is_refused(params_b):
    with pytest.raises(BadInput, match="params_b"):
        llmcarbon.regressed(params_b)
