"""CodeCarbon's emissions.csv in every generation: flushed rows count once, and a shifted row is never a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from jevons import account
from jevons.account.readers.codecarbon import COLUMNS
from jevons.core.errors import Contradiction, TableError

RECORDED = Path(__file__).parent / "recorded"
ROW = {
    "timestamp": "2026-01-01T01:00:00", "project_name": "p", "run_id": "r1", "experiment_id": "e", "duration": "3600",
    "emissions": "0.1", "emissions_rate": "0.00003", "cpu_power": "10", "gpu_power": "100", "ram_power": "5",
    "cpu_energy": "0.01", "gpu_energy": "0.1", "ram_energy": "0.005", "energy_consumed": "0.115", "water_consumed": "0",
    "country_name": "France", "country_iso_code": "FRA", "region": "", "cloud_provider": "", "cloud_region": "",
    "os": "Linux", "python_version": "3.11", "codecarbon_version": "3.3.2", "cpu_count": "8", "cpu_model": "m",
    "gpu_count": "1", "gpu_model": "g", "longitude": "", "latitude": "", "ram_total_size": "16",
    "tracking_mode": "machine", "cpu_utilization_percent": "1", "gpu_utilization_percent": "0",
    "ram_utilization_percent": "0", "ram_used_gb": "0", "on_cloud": "N", "pue": "1.0", "wue": "0",
}  # fmt: skip
FIRST = ("timestamp", "project_name", "duration", "emissions", "energy_consumed", "country_name", "country_iso_code",
         "region", "on_cloud", "cloud_provider", "cloud_region")  # fmt: skip
UTILISATION = ("cpu_utilization_percent", "gpu_utilization_percent", "ram_utilization_percent", "ram_used_gb")
GENERATIONS = {
    "1.0": ("experiment_id", *FIRST),
    "2.0": tuple(c for c in COLUMNS if c not in (*UTILISATION, "experiment_id", "water_consumed", "codecarbon_version", "pue", "wue")),
    "2.2.0": tuple(c for c in COLUMNS if c not in (*UTILISATION, "experiment_id", "water_consumed", "pue", "wue")),
    "2.2.3": tuple(c for c in COLUMNS if c not in (*UTILISATION, "experiment_id", "water_consumed", "wue")),
    "2.8.4": tuple(c for c in COLUMNS if c not in (*UTILISATION, "water_consumed", "wue")),
    "3.0.8": tuple(c for c in COLUMNS if c not in UTILISATION),
    "3.3.0": COLUMNS,
}  # fmt: skip
COUNTS = {"1.0": 12, "2.0": 29, "2.2.0": 30, "2.2.3": 31, "2.8.4": 32, "3.0.8": 34, "3.3.0": 38}


def written(tmp_path, *rows, columns=COLUMNS):
    file = tmp_path / "emissions.csv"
    file.write_text("\n".join([",".join(columns), *(",".join({**ROW, **row}[c] for c in columns) for row in rows)]) + "\n")
    return file


@pytest.mark.parametrize("version", GENERATIONS)
def test_every_generation_of_columns_gives_the_same_energy(tmp_path, version):
    columns = GENERATIONS[version]
    assert len(columns) == COUNTS[version]
    activity = account.read(written(tmp_path, {}, columns=columns))
    assert float(activity.total()[0]) == pytest.approx(0.115)


def test_energy_is_told_apart_by_component_and_sited_at_its_country(tmp_path):
    activity = account.read(written(tmp_path, {}))
    assert {k: float(v[0]) for k, v in activity.by("component").items()} == {
        "accelerator": 0.1, "processor": 0.01, "memory": 0.005}  # fmt: skip
    assert set(activity.text["site"]) == {"FRA"}


def test_a_cloud_region_comes_before_its_country(tmp_path):
    activity = account.read(written(tmp_path, {"cloud_provider": "gcp", "cloud_region": "europe-west9", "on_cloud": "Y"}))
    assert set(activity.text["site"]) == {"gcp/europe-west9"}


def test_the_run_ends_at_its_stamp_and_lasted_its_duration(tmp_path):
    activity = account.read(written(tmp_path, {}))
    assert activity.start_s[0] == 1767225600.0
    assert activity.end_s[0] == activity.start_s[0] + 3600


def test_rows_flushed_on_the_way_are_held_by_the_last_one(tmp_path):
    half = {"duration": "1800", "cpu_energy": "0.005", "gpu_energy": "0.05", "ram_energy": "0.0025", "energy_consumed": "0.0575"}
    activity = account.read(written(tmp_path, half, {}))
    assert float(activity.total()[0]) == pytest.approx(0.115)
    assert "flushed rows" in {a.what for a in activity.assumptions}


def test_rows_that_name_no_run_stand_for_themselves(tmp_path):
    activity = account.read(written(tmp_path, {"run_id": ""}, {"run_id": ""}))
    assert float(activity.total()[0]) == pytest.approx(0.23)


def test_a_pue_of_its_own_is_inside_the_energies_so_the_site_adds_none(tmp_path):
    assert set(account.read(written(tmp_path, {"pue": "1.5"})).text["boundary"]) == {"facility"}
    assert set(account.read(written(tmp_path, {})).text["boundary"]) == {"chip"}


def test_tasks_are_stages_and_each_counts():
    activity = account.read(RECORDED / "codecarbon_3.3.2_tasks.csv")
    assert set(activity.text["stage"]) == {"load", "train"}


def test_the_recorded_run_is_what_codecarbon_totalled():
    runs = account.read(RECORDED / "codecarbon_3.3.2.csv").by("run")
    assert [float(v[0]) for v in runs.values()] == pytest.approx([2.5833408273563955e-05, 2.3352605844371327e-05])


@pytest.mark.parametrize("file", sorted(RECORDED.glob("codecarbon_[23].*.?.csv")), ids=lambda f: f.stem)
def test_a_file_of_each_real_version_totals_as_its_last_row_says(file):
    last = file.read_text().splitlines()[-1].split(",")
    whole = float(last[file.read_text().splitlines()[0].split(",").index("energy_consumed")])
    runs = account.read(file).by("run")
    assert min(abs(float(v[0]) - whole) for v in runs.values()) < 1e-12


def test_a_row_whose_parts_do_not_make_its_total_is_refused(tmp_path):
    with pytest.raises(Contradiction, match="emissions.csv, row 2, column energy_consumed"):
        account.read(written(tmp_path, {"energy_consumed": "0.2"}))


def test_a_shifted_row_is_refused_with_its_number(tmp_path):
    file = written(tmp_path, {})
    file.write_text(file.read_text() + ",".join(list(ROW.values())[:-1]) + "\n")
    with pytest.raises(TableError, match="row 3: '37 cells' will not do; its header names 38 columns"):
        account.read(file)


@pytest.mark.parametrize(
    ("column", "word", "mend"),
    [("duration", "long", "give a number"), ("energy_consumed", "-1", "cannot be negative"), ("energy_consumed", "", "may not be blank"),
     ("timestamp", "noon", "give a date and time"), ("gpu_energy", "inf", "finite")],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named_by_row_and_column(tmp_path, column, word, mend):
    with pytest.raises(TableError, match=f"emissions.csv, row 2, column {column}: .*{mend}"):
        account.read(written(tmp_path, {column: word}))


def test_a_missing_column_is_named_with_what_is_near(tmp_path):
    file = tmp_path / "emissions.csv"
    file.write_text("timestamp,duratoin,emissions,energy_consumed,country_iso_code\n")
    with pytest.raises(TableError, match="row 1, column duration: 'duratoin' will not do; .*misspelt"):
        account.read(file)


def test_a_column_that_is_not_known_is_left_out_and_said(tmp_path):
    file = written(tmp_path, {})
    head, row = file.read_text().splitlines()
    file.write_text(f"{head},mood\n{row},good\n")
    assert "column mood" in {a.what for a in account.read(file).assumptions}


def test_a_file_whose_every_cell_is_quoted_is_recognised(tmp_path):
    quoted = tmp_path / "emissions.csv"
    lines = (RECORDED / "codecarbon_3.3.2.csv").read_text().splitlines()
    quoted.write_text("".join(",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in lines))
    assert account.read(quoted).total()[0] == pytest.approx(account.read(RECORDED / "codecarbon_3.3.2.csv").total()[0])
