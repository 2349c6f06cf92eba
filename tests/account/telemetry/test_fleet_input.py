"""What is wrong with samples and tables is told by name and place, and never becomes a number."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fleet_files import BEGAN_US, HOUR_US, iso, job, moment, place, steady, write

from jevons.account.telemetry import series, telemetry
from jevons.account.telemetry.survey import survey
from jevons.core.errors import BadInput, Contradiction, MissingFactor, TableError

PER_W_US = 1 / 3.6e12
S = 1_000_000


@pytest.fixture
def power(tmp_path):
    """Two devices at 360 W for two hours: 0.72 kWh each."""
    return write(tmp_path / "power.parquet", steady("a", 360, BEGAN_US, 7200) + steady("b", 360, BEGAN_US, 7200))


def named(activity, what):
    """The assumption of that name, as a line."""
    return next(str(a) for a in activity.assumptions if a.what == what)


def test_a_truncated_file_is_named(power, tmp_path):
    (tmp_path / "torn.parquet").write_bytes(power.read_bytes()[:-40])
    with pytest.raises(TableError, match=r"torn\.parquet"):
        telemetry(tmp_path)


def test_a_pattern_without_files_is_told(tmp_path):
    with pytest.raises(BadInput, match="that exist"):
        telemetry(str(tmp_path / "*.parquet"))


def test_a_file_without_rows_holds_no_energy(tmp_path):
    write(tmp_path / "empty.parquet", [])
    assert len(telemetry(tmp_path)) == 0


def test_a_device_with_one_sample_holds_no_energy_but_is_counted(tmp_path):
    write(tmp_path / "one.parquet", [("a", BEGAN_US, 5.0)])
    found = survey(tmp_path, {})
    assert (len(found.activity), found.quality.samples) == (0, 1)


def test_stamps_with_and_without_a_zone_are_not_mixed(power, tmp_path):
    table = pq.read_table(power).set_column(1, "time", pa.array([datetime(2026, 1, 1)] * 1442, pa.timestamp("us")))
    pq.write_table(table, tmp_path / "naive.parquet")
    with pytest.raises(Contradiction, match="time zones"):
        telemetry(tmp_path)


def test_stamps_without_a_zone_are_utc_and_that_is_said(tmp_path):
    pq.write_table(pa.table({"device": ["a", "a"], "time": pa.array([BEGAN_US, BEGAN_US + 10 * S], pa.timestamp("us")), "power_w": [1.0, 1.0]}), tmp_path / "n.parquet")
    found = telemetry(tmp_path)
    assert found.rows()[0]["start_s"] == BEGAN_US / 1e6
    assert "UTC" in named(found, "zone of the samples' stamps")


def test_another_zone_of_the_same_moment_is_the_same_moment(tmp_path):
    stamps = pa.array([BEGAN_US, BEGAN_US + 10 * S], pa.timestamp("us", tz="Asia/Kolkata"))
    pq.write_table(pa.table({"device": ["a", "a"], "time": stamps, "power_w": [1.0, 1.0]}), tmp_path / "n.parquet")
    assert telemetry(tmp_path).rows()[0]["start_s"] == BEGAN_US / 1e6


def test_the_hour_that_a_clock_shows_twice_in_autumn_is_two_hours(tmp_path):
    began = round(datetime.fromisoformat("2026-10-25T02:00:00+02:00").timestamp() * 1e6)
    write(tmp_path / "autumn.parquet", steady("a", 1000, began, 7200))
    jobs = [{"job": "1", "device": "a", "start": "2026-10-25T02:30:00+02:00", "end": "2026-10-25T02:30:00+01:00", "owner": "ann"}]
    found = telemetry(tmp_path, jobs=jobs)
    assert len({r["start_s"] for r in found.rows()}) == 2
    assert found.by("owner")["ann"][0] == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(("column", "unit", "error"), [
    ("power_w", "kW", Contradiction), ("energy_j", "mJ", Contradiction), ("value", None, TableError), ("energy_mj", None, TableError),
    ("power_mw", "W", TableError), ("value", "K", BadInput), ("value", "kg", BadInput), ("DCGM_FI_DEV_POWER_USAGE", "J", Contradiction),
])  # fmt: skip
def test_a_unit_that_disagrees_with_the_column_or_that_nobody_tells_is_refused(tmp_path, column, unit, error):
    write(tmp_path / "x.parquet", steady("a", 1, BEGAN_US, 60), column)
    with pytest.raises(error):
        telemetry(tmp_path, unit=unit, columns={"value": column})


@pytest.mark.parametrize(("column", "unit", "values", "kwh"), [
    ("power_w", None, (3600.0, 3600.0), 0.01), ("power_kw", None, (3.6, 3.6), 0.01), ("value", "mW", (3.6e6, 3.6e6), 0.01),
    ("energy_j", None, (1000.0, 37000.0), 0.01), ("energy_kwh", None, (5.0, 5.01), 0.01), ("energy_mj", "mJ", (0.0, 3.6e7), 0.01),
    ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", None, (0.0, 3.6e7), 0.01), ("DCGM_FI_DEV_POWER_USAGE", None, (3600.0, 3600.0), 0.01),
])  # fmt: skip
def test_the_same_energy_is_read_in_every_unit(tmp_path, column, unit, values, kwh):
    write(tmp_path / "x.parquet", [("a", BEGAN_US, values[0]), ("a", BEGAN_US + 10 * S, values[1])], column)
    found = telemetry(tmp_path, unit=unit)
    assert found.total()[0] == pytest.approx(kwh, rel=1e-9)
    assert {r["method"] for r in found.rows()} == {"integrated" if "power" in column.lower() or unit == "mW" else "counter"}


@pytest.mark.parametrize("kind", ["time_s", "time_ms", "time_us", "time_ns"])
def test_numbers_are_stamps_only_when_their_name_says_the_unit(tmp_path, kind):
    per_s = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind[5:]]
    stamps = [BEGAN_US // S * per_s, (BEGAN_US // S + 10) * per_s]
    pq.write_table(pa.table({"device": ["a", "a"], kind: stamps, "power_w": [360.0, 360.0]}), tmp_path / "x.parquet")
    assert telemetry(tmp_path).total()[0] == pytest.approx(0.001, rel=1e-9)
    pq.write_table(pa.table({"device": ["a", "a"], "time": stamps, "power_w": [360.0, 360.0]}), tmp_path / "x.parquet")
    with pytest.raises(TableError, match="time_ms"):
        telemetry(tmp_path)


def test_milliseconds_under_the_name_of_seconds_are_refused_with_their_cause(tmp_path):
    stamps = [BEGAN_US // 1000 + i for i in range(10)]
    pq.write_table(pa.table({"device": ["a"] * 10, "time_s": stamps, "power_w": [1.0] * 10}), tmp_path / "x.parquet")
    with pytest.raises(BadInput, match="in the future"):
        telemetry(tmp_path)


@pytest.mark.parametrize(("bad", "cause"), [
    (float("nan"), "not a number"), (-5.0, "negative"), (3e6, "more than a device can draw"), (None, "no value"), (float("inf"), "more than a device can draw"),
])  # fmt: skip
def test_a_few_senseless_values_are_left_out_and_counted_many_are_refused(tmp_path, bad, cause):
    rows = steady("a", 360, BEGAN_US, 7200)
    write(tmp_path / "x.parquet", [*rows[:100], ("a", rows[100][1], bad), *rows[101:]])
    found = survey(tmp_path, {})
    assert found.quality.unusable == {cause: 1}
    assert found.activity.total()[0] == pytest.approx(0.72, rel=1e-9)
    assert cause in named(found.activity, "samples left out")
    write(tmp_path / "x.parquet", [(d, t, bad if i % 2 else v) for i, (d, t, v) in enumerate(rows)])
    with pytest.raises(BadInput, match=cause):
        telemetry(tmp_path)


def test_a_negative_counter_is_left_out_and_a_fall_is_a_reset_never_negative_energy(tmp_path):
    counter = [("a", BEGAN_US + i * 10 * S, v) for i, v in enumerate([100.0, 200.0, -1.0, 400.0, 5.0, 105.0])]
    write(tmp_path / "x.parquet", counter, "energy_j")
    found = survey(tmp_path, {}, most_bad=0.5)
    assert found.quality.unusable == {"negative": 1}
    assert found.quality.steps["resets"] == 1
    assert found.activity.total()[0] * 3.6e6 == pytest.approx(100 + 200 + 100, rel=1e-9)
    assert found.quality.missing_s == pytest.approx(10)


def test_a_counter_whose_range_is_known_wraps(tmp_path):
    write(tmp_path / "x.parquet", [("a", BEGAN_US, 950.0), ("a", BEGAN_US + 10 * S, 30.0)], "energy_j")
    found = survey(tmp_path, {}, wrap=1000.0)
    assert found.quality.steps["wraps"] == 1
    assert found.activity.total()[0] * 3.6e6 == pytest.approx(80, rel=1e-9)


def test_a_counter_that_rises_faster_than_a_device_can_draw_is_no_energy(tmp_path):
    write(tmp_path / "x.parquet", [("a", BEGAN_US, 0.0), ("a", BEGAN_US + 10 * S, 1e9), ("a", BEGAN_US + 20 * S, 1e9 + 36)], "energy_j")
    found = survey(tmp_path, {}, most_bad=1, max_w=1000)
    assert found.quality.steps["absurd"] == 1
    assert found.activity.total()[0] * 3.6e6 == pytest.approx(36, rel=1e-9)
    with pytest.raises(BadInput, match="absurd"):
        telemetry(tmp_path, max_w=1000)


def test_doubles_add_nothing_and_are_counted(tmp_path):
    rows = steady("a", 360, BEGAN_US, 7200)
    write(tmp_path / "x.parquet", rows + rows[::3])
    found = survey(tmp_path, {})
    assert found.quality.steps["doubles"] == len(rows[::3])
    assert found.activity.total()[0] == pytest.approx(0.72, rel=1e-9)


def test_the_same_file_twice_adds_nothing(power, tmp_path):
    (tmp_path / "copy.parquet").write_bytes(power.read_bytes())
    assert telemetry(tmp_path).total()[0] == pytest.approx(1.44, rel=1e-9)


def test_a_pause_over_the_limit_is_missing_and_its_share_is_told(tmp_path):
    write(tmp_path / "x.parquet", steady("a", 360, BEGAN_US, 3600) + steady("a", 360, BEGAN_US + 2 * HOUR_US, 3600))
    found = survey(tmp_path, {})
    assert found.activity.total()[0] == pytest.approx(0.72, rel=1e-9)
    assert (found.quality.missing_s, found.quality.steps["gaps"]) == (pytest.approx(3600), 1)
    assert "33.3 %" in named(found.activity, "missing")


def test_imputed_energy_stands_in_rows_of_its_own_as_a_guess(tmp_path):
    write(tmp_path / "x.parquet", steady("a", 360, BEGAN_US, 3600) + steady("a", 720, BEGAN_US + 2 * HOUR_US, 3600))
    jobs = [job("1", "a", BEGAN_US + HOUR_US, BEGAN_US + HOUR_US * 3 // 2, "ann")]
    found = telemetry(tmp_path, jobs=jobs, impute="device mean")
    guessed = [r for r in found.rows() if r["method"] == "modelled"]
    assert {(r["owner"], r["tier"]) for r in guessed} == {("ann", "guess"), ("unallocated", "guess")}
    assert sum(r["amount"] for r in guessed) == pytest.approx(0.54, rel=1e-9)
    assert sum(r["amount"] for r in guessed if r["owner"] == "ann") == pytest.approx(0.27, rel=1e-9)


def test_a_job_without_owner_is_unallocated_and_an_owner_without_samples_is_told(power):
    jobs = [job("1", "a", BEGAN_US, BEGAN_US + HOUR_US, None), job("2", "ghost", BEGAN_US, BEGAN_US + HOUR_US, "eve")]
    found = telemetry(power, jobs=jobs, by=("owner", "job"))
    assert {(r["owner"], r["job"]) for r in found.rows()} == {("unallocated", "1"), ("unallocated", "")}
    assert "eve" in named(found, "jobs without samples")


def test_jobs_at_once_on_one_device_share_by_weight(power):
    jobs = [job("1", "a", BEGAN_US, BEGAN_US + HOUR_US, "ann", 3.0), job("2", "a", BEGAN_US, BEGAN_US + 2 * HOUR_US, "bob", 1.0)]
    got = telemetry(power, jobs=jobs).by("owner")
    assert [got[w][0] for w in ("unallocated", "bob", "ann")] == pytest.approx([0.72, 0.45, 0.27], rel=1e-9)


def test_the_same_job_imported_twice_counts_once(power):
    jobs = [job("1", "a", BEGAN_US, BEGAN_US + HOUR_US, "ann"), job("2", "a", BEGAN_US, BEGAN_US + HOUR_US, "bob")]
    assert telemetry(power, jobs=[*jobs, jobs[0]]).by("owner")["ann"][0] == pytest.approx(0.18, rel=1e-9)


def test_a_job_that_still_runs_has_no_end(power):
    got = telemetry(power, jobs=[{"job": "1", "device": "a", "start": moment(BEGAN_US + HOUR_US), "end": None, "owner": "ann"}]).by("owner")
    assert got["ann"][0] == pytest.approx(0.36, rel=1e-9)


@pytest.mark.parametrize(("change", "column"), [
    ({"end": iso(BEGAN_US - S)}, "end"), ({"device": ""}, "device"), ({"start": "soon"}, "start"), ({"weight": "-1"}, "weight"), ({"weight": "much"}, "weight"),
])  # fmt: skip
def test_a_bad_row_of_jobs_is_named_by_file_row_and_column(power, tmp_path, change, column):
    good = {"job": "1", "device": "a", "start": iso(BEGAN_US), "end": iso(BEGAN_US + S), "owner": "ann", "weight": "1"}
    rows = [good, good | change]
    (tmp_path / "jobs.csv").write_text("\n".join(",".join(r) for r in ([*good], *([*row.values()] for row in rows))))
    with pytest.raises(TableError, match=rf"jobs\.csv, row 3, column {column}"):
        telemetry(power, jobs=tmp_path / "jobs.csv")


def test_a_table_without_a_column_says_which(power, tmp_path):
    (tmp_path / "jobs.csv").write_text("job,device,end\n1,a,2026-01-01T00:00Z\n")
    with pytest.raises(TableError, match="start"):
        telemetry(power, jobs=tmp_path / "jobs.csv")


def test_times_of_a_table_with_and_without_a_zone_are_refused(power, tmp_path):
    (tmp_path / "jobs.csv").write_text("job,device,start,end\n1,a,2026-01-01T00:00,2026-01-01T01:00\n2,a,2026-01-01T02:00Z,2026-01-01T03:00\n")
    with pytest.raises(Contradiction, match="time zones"):
        telemetry(power, jobs=tmp_path / "jobs.csv")
    (tmp_path / "jobs.csv").write_text("job,device,start,end\n1,a,2026-01-01T00:00,2026-01-01T03:00+02:00\n")  # each column for itself is one clock
    with pytest.raises(Contradiction, match="start, end|end, start"):
        telemetry(power, jobs=tmp_path / "jobs.csv")


def test_a_device_in_two_places_at_once_is_refused_and_one_that_moved_is_not(power):
    with pytest.raises(Contradiction, match="two places"):
        telemetry(power, placement=[place("a", "fr"), place("a", "no", BEGAN_US + HOUR_US)])
    moved = [place("a", "fr", None, BEGAN_US + HOUR_US), place("a", "no", BEGAN_US + HOUR_US), place("b", "no")]
    got = telemetry(power, placement=moved).by("site")
    assert (got["fr"][0], got["no"][0]) == (pytest.approx(0.36, rel=1e-9), pytest.approx(1.08, rel=1e-9))


def test_a_device_the_placement_does_not_name_is_told(power):
    found = telemetry(power, placement=[place("a", "fr")])
    assert named(found, "devices without a place").startswith("devices without a place = 1")
    assert found.by("site")[""][0] == pytest.approx(0.72, rel=1e-9)


def test_a_clock_that_is_wrong_is_set_right(power):
    found = telemetry(power, offsets=[{"device": "a", "offset_s": 3600.0}])
    first = min(r["start_s"] for r in found.rows())
    assert first == BEGAN_US / 1e6 - 3600
    assert found.total()[0] == pytest.approx(1.44, rel=1e-9)


def test_stamps_in_the_future_are_no_samples(tmp_path):
    rows = steady("a", 360, BEGAN_US, 7200)
    write(tmp_path / "x.parquet", [*rows, ("a", 4_000_000_000_000_000, 360.0)])
    found = survey(tmp_path, {})
    assert found.quality.unusable == {"stamp in the future": 1}
    assert found.activity.total()[0] == pytest.approx(0.72, rel=1e-9)


def test_a_clock_that_was_never_set_does_not_make_a_thousand_empty_days(tmp_path):
    rows = steady("a", 360, BEGAN_US, 7200)
    write(tmp_path / "x.parquet", [("a", 946_684_800_000_001, 360.0), ("a", 12, 360.0), *rows])
    found = survey(tmp_path, {}, most_bad=0.1)
    assert found.quality.unusable == {"stamp before 2000": 1}
    assert found.activity.total()[0] == pytest.approx(0.72, rel=1e-9)


def test_hourly_factors_price_as_the_database_would_weigh_them(power, tmp_path):
    import jevons

    grid = [{"site": "fr", "hour": moment(BEGAN_US + i * HOUR_US), "kg_per_kwh": kg} for i, kg in enumerate((0.1, 0.3, 0.2))]
    jobs = [job("1", "a", BEGAN_US, BEGAN_US + HOUR_US * 3 // 2, "ann")]
    fleet = telemetry(power, jobs=jobs, placement=[place("a", "fr"), place("b", "fr")], grid=grid)
    site = jevons.site("France", pue=1.0, series=series(grid)["fr"])
    priced = jevons.footprint(fleet, at={"fr": site}, study=jevons.Study(indicators=("energy", "climate")))
    assert priced.by("owner", "climate")["ann"][0] == pytest.approx(0.36 * 0.1 + 0.18 * 0.3, rel=1e-9)
    assert "0.2" in named(fleet, "hourly intensity at fr")


def test_an_hour_without_a_factor_is_refused(power):
    with pytest.raises(MissingFactor, match="2026-01-01T01:00"):
        telemetry(power, site="fr", grid=[{"site": "fr", "hour": moment(BEGAN_US), "kg_per_kwh": 0.1}])


@pytest.mark.parametrize("row", [{"kg_per_kwh": 57.0}, {"kg_per_kwh": -0.1}, {"hour": moment(BEGAN_US + S)}])
def test_factors_in_grams_or_between_hours_are_refused(power, row):
    with pytest.raises(TableError):
        telemetry(power, grid=[{"site": "fr", "hour": moment(BEGAN_US), "kg_per_kwh": 0.1} | row])


@pytest.mark.parametrize("options", [
    {"max_gap_s": 0}, {"max_gap_s": 7200}, {"max_w": -1}, {"wrap": 5.0}, {"impute": "zero"}, {"most_bad": 2}, {"by": "owner"}, {"by": ("colour",)},
    {"boundary": "rack"}, {"engine": "oracle"}, {"colour": 1}, {"columns": {"power": "x"}}, {"columns": {"value": "x"}},
])  # fmt: skip
def test_a_rule_nobody_could_follow_is_refused(power, options):
    with pytest.raises((BadInput, TableError)):
        telemetry(power, **options)


def test_boundary_and_component_are_those_given(power):
    rows = telemetry(power, boundary="server", component="node").rows()
    assert {(r["boundary"], r["component"]) for r in rows} == {("server", "node")}


def test_names_with_quotes_are_names_and_not_sql(tmp_path):
    odd = "a'; DROP TABLE energy; --"
    write(tmp_path / "it's.parquet", steady(odd, 360, BEGAN_US, 7200)[::-1])
    found = telemetry(tmp_path, jobs=[job("'1", odd, BEGAN_US, BEGAN_US + HOUR_US, 'o"w')], by=("owner", "device"), batch_rows=10)
    assert {(r["owner"], r["device"]) for r in found.rows()} == {('o"w', odd), ("unallocated", odd)}


def test_completeness_tells_each_device_and_hour(tmp_path):
    write(tmp_path / "x.parquet", steady("a", 360, BEGAN_US, 1800) + steady("a", 360, BEGAN_US + HOUR_US * 3 // 2, 5400) + steady("b", 1, BEGAN_US, 10800))
    told = survey(tmp_path, {}).completeness()
    whole = zip(told["device"], told["hour_us"], told["complete"], told["missing_s"], told["samples"])
    rows = [(device, (hour - BEGAN_US) // HOUR_US, round(complete, 6), missing, n) for device, hour, complete, missing, n in whole]
    assert rows == [("a", 0, 0.5, 1800, 181), ("a", 1, 0.5, 1800, 181), ("a", 2, 1, 0, 360), ("b", 0, 1, 0, 361), ("b", 1, 1, 0, 360), ("b", 2, 1, 0, 360)]
