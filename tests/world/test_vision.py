import pytest

from jevons.core.errors import BadInput
from jevons.world import catalog, models
from jevons.world.architecture import parameters
from jevons.world.vision import Tower, of_config, tower_of

QWEN = {"model_type": "qwen2_5_vl", "vision_config": {
    "model_type": "qwen2_5_vl", "depth": 32, "hidden_size": 1280, "hidden_act": "silu", "intermediate_size": 3420, "num_heads": 16,
    "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31]}}  # fmt: skip
GEMMA = {"model_type": "gemma3", "mm_tokens_per_image": 256, "vision_config": {
    "hidden_size": 1152, "image_size": 896, "intermediate_size": 4304, "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14}}  # fmt: skip


@pytest.mark.parametrize(("model", "size", "tokens"), [
    ("qwen2.5-vl-7b", (1024, 1024), 37 * 37), ("qwen2.5-vl-7b", (28, 28), 1), ("Qwen/Qwen3-VL-8B-Instruct", (1024, 1024), 1024),
    ("google/gemma-3-27b-it", (4000, 300), 256), ("llava-1.5-7b", (1024, 1024), 576), ("pixtral-12b", (512, 512), 1024),
    ("llama-4-scout", (336, 336), 144), ("llama-4-scout", (672, 672), 5 * 144), ("llama-4-scout", (9000, 9000), 17 * 144),
])  # fmt: skip
def test_an_image_becomes_the_tokens_of_its_models_tower(model, size, tokens):
    assert tower_of(model)[1].tokens(*size) == tokens


@pytest.mark.parametrize(("model", "millions"), [("qwen2-vl-7b", 675), ("gemma-3-27b", 417), ("llava-1.5-7b", 304), ("pixtral-12b", 400), ("internvl3-8b", 304), ("internvl3-78b", 5540)])
def test_a_tower_has_the_parameters_that_were_published(model, millions):
    assert parameters(tower_of(model)[1].architecture()) / 1e6 == pytest.approx(millions, rel=0.08)


def test_every_tower_stands_before_a_model_of_the_table_and_has_a_known_source():
    for row in catalog.table("vision_towers"):
        assert models.find(row["language_model"]).architecture is not None
        assert set(row["source"].split(";")) <= set(catalog.table("sources").index)


@pytest.mark.parametrize(("config", "row"), [(QWEN, "qwen2.5-vl-7b"), (GEMMA, "gemma-3-27b")])
def test_a_configuration_says_the_same_as_the_row(config, row):
    found, told = of_config(config), tower_of(row)[1]
    assert {n: getattr(found, n) for n in Tower.__dataclass_fields__ if n not in ("id", "language_model", "source")} == {
        n: getattr(told, n) for n in Tower.__dataclass_fields__ if n not in ("id", "language_model", "source")}  # fmt: skip


def test_a_key_that_is_absent_is_named():
    with pytest.raises(BadInput, match=r"vision_config\.patch_size"):
        of_config({"vision_config": {"hidden_size": 8, "depth": 1, "num_heads": 1}})


def test_a_model_without_a_tower_is_itself():
    assert tower_of("llama-3.1-8b") == ("llama-3.1-8b", None)
    assert tower_of("qwen2.5-7b") == ("qwen2.5-7b", None)


def test_a_tower_that_cannot_be_is_refused():
    with pytest.raises(BadInput, match="heads"):
        Tower("x", 1, 10, 3, 4, 14)
