"""Facility meters: any layout, energy, registers or power; daylight saving; units that disagree; what a tree makes of them."""

from __future__ import annotations

import pytest

from jevons import account
from jevons.core.errors import BadInput, Contradiction, TableError


def written(tmp_path, text, name="meters.csv"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


def kwh(activity):
    return float(activity.total()[0])


def by_meter(activity):
    return {k: round(float(v[0]), 6) for k, v in activity.by("device").items()}


WIDE = "time,Main [kWh],IT (kW),HVAC_kWh\n" + "".join(f"2026-01-01T00:{15 * i:02}Z,100,240,20\n" for i in range(4))


def test_a_wide_file_is_its_last_meters_and_what_none_of_them_saw(tmp_path):
    activity = account.read(written(tmp_path, WIDE))
    assert by_meter(activity) == {"IT": 240.0, "HVAC": 80.0, "Main: not sub-metered": 80.0}
    assert kwh(activity) == 400.0
    assert set(activity.text["boundary"]) == {"facility"}
    assert set(activity.end_s - activity.start_s) == {900.0}


def test_a_long_file_tells_its_tree_in_a_column(tmp_path):
    text = "time,meter,value,unit,parent\n" + "".join(
        f"2026-01-01T00:{m:02}Z,{n},{v},kWh,{p}\n" for m in (0, 15) for n, v, p in (("main", 100, ""), ("it", 60, "main"), ("rack", 50, "it")))
    assert by_meter(account.read(written(tmp_path, text))) == {"rack": 100.0, "main: not sub-metered": 80.0, "it: not sub-metered": 20.0}


def test_names_with_a_slash_are_a_tree(tmp_path):
    text = "time,Main [kWh],Main/IT [kWh],Main/IT/Rack 1 [kWh]\n2026-01-01T00:00Z,10,6,5\n2026-01-01T00:15Z,10,6,5\n"
    assert by_meter(account.read(written(tmp_path, text))) == {
        "Main/IT/Rack 1": 10.0, "Main: not sub-metered": 8.0, "Main/IT: not sub-metered": 2.0}  # fmt: skip


def test_a_tree_can_be_named_and_turns_the_guess_over(tmp_path):
    activity = account.read(written(tmp_path, WIDE), tree={"HVAC": "IT", "IT": "Main"})
    assert by_meter(activity) == {"Main: not sub-metered": 160.0, "IT: not sub-metered": 160.0, "HVAC": 80.0}


def test_the_households_of_heapo_are_told_without_counting_the_heat_pump_twice(tmp_path):
    head = "Household_ID;Group;AffectsTimePoint;Timestamp;kWh_received_Total;kWh_received_HeatPump;kWh_received_Other\n"
    rows = "".join(f"{h};treatment;before visit;2020-01-01 00:{15 * i:02}:00+00:00;0.5;0.3;0.2\n" for h in (1, 2) for i in range(4))
    activity = account.read(written(tmp_path, head + rows))
    assert kwh(activity) == pytest.approx(4.0)
    assert by_meter(activity)["1/received_HeatPump"] == pytest.approx(1.2)


def test_a_household_whose_heat_pump_was_not_metered_apart_keeps_its_total(tmp_path):
    text = "Timestamp;kWh_received_Total;kWh_received_HeatPump\n2020-01-01T00:00Z;0.5;\n2020-01-01T00:15Z;0.5;\n2020-01-01T00:30Z;0.5;0.1\n2020-01-01T00:45Z;0.5;0.1\n"
    activity = account.read(written(tmp_path, text))
    assert kwh(activity) == pytest.approx(2.0)
    assert any("readings missing" in a.what for a in activity.assumptions)


def test_a_german_export_with_decimal_commas_and_its_own_dates_is_read(tmp_path):
    text = "Zeitstempel;Netzbezug [kWh];Server [kW]\n01.03.2026 00:00;1.010,5;400,0\n01.03.2026 00:15;10,5;4,0\n"
    assert kwh(account.read(written(tmp_path, text))) == pytest.approx(1021.0)


def test_a_folder_of_a_file_a_meter_is_a_tree_of_its_folders(tmp_path):
    root = tmp_path / "building"
    for name, watts in (("Main", 4000), ("Main/IT", 2400), ("Main/IT/Rack 1", 2000), ("Main/HVAC", 800)):
        file = root / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("time,P [W],E [kWh],U [V]\n" + "".join(f"2026-01-01T0{h}:00Z,{watts},{watts / 1000},230\n" for h in range(2)))
    activity = account.read(root)
    assert set(activity.text["run"]) == set(account.read(root).text["run"]) != {""}
    assert by_meter(activity) == {"Main/IT/Rack 1": 4.0, "Main/HVAC": 1.6, "Main: not sub-metered": 1.6, "Main/IT: not sub-metered": 0.8}
    assert any("P left out" in a.value for a in activity.assumptions)


def test_a_folder_without_files_of_meters_is_refused(tmp_path):
    with pytest.raises(TableError, match="one a meter"):
        account.read(tmp_path, "meters")


def test_thousandths_are_no_megawatts(tmp_path):
    with pytest.raises(TableError, match="name the unit"):
        account.read(written(tmp_path, "time,Main [mW]\n2026-01-01T00:00Z,8\n2026-01-01T00:15Z,8\n"), "meters")


# ---- energy, registers, power


def test_a_register_that_runs_on_is_differenced(tmp_path):
    text = "time,Main counter [kWh]\n" + "".join(f"2026-01-01T00:{15 * i:02}Z,{5000 + 10 * i}\n" for i in range(4))
    activity = account.read(written(tmp_path, text))
    assert kwh(activity) == 30.0
    assert len(activity) == 3


def test_a_column_that_only_rises_for_a_day_is_taken_for_a_register_and_told(tmp_path):
    stamps = [f"2026-01-01T{i // 4:02}:{15 * (i % 4):02}Z" for i in range(96)]
    text = "time,Main [kWh]\n" + "".join(f"{t},{5000 + 2 * i}\n" for i, t in enumerate(stamps))
    activity = account.read(written(tmp_path, text))
    assert kwh(activity) == 190.0
    assert any("register that runs on" in a.value for a in activity.assumptions)
    assert kwh(account.read(written(tmp_path, text), readings="interval")) == pytest.approx(96 * 5095)


def test_a_register_that_runs_backwards_is_refused_with_its_row(tmp_path):
    text = "time,Main [kWh]\n2026-01-01T00:00Z,10\n2026-01-01T00:15Z,12\n2026-01-01T00:30Z,3\n"
    with pytest.raises(TableError, match="row 4, column Main: 3.0 will not do; a register cannot run backwards"):
        account.read(written(tmp_path, text), readings="cumulative")


def test_stamps_may_mark_the_end_of_the_interval(tmp_path):
    starts = account.read(written(tmp_path, WIDE), stamp="end").start_s
    assert starts.min() == account.read(written(tmp_path, WIDE)).start_s.min() - 900


@pytest.mark.parametrize(("unit", "size"), [("Wh", 1e-3), ("MWh", 1e3), ("W", 0.25e-3), ("kW", 0.25), ("MW", 250.0)])
def test_every_unit_of_energy_and_power_becomes_kwh(tmp_path, unit, size):
    text = f"time,Main [{unit}]\n2026-01-01T00:00Z,8\n2026-01-01T00:15Z,8\n"
    assert kwh(account.read(written(tmp_path, text))) == pytest.approx(16 * size)


def test_a_file_without_units_needs_one_named(tmp_path):
    file = written(tmp_path, "time,Main,site_id\n2026-01-01T00:00Z,8,x\n2026-01-01T00:15Z,8,x\n")
    with pytest.raises(TableError, match="name the unit"):
        account.read(file, "meters")
    assert kwh(account.read(file, "meters", unit="kWh")) == 16.0


# ---- clocks


def local(stamps):
    return "time,Main [kWh]\n" + "".join(f"{t},1\n" for t in stamps)


def test_the_hour_that_autumn_repeats_is_two_hours(tmp_path):
    stamps = [f"2025-10-26T{h:02}:{m:02}" for h, m in [(1, 45), *[(2, m) for m in (0, 15, 30, 45)] * 2, (3, 0)]]
    activity = account.read(written(tmp_path, local(stamps)), zone="Europe/Berlin")
    assert sorted(activity.start_s) == [activity.start_s.min() + 900 * i for i in range(10)]


def test_in_a_long_file_each_meter_keeps_its_own_clock(tmp_path):
    stamps = [f"2025-10-26 02:{m:02}" for m in (0, 15, 30, 45)] * 2
    text = "time,meter,value,unit\n" + "".join(f"{t},{m},1,kWh\n" for m in ("a", "b") for t in stamps)
    assert kwh(account.read(written(tmp_path, text), zone="Europe/Berlin")) == 16.0


def test_the_hour_that_spring_leaves_out_is_refused_with_the_mend(tmp_path):
    with pytest.raises(TableError, match="does not exist in Europe/Berlin"):
        account.read(written(tmp_path, local(["2026-03-29T01:45", "2026-03-29T02:00"])), zone="Europe/Berlin")
    assert kwh(account.read(written(tmp_path, local(["2026-03-29T01:45", "2026-03-29T02:00"])), zone="Etc/GMT-1")) == 2.0


def test_stamps_with_and_without_a_zone_in_one_file_are_refused(tmp_path):
    with pytest.raises(TableError, match="row 3, column time.*some stamps name their zone and some do not"):
        account.read(written(tmp_path, local(["2026-01-01T00:00Z", "2026-01-01T00:15"])))


def test_stamps_of_two_offsets_are_both_what_they_say(tmp_path):
    activity = account.read(written(tmp_path, local(["2025-10-26T02:45+02:00", "2025-10-26T02:00+01:00", "2025-10-26T02:15+01:00"])))
    assert list(activity.start_s - activity.start_s[0]) == [0, 900, 1800]


def test_a_gap_is_told_and_not_filled(tmp_path):
    activity = account.read(written(tmp_path, local(["2026-01-01T00:00Z", "2026-01-01T00:15Z", "2026-01-01T02:00Z", "2026-01-01T02:15Z"])))
    assert kwh(activity) == 4.0
    assert any("nothing is known of 1.5 h" in a.why for a in activity.assumptions)


def test_a_row_that_stands_twice_counts_once_and_one_that_differs_is_refused(tmp_path):
    twice = ["2026-01-01T00:00Z", "2026-01-01T00:15Z", "2026-01-01T00:15Z"]
    assert kwh(account.read(written(tmp_path, local(twice)))) == 2.0
    text = local(twice).rstrip().removesuffix("1") + "2\n"
    with pytest.raises(TableError, match="this stamp stands in row 3 too, with another reading"):
        account.read(written(tmp_path, text))


# ---- what cannot be


@pytest.mark.parametrize(("text", "mend"), [
    ("time,Main [kWh]\n2026-01-01T00:00Z,8 kW\n2026-01-01T00:15Z,8\n", "row 2, column Main .kWh.*give a number in kWh"),
    ("time,Main [kWh]\n2026-01-01T00:00Z,-8\n2026-01-01T00:15Z,8\n", "cannot be negative"),
    ("time,Main [kWh]\n2026-01-01T00:00Z,inf\n2026-01-01T00:15Z,8\n", "give a finite number"),
    ("time,Main [kWh]\nsoon,8\n2026-01-01T00:15Z,8\n", "column time.*give a date"),
    ("time,Main [kWh]\n2026-01-01T00:00Z,8\n", "one reading makes no interval"),
    ("time,meter,kwh,unit\n2026-01-01T00:00Z,a,8,kW\n", "its unit and this cell disagree"),
    ("time,meter,value,unit\n2026-01-01T00:00Z,a,8,kWh\n2026-01-01T00:15Z,a,8,kW\n", "one meter has one unit"),
    ("time,meter,value,unit\n2026-01-01T00:00Z,a,8,BTU\n", "give its unit, one of kWh"),
    ("time,A [kWh],B [kWh]\n2026-01-01T00:00Z,8,\n2026-01-01T00:15Z,8,4\n2026-01-01T01:00Z,,4\n2026-01-01T02:00Z,,4\n2026-01-01T03:00Z,,4\n", "intervals are not those"),
])  # fmt: skip
def test_a_reading_that_cannot_be_is_refused_where_it_stands(tmp_path, text, mend):
    with pytest.raises(TableError, match=mend):
        account.read(written(tmp_path, text))


def test_sub_meters_that_see_more_than_the_main_meter_are_a_contradiction(tmp_path):
    text = "time,Main [kWh],IT [kWh]\n2026-01-01T00:00Z,100,100.5\n2026-01-01T00:15Z,100,140\n"
    with pytest.raises(Contradiction, match="Main at 2026-01-01T00:15Z.*saw 140 kWh"):
        account.read(written(tmp_path, text))
    assert kwh(account.read(written(tmp_path, text), accuracy=0.5)) == pytest.approx(200.0)


def test_several_main_meters_ask_for_the_tree(tmp_path):
    text = "time,Main 1 [kWh],Main 2 [kWh],IT [kWh]\n2026-01-01T00:00Z,10,10,5\n2026-01-01T00:15Z,10,10,5\n"
    with pytest.raises(BadInput, match="several main meters"):
        account.read(written(tmp_path, text))
    assert kwh(account.read(written(tmp_path, text), tree={"IT": "Main 1"})) == 40.0


@pytest.mark.parametrize(("options", "mend"), [({"tree": {"IT": "Nowhere"}}, "no meter of that name"), ({"tree": {"IT": "IT"}}, "cannot lie behind itself"),
                                               ({"roles": {"IT": "king"}}, "choose one of main"), ({"roles": {"X": "main"}}, "no meter of that name"),
                                               ({"readings": "x"}, "auto, interval"), ({"stamp": "x"}, "start, end"), ({"site_": 1}, "meters has tree")])  # fmt: skip
def test_options_that_cannot_be_are_refused(tmp_path, options, mend):
    with pytest.raises(BadInput, match=mend):
        account.read(written(tmp_path, WIDE), **options)


def test_many_readings_are_summed_by_the_hour_and_stay_the_same_energy(tmp_path, monkeypatch):
    from jevons.account.readers import metering

    native = account.read(written(tmp_path, WIDE))
    monkeypatch.setattr(metering, "MOST_ROWS", 3)
    hourly = account.read(written(tmp_path, WIDE))
    assert len(hourly) == 3
    assert kwh(hourly) == pytest.approx(kwh(native))


BUILDING = (
    "timestamp,Grid import [kW],Grid export [kW],PV [kW],CHP [kW],CHP heat [kW],Solar thermal [kW],Heat meter 3 [kW],"
    "Grid import/Server room [kW],Grid import/Server room/Rack 1 [kW],Grid import/Server room/Rack 2 [kW],Grid import/Heat pump [kW]\n"
    + "".join(f"2021-06-01T{12 + i // 4}:{15 * (i % 4):02},{g},{x},{pv},40,80,9,70,60,20,30,12\n"
              for i, (g, x, pv) in enumerate([(100, 0, 0), (20, 0, 80), (0, 20, 120), (60, 0, 0)])))  # fmt: skip


def test_the_layout_of_a_smart_company_building_is_its_tree_its_plants_and_no_heat(tmp_path):
    activity = account.read(written(tmp_path, BUILDING), zone="Europe/Berlin")
    used = [140, 140, 140, 100]  # kW: imported, made, not exported
    assert kwh(activity) == pytest.approx(sum(used) / 4)
    assert by_meter(activity) == {
        "Grid import/Server room/Rack 1": 20.0, "Grid import/Server room/Rack 2": 30.0, "Grid import/Server room: not sub-metered": 10.0,
        "Grid import/Heat pump": 12.0, "Grid import: not sub-metered": sum(used) / 4 - 72}  # fmt: skip
    assert activity.start_s.min() == 1622541600.0  # 12:00 in Berlin's summer


def test_each_quarter_hour_of_that_building_has_the_intensity_of_what_it_bought_and_made(tmp_path):
    series, _ = account.meters(written(tmp_path, BUILDING), zone="Europe/Berlin").intensity("400 g/kWh", pv="40 g/kWh", chp="500 g/kWh")
    made = (120 * 0.04 + 40 * 0.5) / 160  # kg/kWh of the plants when 20 of 160 kW leave
    wanted = [(100 * 0.4 + 40 * 0.5) / 140, (20 * 0.4 + 80 * 0.04 + 40 * 0.5) / 140, made, (60 * 0.4 + 40 * 0.5) / 100]
    assert series.kg_per_kwh.tolist() == pytest.approx(wanted)


@pytest.mark.parametrize(("name", "role"), [
    ("CHP heat", "heat"), ("BHKW Wärme", "heat"), ("Solar thermal", "heat"), ("Fernwärme", "heat"), ("Heat meter 9", "heat"), ("Q_th", "heat"),
    ("Heat pump", "sub"), ("Wärmepumpe", "sub"), ("HeatPump", "sub"), ("heater rack 2", "sub"), ("CHP", "chp"), ("BHKW", "chp"), ("PV roof", "pv"),
    ("PV export", "export"), ("Netzbezug", "main"), ("Einspeisung", "export")])  # fmt: skip
def test_a_meters_name_tells_whether_it_is_heat_or_electricity(name, role):
    from jevons.account.readers.meter_columns import roles_of

    assert roles_of([name], {})[0] == {name: role}
