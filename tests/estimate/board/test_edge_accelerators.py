import csv
from pathlib import Path

import pytest

from jevons.core.errors import BadInput, UnknownName
from jevons.estimate.board.accelerators import (
    dense_energy_j,
    energy_factor,
    implied,
    published,
    spiking_energy_j,
)
from jevons.estimate.edge import edge

with (Path(__file__).parents[2] / "golden" / "edge.csv").open(newline="", encoding="utf-8") as handle:
    GOLDEN = list(csv.DictReader(handle))


def rows(what):
    return [row for row in GOLDEN if row["what"] == what]


@pytest.mark.parametrize("row", rows("accelerator"), ids=lambda row: row["id"])
def test_a_published_accelerator_agrees_with_itself(row):
    assert implied(row["subject"])[row["quantity"]] == pytest.approx(float(row["value"]), rel=float(row["tolerance"]))


@pytest.mark.parametrize("row", rows("board"), ids=lambda row: row["id"])
def test_a_law_scaled_from_one_measurement_meets_another_that_it_never_saw(row):
    board, model, precision = row["subject"].split()
    run = edge(model, board, 1, 201, precision=precision, power_supply=False, draws=0)
    joules = float(run.where(stage="decode").total()[0]) * 3.6e6 / 200
    said = {"joules_per_token": joules, "tokens_per_s": 200 / (run.served["device hour"][0] * 3600)}
    assert said[row["quantity"]] == pytest.approx(float(row["value"]), rel=float(row["tolerance"]))


def test_the_spiking_twin_of_a_network_saves_what_its_paper_says():
    low, high = energy_factor("one-timestep")
    dense = dense_energy_j(1e9)
    assert dense == pytest.approx(4.6e-3)
    assert low == pytest.approx(spiking_energy_j(1e9, 0.155) / dense, rel=0.01)
    assert high == pytest.approx(spiking_energy_j(1e9, 0.2044) / dense, rel=0.01)


def test_more_steps_undo_what_spikes_save():
    assert spiking_energy_j(1e9, 0.2, timesteps=30) > dense_energy_j(1e9)


def test_mobilequant_takes_a_fifth_to_a_half_off():
    assert energy_factor("mobilequant") == (0.5, 0.8)


def test_a_paper_that_states_no_factor_has_none():
    with pytest.raises(BadInput, match="no factor"):
        energy_factor("tellme-v2")


def test_a_negative_spike_rate_is_refused():
    with pytest.raises(BadInput):
        spiking_energy_j(1e9, -0.1)


def test_an_unknown_accelerator_names_the_nearest():
    with pytest.raises(UnknownName):
        published("abacus")
