"""Where a row of emissions.csv is not what the other tool would have written, each factor says why."""

from __future__ import annotations

import csv

import pytest

from jevons.account.readers.codecarbon import COLUMNS
from jevons.core.errors import TableError, UnknownName
from jevons.estimate.compat import codecarbon
from jevons.integrations.codecarbon_compare import compare_rows
from jevons.measure.sensors import model

HOUR = {
    "timestamp": "2026-11-28T12:00:00", "project_name": "night", "run_id": "r1", "duration": "3600", "cpu_energy": "0.05",
    "gpu_energy": "0.3", "ram_energy": "0.01", "energy_consumed": "0.36", "emissions": "0.036", "country_iso_code": "SWE",
    "codecarbon_version": "jevons 0.1.0", "cpu_count": "8", "cpu_model": "AMD EPYC", "ram_total_size": "60",
    "tracking_mode": "machine", "cpu_utilization_percent": "50", "pue": "1.0",
}  # fmt: skip


def file(folder, *rows):
    path = folder / "emissions.csv"
    with path.open("w", newline="") as handle:
        table = csv.DictWriter(handle, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return path


def only(folder, **cells):
    (run,) = compare_rows(file(folder, {**HOUR, **cells}))
    return run, {part.component: part for part in run.parts}


def test_our_row_is_set_beside_codecarbons_rules(tmp_path):
    run, parts = only(tmp_path)
    assert run.recorded_by == "jevons"
    assert parts["cpu"].jevons_w == pytest.approx(50)
    assert parts["cpu"].codecarbon_w == pytest.approx(8 * 4 * (0.1 + 0.9 * 0.5**3))
    assert "8 threads of 4 W" in parts["cpu"].why
    assert parts["ram"].codecarbon_w == pytest.approx(20)
    assert parts["gpu"].jevons_w == parts["gpu"].codecarbon_w == pytest.approx(300)


def test_its_row_is_set_beside_our_laws(tmp_path):
    run, parts = only(tmp_path, codecarbon_version="3.3.2")
    assert (run.recorded_by, run.codecarbon_kwh, run.codecarbon_kg) == ("CodeCarbon", 0.36, pytest.approx(0.036))
    assert parts["cpu"].jevons_w == pytest.approx(model.virtual_power_w(8, 0.5))
    _, parts = only(tmp_path, codecarbon_version="3.3.2", cpu_model="AMD EPYC 8024P 8-Core Processor", cpu_count="16")
    assert parts["cpu"].jevons_w == pytest.approx(model.processor_power_w(90, 0.5))
    assert parts["ram"].jevons_w == pytest.approx(model.memory_power_w(60 * 1.073741824))


@pytest.mark.parametrize("by", ["jevons 0.1.0", "3.3.2"])
def test_the_ratios_of_energy_and_intensity_make_that_of_carbon(tmp_path, by):
    run, parts = only(tmp_path, codecarbon_version=by, pue="1.4", energy_consumed="0.504", cpu_energy="0.07", gpu_energy="0.42", ram_energy="0.014")
    energy, intensity = run.jevons_kwh / run.codecarbon_kwh, run.jevons_kg_per_kwh / run.codecarbon_kg_per_kwh
    assert run.jevons_kg / run.codecarbon_kg == pytest.approx(energy * intensity)
    for kwh, watts in ((run.jevons_kwh, "jevons_w"), (run.codecarbon_kwh, "codecarbon_w")):
        assert kwh == pytest.approx(sum(getattr(part, watts) for part in parts.values()) * run.hours * run.pue / 1000)


def test_a_row_without_a_load_says_what_stands_in(tmp_path):
    _, parts = only(tmp_path, cpu_utilization_percent="")
    assert parts["cpu"].codecarbon_w == codecarbon.cpu_constant_w(32)
    assert "for the row tells none" in parts["cpu"].why


def test_a_place_that_it_prices_more_finely_and_a_process_are_told(tmp_path):
    run, _ = only(tmp_path, cloud_provider="gcp", cloud_region="europe-north1", country_iso_code="FIN", tracking_mode="process")
    assert len(run.notes) == 2


def test_a_flushed_row_is_left_for_the_last_of_its_run(tmp_path):
    first = {**HOUR, "duration": "60"}
    assert len(compare_rows(file(tmp_path, first, HOUR, {**HOUR, "run_id": "r2"}))) == 2


@pytest.mark.parametrize(
    ("cells", "error"),
    [({"duration": "0"}, TableError), ({"duration": "x"}, TableError), ({"energy_consumed": ""}, TableError),
     ({"codecarbon_version": "3.3.2", "country_iso_code": "ATL"}, UnknownName)],
)  # fmt: skip
def test_a_row_that_cannot_be_compared_is_named(tmp_path, cells, error):
    with pytest.raises(error):
        only(tmp_path, **cells)


def test_a_file_before_energies_by_component_says_which_column_it_lacks(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("timestamp,duration,emissions,energy_consumed,country_iso_code\n2021-01-01T00:00:00,5,0.1,0.2,FRA\n")
    with pytest.raises(TableError, match="cpu_energy"):
        compare_rows(path)
