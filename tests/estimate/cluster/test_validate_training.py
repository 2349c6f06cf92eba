import csv
import random

import numpy as np
import pytest

from jevons.core.errors import TableError
from jevons.estimate.cluster.throughput_prior import training_pack
from jevons.estimate.cluster.validate import family, predict, recognise

FORBIDDEN = (
    "device_hours", "avg_power_w", "energy_mwh", "reported_tco2e", "scope_note", "source", "confidence",
)  # fmt: skip
ROW = {
    "model": "Newcomer-7B", "year": "2024", "params_b": "7", "active_params_b": "7", "tokens_b": "2000",
    "hardware": "H100-80GB", "num_devices": "512", "device_hours": "90000", "avg_power_w": "", "pue": "1.1",
    "grid_gco2_per_kwh": "400", "energy_mwh": "", "reported_tco2e": "30", "scope_note": "", "source": "",
    "confidence": "",
}  # fmt: skip


@pytest.fixture(scope="session")
def footprints(shared):
    path = shared / "data" / "reference" / "published_training_footprints.csv"
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def predicted(rows):
    result = predict(rows)
    return {name: list(zip(t.names, t.best, t.p10, t.p90, strict=True)) for name, t in result.targets.items()}


def test_the_layout_is_known_by_its_header():
    assert recognise(list(ROW))
    assert not recognise(["Model", "SeqLen (T)", "MFU"])


def test_no_prediction_moves_when_the_forbidden_columns_are_shuffled(footprints):
    generator = random.Random(7)
    shuffled = [dict(row) for row in footprints]
    for column in FORBIDDEN:
        values = [row[column] for row in footprints]
        generator.shuffle(values)
        for row, value in zip(shuffled, values, strict=True):
            row[column] = value
    assert predicted(shuffled) == predicted(footprints)


def test_a_run_whose_family_was_fitted_is_predicted_without_it_and_a_new_one_with_all():
    rows = [{**ROW, "model": "Llama-2-7B", "hardware": "A100-80GB"}, ROW]
    assert predict(rows).targets["device_hours"].fit == ["leave-one-out", "unseen"]


def test_what_a_run_took_does_not_move_its_own_prediction():
    other = {**ROW, "device_hours": "1", "reported_tco2e": "1"}
    assert predicted([other]) == predicted([ROW])


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("Llama-3-8B", "llama-3"), ("Llama-3.1-70B", "llama-3"), ("Llama-2-7B", "llama-2"), ("LLaMA-65B", "llama"),
        ("BLOOM-3B", "bigscience"), ("BigScience-104B", "bigscience"), ("Pythia-6.9B", "eleutherai"),
        ("GPT-NeoX-20B", "eleutherai"), ("GPT-3-175B", "gpt-3"), ("OLMo-7B (MI250X)", "olmo"), ("OLMo 2 32B", "olmo"),
        ("Qwen2.5-72B", "qwen-2"), ("Falcon-180B", "falcon"), ("T5-11B", "t5"), ("1.5-Pints", "pints"),
        ("meta-llama/Meta-Llama-3.1-405B", "llama-3"), ("facebook/opt-66b", "opt"),
    ],
)  # fmt: skip
def test_a_family_is_the_series_of_a_model(model, name):
    assert family(model, training_pack()) == name


def test_a_token_of_an_encoder_decoder_passes_half_of_it():
    decoder, pair = ({**ROW, "model": name, "hardware": "A100-80GB", "year": "2024"} for name in ("Newcomer", "BART-large"))
    ratio = predict([decoder]).targets["device_hours"].best[0] / predict([pair]).targets["device_hours"].best[0]
    assert ratio == pytest.approx(2)


def test_rows_that_cannot_be_predicted_are_left_out_with_the_reason():
    rows = [
        {**ROW, "model": "a", "tokens_b": ""},
        {**ROW, "model": "b", "params_b": "", "active_params_b": ""},
        {**ROW, "model": "c", "hardware": "an abacus"},
        {**ROW, "model": "d", "grid_gco2_per_kwh": "0"},
        {**ROW, "model": "e", "device_hours": ""},
    ]
    left_out = predict(rows).scores()["left_out"]
    assert left_out["device_hours"] == {
        "no tokens": {"n": 1, "rows": ["a"]},
        "no parameters": {"n": 1, "rows": ["b"]},
        "hardware not in the tables": {"n": 1, "rows": ["c"]},
        "no device_hours to compare with": {"n": 1, "rows": ["e"]},
    }
    assert left_out["tco2e"]["grid intensity 0 given: any estimate is 0"]["rows"] == ["d"]


def test_an_unknown_place_is_assumed_said_and_widens_the_interval():
    known = predict([ROW]).targets["tco2e"]
    unknown = predict([{**ROW, "pue": "", "grid_gco2_per_kwh": ""}]).targets["tco2e"]
    assert unknown.p90[0] / unknown.p10[0] > 2 * known.p90[0] / known.p10[0]
    assert len(unknown.assumptions[0]) == len(known.assumptions[0]) + 2


@pytest.mark.parametrize(
    ("column", "value"),
    [("tokens_b", "2 apples"), ("active_params_b", "-7"), ("pue", "0.9"), ("num_devices", "nan")],
)
def test_a_cell_that_is_no_sensible_number_is_refused_with_row_and_column(column, value):
    with pytest.raises(TableError, match=rf"mine\.csv, row 2, column {column}"):
        predict([{**ROW, column: value}], file="mine.csv")


def test_no_rows_give_no_score():
    assert predict([]).scores()["targets"] == {"device_hours": None, "tco2e": None}


def test_published_runs_are_predicted_within_the_bars_of_their_families_left_out(footprints):
    score = predict(footprints).scores()["targets"]["device_hours"]
    assert score["fit"] == "leave-one-out"
    assert score["n"] == 30
    assert score["mape"] <= 0.24
    assert score["median_ape"] <= 0.16
    assert score["within_2x"] >= 0.90
    assert 0.70 <= score["coverage_80"] <= 0.92
    assert score["width_80"] <= 3.2


def test_llmcarbons_five_runs_need_no_hand_fed_efficiency_or_power(footprints):
    five = [row for row in footprints if "LLMCARBON_T4" in row["scope_note"]]
    score = predict(five).scores()["targets"]["tco2e"]
    assert score["n"] == 5
    assert score["mape"] <= 0.18


def test_the_pack_was_fitted_on_rows_of_this_table_and_on_runs_it_names_with_their_source(footprints):
    named = training_pack()["priors"]["runs"]
    keys = {f"{row['model']}|{row['hardware']}" for row in [*footprints, *named]}
    assert set(training_pack()["rows"]) <= keys
    assert all(run["source"] for run in named)


def test_a_named_run_is_predicted_without_its_own_family_too():
    named = predict(training_pack()["priors"]["runs"]).targets["device_hours"]
    assert set(named.fit) == {"leave-one-out"}
    assert np.median(np.abs(np.array(named.best) / named.observed - 1)) < 0.35


def test_no_familys_left_out_fit_uses_a_cost_per_token_of_its_own():
    """Whatever a stack's own runs say of k, its predictions do not move: k of the fit without it is the others'."""
    pack = training_pack()
    for run in pack["priors"]["runs"]:
        family = pack["rows"][f"{run['model']}|{run['hardware']}"]
        assert pack["without"][family]["coefficients"]["per_token_params"] != pack["coefficients"]["per_token_params"]
