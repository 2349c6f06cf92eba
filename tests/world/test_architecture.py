"""The shape of a model and the counts that follow from it, held against published counts."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from jevons.core.errors import BadInput
from jevons.world import architecture as shapes
from jevons.world.architecture import Architecture

TABLE = Path(shapes.__file__).parent / "data" / "models.csv"
ROWS = list(csv.DictReader(TABLE.open(newline="", encoding="utf-8")))
CHECKED = [row for row in ROWS if row["params_published"]]
ACTIVE = [row for row in ROWS if row["active_params_published"]]


def model(name: str) -> Architecture:
    return Architecture.from_row(next(row for row in ROWS if row["id"] == name))


def tiny(**changes: object) -> Architecture:
    plain = Architecture(
        "tiny", "Tiny", layers=2, hidden=8, heads=2, kv_heads=2, head_dim=4, ffn_hidden=16, vocab=10
    )
    return replace(plain, **changes)


def test_the_table_holds_at_least_120_models_of_which_80_are_checked():
    assert len(ROWS) >= 120
    assert len(CHECKED) >= 80


def test_ids_are_unique():
    assert len({row["id"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_row_is_a_shape_that_can_exist(row):
    assert shapes.parameters(Architecture.from_row(row)) > 0


@pytest.mark.parametrize("row", CHECKED, ids=lambda row: row["id"])
def test_the_computed_count_is_the_published_one(row):
    published, resolution = int(row["params_published"]), int(row["params_resolution"])
    allowed = resolution or 0.01 * published
    assert shapes.parameters(Architecture.from_row(row)) == pytest.approx(published, abs=allowed)


@pytest.mark.parametrize("row", ACTIVE, ids=lambda row: row["id"])
def test_the_published_active_count_lies_between_ours_with_and_without_the_embedding(row):
    arch = Architecture.from_row(row)
    active, embedding = shapes.active_parameters(arch), shapes.embedding_parameters(arch)
    assert 0.98 * (active - embedding) <= int(row["active_params_published"]) <= 1.02 * active


def test_the_parts_sum_to_the_total():
    for row in ROWS:
        arch = Architecture.from_row(row)
        assert sum(shapes.parameter_table(arch).values()) == shapes.parameters(arch)


def test_a_plain_block_counts_4h2_for_attention_and_2hf_for_the_ffn():
    arch = tiny(gated=False, norm_vectors=0)
    assert shapes.parameters(arch) == 2 * (4 * 8 * 8 + 2 * 8 * 16) + 2 * 10 * 8


def test_tying_the_head_saves_one_embedding():
    assert shapes.parameters(tiny()) - shapes.parameters(tiny(tied=True)) == 10 * 8


def test_a_dense_model_is_active_in_full():
    assert shapes.active_parameters(tiny()) == shapes.parameters(tiny())


def test_an_expert_that_is_not_chosen_is_not_active():
    arch = tiny(experts=4, active_experts=1, expert_ffn_hidden=16)
    assert shapes.parameters(arch) - shapes.active_parameters(arch) == 2 * 3 * (3 * 8 * 16)


def test_dense_first_layers_and_every_second_layer_leave_fewer_mixtures():
    arch = tiny(layers=7, experts=4, active_experts=1, expert_ffn_hidden=16, dense_layers=1, moe_every=2)
    assert shapes.moe_layers(arch) == 3


def test_grouped_keys_shrink_the_cache_by_the_group():
    full = shapes.kv_bytes_per_token(tiny())
    assert shapes.kv_bytes_per_token(tiny(kv_heads=1)) == full / 2


def test_the_cache_of_llama_2_70b_is_320_kib_a_token():
    assert shapes.kv_bytes_per_token(model("llama-2-70b"), 2) == 80 * 2 * 8 * 128 * 2


def test_an_encoder_keeps_no_cache():
    assert shapes.kv_bytes_per_token(tiny(kind="encoder")) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layers": 0}, "layers"),
        ({"kv_heads": 3, "heads": 4}, "divide"),
        ({"kind": "oracle"}, "encoder-decoder"),
        ({"experts": 2, "active_experts": 3, "expert_ffn_hidden": 4}, "at most experts = 2"),
        ({"experts": 2}, "expert_ffn_hidden"),
        ({"window": -1}, "window.*from 0"),
        ({"moe_every": 0}, "moe_every.*from 1"),
        ({"ffn_hidden": 0}, "dense blocks need a width"),
        ({"encoder_layers": 2}, "only an encoder-decoder"),
        ({"attention_every": 2}, "ssm columns"),
    ],
)
def test_a_shape_that_cannot_exist_says_which_field_and_why(change, words):
    with pytest.raises(BadInput, match=words):
        tiny(**change)


def test_a_row_without_its_layers_names_the_model_and_the_column():
    row = dict(ROWS[0], layers="")
    with pytest.raises(BadInput, match="layers.*" + row["id"]):
        Architecture.from_row(row)


def test_a_cell_that_is_no_number_is_refused():
    with pytest.raises(BadInput, match="whole number"):
        Architecture.from_row(dict(ROWS[0], hidden="wide"))
