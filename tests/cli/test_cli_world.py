"""``jevons world``, ``doctor`` and ``--version``: what is here and where it comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jevons.cli.measure import doctor
from jevons.measure import journal
from jevons.measure.sensor import Found, Meter
from jevons.measure.sensors.replay import Replay
from jevons.world import catalog
from jevons.world.settings import settings

TOPICS = ("models", "hardware", "grid", "sites", "factors")


def test_a_search_finds_rows_by_all_their_words(jevons):
    found = jevons("world hardware search 'h100 sxm'").json
    assert any(row["id"] == "nvidia-h100-sxm5-80gb" for row in found["accelerators"])


def test_a_grid_is_found_by_the_name_of_its_country(jevons):
    rows = jevons("world grid show France").json["rows"]
    assert {row["place"] for row in rows} == {"FRA"}
    assert all(row["source"] for row in rows)


@pytest.mark.parametrize(
    ("name", "table", "key", "how"),
    [("us-east-1", "grid_us_subregion", "SRVC", "aws/us-east-1 lies in the subregion SRVC"),
     ("UK", "grid_annual", "GBR", "another name of GBR"), ("california", "grid_us_state", "US-CA", "another name of US-CA"),
     ("hong kong", "grid_annual", "HKG", "another name of HKG"),
     ("eu-west-3", "grid_annual", "FRA", "aws/eu-west-3 lies in the country FRA")],
)  # fmt: skip
def test_a_grid_is_found_by_whatever_name_an_estimate_takes_for_its_place(jevons, name, table, key, how):
    found = jevons(f"world grid show {name!r}").json
    assert (found["table"], found["matched"]) == (table, how)
    assert {row.get("place" if table == "grid_annual" else "id") for row in found["rows"]} == {key}


def test_the_rows_of_a_users_overlay_are_shown(jevons, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "accelerators.csv").write_text("id,name,tdp_w,source\nacme-x1,ACME X1,900,our lab\n")
    (tmp_path / "jevons.toml").write_text('overlay = "mine"\n')
    monkeypatch.setenv("JEVONS_SETTINGS", str(tmp_path / "jevons.toml"))
    settings.cache_clear()
    try:
        (row,) = jevons("world hardware show acme-x1").json["rows"]
    finally:
        catalog.overlay(None)
        settings.cache_clear()
    assert row["tdp_w"] == "900"


def test_half_a_countrys_name_is_no_name_of_it(jevons):
    assert jevons("world grid show south").code == 2


def test_a_name_near_enough_is_shown_with_units_and_source(jevons):
    table = jevons("world hardware show 'h100 sxm' --table").out
    assert "nvidia-h100-sxm5-80gb" in table
    assert "tdp_w" in table
    assert "W" in table
    assert "epoch-hardware" in table


def test_a_model_shows_the_parameters_its_shape_gives(jevons):
    (row,) = jevons("world models show llama-2-7b").json["rows"]
    assert row["parameters"] == "6,738,415,616"


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_lists_rows_and_sources(jevons, topic):
    assert jevons(f"world {topic} search").json
    sources = jevons(f"world {topic} sources").json
    assert sources[0]["rows"] >= sources[-1]["rows"] > 0
    assert "source" in jevons(f"world {topic} sources --table").out


@pytest.mark.parametrize("line", ["models search nosuchmodel", "models show nosuchmodel", "grid show Frnace"])
def test_what_is_not_there_names_the_nearest(jevons, line):
    said = jevons(f"world {line}")
    assert said.code == 2
    assert "nearest" in said.err


def test_a_search_shows_as_a_table(jevons):
    assert "llama-2-7b" in jevons("world models search 'llama 2' --table").out


def test_the_doctor_names_versions_and_tables(jevons):
    said = jevons("doctor")
    checks = {check["what"]: check for check in said.json}
    assert said.code == 0
    assert checks["jevons"]["said"]
    assert "tables" in checks["factor set"]["said"]
    fixed = {name for name in checks if not name.startswith(("sensor ", "left out: "))}
    assert fixed - {"calibration"} == {"a run here reads", "python", "jevons", "factor set", "settings", "packs", "extras", "GPUs",
                                       "this folder", "journals"}  # fmt: skip


def test_the_doctor_finds_broken_settings(jevons, tmp_path):
    from jevons.world.settings import settings

    (tmp_path / "jevons.toml").write_text("site = \n")
    settings.cache_clear()
    try:
        said = jevons("doctor")
    finally:
        settings.cache_clear()
    assert said.code == 1
    assert [c["what"] for c in said.json if c["state"] == "wrong"] == ["settings"]


def test_the_doctor_speaks_to_people(jevons):
    assert "factor set" in jevons("doctor --table").out


def test_the_version_names_program_and_factor_set(jevons):
    import jevons as package
    from jevons.world import catalog

    assert jevons("--version").out == f"jevons {package.__version__}, factor set {catalog.version()}\n"


def test_help_names_every_command_and_exit_code(jevons):
    from jevons.cli import exits
    from jevons.cli.app import ROOMS

    said = jevons("--help").out
    assert [name for name in ROOMS if name not in said] == []
    assert [code for code in exits.MEANING if f"{code} " not in said] == []


def test_every_command_has_help(jevons):
    from jevons.cli.app import ROOMS

    for name in ROOMS:
        assert jevons(f"{name} --help").code == 0
    for name in ("training", "fine-tuning", "generic", "storage", "transfer"):
        assert "--report" in jevons(f"estimate {name} --help").out


def test_the_doctor_says_what_can_be_measured_here_and_why_the_rest_cannot(jevons):
    checks = {check["what"]: check for check in jevons("doctor --json").json}
    assert checks["a run here reads"]["state"] == "ok"
    assert any(method in checks["a run here reads"]["said"] for method in ("counter", "integrated", "modelled (", "declared"))
    assert all(check["said"] for name, check in checks.items() if name.startswith("sensor "))


def test_the_doctor_says_what_is_left_out_unless_asked_for_and_why():
    meter = Meter("package-0", "processor", "chip", "counter", "rapl")
    told = {check.what: check.said for check in doctor.unasked([meter])}
    assert set(told) == {"left out: disk", "left out: nic"}
    assert all("--also" in said or "none at a known speed" in said or "not its own" in said or "no disk" in said for said in told.values())
    assert doctor.unasked([replace(meter, component="system")]) == []
    assert [check.what for check in doctor.unasked([replace(meter, component="storage")])] == ["left out: nic"]


def test_the_doctor_tells_the_tier_of_each_sensor_and_the_command_that_mends_it():
    meter = Meter("processor-model", "processor", "chip", "modelled", "model", "family", "", 0.41, 2.2)
    assert doctor.metered(meter) == "processor-model: processor, chip, modelled (family), true is 0.41 to 2.2 times it"
    told = doctor.sensor(Found("rapl", [], "root alone may read it", "sudo do this"))
    assert (told.state, told.said) == ("absent", "root alone may read it; mend: sudo do this")
    counted = doctor.sensor(Found("hwmon", [Replay([replace(meter, method="counter", tier="")], [[]])], "nobody says what x feeds"))
    assert (counted.state, "counter, true is" in counted.said, "nobody says" in counted.said) == ("ok", True, True)


def test_the_doctor_names_runs_that_were_cut_short(jevons, tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))
    journal.create({"t": 1.0, "m": 0, "pid_start": -1, "labels": {}, "meters": []}, tmp_path / "home" / "journal")
    checks = {check["what"]: check for check in jevons("doctor --json").json}
    assert checks["journals"]["said"].endswith("1 cut short; mend: jevons recover")
