"""A model that makes images or video and is in no table: a shape from its parameters."""

import numpy as np
import pytest

from jevons.core.errors import BadInput, UnknownName
from jevons.estimate.diffusion.cost import generation_pack
from jevons.estimate.diffusion.validate import predict
from jevons.estimate.generation import generation
from jevons.world import catalog, diffusion
from jevons.world.diffusion import WEIGHTS_A_WIDTH, DiffusionModel, of_size

ROW = {
    "model_id": "maker/newcomer", "gpu_model": "H100", "num_gpus": "2", "ulysses_degree": "2", "ring_degree": "1",
    "batch_size": "4", "height": "1024", "width": "1024", "num_frames": "1", "inference_steps": "28", "params_total_b": "8",
    "energy_per_output_j": "3000",
}  # fmt: skip


def joules(activity):
    return float(activity.by("component")["accelerator"][0]) * 3.6e6


@pytest.mark.parametrize("billions", [0.3, 0.675, 2.5, 8, 12, 60])
def test_the_shape_supposed_has_the_parameters_told(billions):
    found, said = of_size("newcomer", "image", billions * 1e9)
    assert WEIGHTS_A_WIDTH * found.hidden**2 * found.layers == pytest.approx(billions * 1e9, rel=0.12)
    assert "alone" in said.why


def test_four_models_of_five_lie_within_the_spread_of_their_supposed_kin():
    """The spread written in the pack: ln of the ratio of energies, each by its own settings."""
    ratios = []
    for model in map(DiffusionModel.from_row, catalog.table("diffusion_models")):
        size = {"height": model.height, "width": model.width, "steps": 20, "frames": model.frames if model.output == "video" else None}
        on = "b200" if model.parameters > 2e10 else "h100"
        both = [joules(generation(name, on, **{f"{model.output}s": 1}, **size, **more)) for name, more in
                ((model.id, {}), ("nobody-s-model", {"params": model.parameters}))]  # fmt: skip
        ratios.append(abs(np.log(both[0] / both[1])))
    assert len(ratios) > 25
    assert 0.75 < np.mean(np.array(ratios) < generation_pack()["spread"]["supposed"]) < 0.9


def test_what_is_supposed_is_told_and_wide():
    known, guessed = generation("stable-diffusion-3.5-large", "h100"), generation("newcomer", "h100", params="8.1B")
    assert set(guessed.column("tier")) == {"guess"}
    assert any("shape of newcomer" in a.what for a in guessed.assumptions)

    def width(activity):
        low, high = np.quantile(activity.by("component")["accelerator"][1:], [0.1, 0.9])
        return high / low

    assert width(guessed) > 3 > width(known)
    assert generation("newcomer", "h100", params="8B", videos=2).served["video"][0] == 2


@pytest.mark.parametrize("params", ["0", "-1", "nan", [1e9, 2e9], "many"])
def test_parameters_that_are_no_count_are_refused(params):
    with pytest.raises(BadInput, match="params"):
        generation("newcomer", "h100", params=params)


def test_parameters_of_a_model_in_the_table_are_not_overruled_and_none_are_asked_for_by_name():
    with pytest.raises(BadInput, match=r"FLUX\.1 dev is in the table"):
        generation("flux.1-dev", "h100", params="8B")
    with pytest.raises(UnknownName, match="params='8B'"):
        generation("newcomer", "h100")


def test_a_row_of_a_model_in_no_table_is_predicted_from_its_parameters():
    found = predict([ROW, {**ROW, "params_total_b": "16"}, {**ROW, "params_total_b": ""}])
    target = found.targets["energy_per_output"]
    assert len(target.best) == 2
    assert target.best[1] > 1.5 * target.best[0]
    assert np.all(target.p90 / target.p10 > 4)
    assert found.left_out == {"model not in the tables, and no params_total_b: maker/newcomer": [4]}
    video = predict([{**ROW, "num_frames": "81", "height": "480", "width": "832"}]).targets["energy_per_output"]
    assert video.best[0] > 3 * target.best[0]


def test_names_of_the_hub_are_those_of_the_table():
    assert diffusion.find("hunyuanvideo-community/HunyuanVideo")[0].id == "hunyuanvideo"
