"""A life cycle: what is not given is not counted, what is counted twice is refused, and the parts make the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.account.life.amortise import accelerated, choices, straight_line, with_second_life
from jevons.account.life.published import beside, splits
from jevons.account.life.scope import PHASES, phase_of
from jevons.core.activity import Activity
from jevons.core.errors import (
    BadInput,
    Contradiction,
    MissingFactor,
    OverlappingMeters,
    StudyMismatch,
    UnknownName,
)

HERE = {"name": "France", "pue": 1, "wue": 0, "intensity": "50 g/kWh"}
RUN = {"what": "run", "energy": "100 MWh", "boundary": "facility"}
CHIPS = {"what": "chips", "device_hours": 1000, "made": "150 kg", "life": "5 years", "utilisation": 0.5}
lifecycle = jevons.account.lifecycle


def cycle(phases, **more):
    return lifecycle({"lifecycle": "sample", "site": HERE, "phases": phases, **more}, draws=0)


# ---- scope


def test_a_phase_that_is_not_given_is_named_as_not_counted_and_is_never_zero():
    found = cycle({"final training": [RUN], "travel": "nobody kept the tickets", "data": None})
    assert set(found.not_counted) == set(PHASES) - {"final training"}
    assert found.not_counted["travel"] == "nobody kept the tickets"
    assert found.not_counted["data"] == "not given"
    assert "travel" not in found.footprint.by("stage")


def test_making_that_stands_beside_its_work_is_said_to_be_counted_there():
    work = Activity.of([{"amount": 1.0}, {"amount": 10.0, "flow": "device_hours/nvidia-a100-sxm4-80gb"}])
    found = cycle({"final training": [work]})
    assert found.not_counted["hardware"] == "counted only within final training"


@pytest.mark.parametrize(("said", "phase"), [("Training", "final training"), ("end_of_life", "end of life"), ("embodied", "hardware")])
def test_a_phase_is_known_by_its_usual_names(said, phase):
    assert phase_of(said) == phase


def test_a_phase_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'inference'"):
        cycle({"inferense": [RUN]})


@given(st.dictionaries(st.sampled_from(PHASES), st.floats(0.1, 1e6), min_size=1))
def test_the_phases_sum_to_the_whole(kwh):
    found = cycle({phase: [{"what": "x", "energy": value}] for phase, value in kwh.items()})
    parts = [found.only([phase]).best() for phase in kwh]
    assert sum(parts) == pytest.approx(found.footprint.best())
    assert found.footprint.best("energy") == pytest.approx(sum(kwh.values()))


def test_life_cycles_of_different_reach_refuse_to_be_compared():
    wide, narrow = cycle({"final training": [RUN], "data": [RUN]}), cycle({"final training": [RUN]})
    assert "data" in narrow.study.cutoffs
    with pytest.raises(StudyMismatch):
        _ = wide.footprint - narrow.footprint


def test_a_phase_that_is_not_given_cuts_nothing_off_that_other_phases_count():
    work = Activity.of([{"amount": 1.0, "component": "gpu"}, {"amount": 2.0, "component": "network"}])
    found = cycle({"inference": [work]})
    assert "network" in found.not_counted
    assert "network" not in found.study.cutoffs
    assert (found.footprint.best("energy"), found.footprint.excluded) == (3.0, None)


def test_a_phase_that_the_study_cuts_off_is_read_and_stands_beside_the_whole():
    given = {"phases": {"inference": [RUN], "data": [RUN]}, "study": {"cutoffs": ["data"]}}
    found = lifecycle(given)
    assert set(found.footprint.by("stage")) == {"inference"}
    assert float(found.footprint.left_out()["data"][0]) == pytest.approx(found.footprint.best())
    assert "data" in found.study.cutoffs


def test_a_year_of_hours_is_one_meter_and_an_hour_twice_is_two():
    hours = [{"start_s": 3600.0 * h, "end_s": 3600.0 * (h + 1), "amount": 1.0, "component": "gpu"} for h in range(2000)]
    assert cycle({"final training": [Activity.of(hours)]}).overlaps == ()
    with pytest.raises(OverlappingMeters):
        cycle({"final training": [Activity.of([*hours, hours[7]])]})


# ---- nothing twice


def test_a_part_that_includes_another_is_refused_and_can_be_reported_with_both_sums():
    phases = {"final training": [{**RUN, "includes": ["disks"]}, {"what": "disks", "energy": "20 MWh", "boundary": "facility"}]}
    with pytest.raises(OverlappingMeters, match="run already includes disks"):
        cycle(phases)
    found = cycle(phases, overlaps="report")
    assert found.footprint.best("energy") == pytest.approx(120_000)
    assert found.without_overlap.best("energy") == pytest.approx(100_000)


@pytest.mark.parametrize(
    ("one", "other"),
    [({"boundary": "chip", "component": "gpu"}, {"boundary": "server", "component": "gpu"}),
     ({"boundary": "facility", "component": "all"}, {"boundary": "chip", "component": "gpu"})],
)  # fmt: skip
def test_meters_that_count_the_same_joule_are_refused(one, other):
    with pytest.raises(OverlappingMeters, match="count the same energy"):
        cycle({"final training": [{"what": "a", "energy": 5, **one}, {"what": "b", "energy": 3, **other}]})


def test_a_meter_of_everything_overlaps_parts_of_other_phases_unless_the_times_or_places_differ():
    hall = {"what": "hall", "energy": 90, "boundary": "facility", "component": "all", "start": "2024-01-01", "end": "2024-02-01"}
    run = {"what": "gpus", "energy": 50, "boundary": "chip", "start": "2024-01-10", "end": "2024-01-20"}
    with pytest.raises(OverlappingMeters):
        cycle({"experimentation": [hall], "final training": [run]})
    later = {**run, "start": "2024-02-01", "end": "2024-03-01"}
    elsewhere = {**run, "site": {**HERE, "name": "Germany"}}
    for apart in (later, elsewhere):
        assert cycle({"experimentation": [hall], "final training": [apart]}).overlaps == ()


def test_making_the_same_devices_in_two_phases_is_refused():
    made = Activity.of([{"amount": 10.0, "flow": "device_hours/nvidia-a100-sxm4-80gb"}])
    with pytest.raises(OverlappingMeters, match="making nvidia-a100-sxm4-80gb stands in both"):
        cycle({"final training": [made], "hardware": [made]})


def test_two_parts_of_different_components_stand_side_by_side():
    found = cycle({"final training": [RUN, {"what": "disks", "energy": "20 MWh", "boundary": "facility"}]})
    assert found.overlaps == ()


# ---- parts


def test_power_times_hours_is_energy_and_the_sites_overhead_is_added_outside_a_facility_meter():
    at = {**HERE, "pue": 1.5}
    found = lifecycle({"site": at, "phases": {"data": [{"what": "cpus", "power": "2 kW", "hours": 100}]}}, draws=0)
    assert found.footprint.best("energy") == pytest.approx(300)


def test_making_is_shared_out_by_the_hour_in_use_or_written_off_whole():
    spare = {"what": "spares", "count": 4, "made": "30 kg"}
    found = cycle({"hardware": [CHIPS, spare]})
    assert found.only(["hardware/chips"]).best() == pytest.approx(150 * 1000 / (5 * 8760 * 0.5))
    assert found.only(["hardware/spares"]).best() == pytest.approx(120)
    assert found.manufacture() == pytest.approx(found.footprint.best())


def test_travel_is_a_phase_like_any_other(tmp_path):
    (tmp_path / "people.csv").write_text("N,dist\n10,2000\n")
    spec = {"phases": {"travel": [{"what": "kick-off", "travel": {"file": "people.csv"}}], "final training": [RUN]}, "site": HERE}
    found = lifecycle(spec, folder=tmp_path, draws=0)
    assert found.only(["travel"]).best() == pytest.approx(2 * 10 * 2000 * 0.25)


def test_parts_stand_at_their_own_places_even_under_one_name():
    other = {**RUN, "what": "night", "site": {**HERE, "intensity": "10 g/kWh"}}
    found = cycle({"final training": [RUN, other]})
    assert found.only(["final training/run"]).best() == pytest.approx(5000)
    assert found.only(["final training/night"]).best() == pytest.approx(1000)


def test_a_site_may_state_water_a_kilowatt_hour():
    at = {**HERE, "water_off_site": "1.3 L/kWh"}
    found = lifecycle({"site": at, "study": {"indicators": ["water_off_site"]}, "phases": {"training": [RUN]}}, draws=0)
    assert found.footprint.best("water_off_site") == pytest.approx(130_000)


def test_an_estimate_is_a_part_too():
    run = jevons.estimate.training("llama-2-7b", tokens="1B", on="a100", n=8, draws=0)
    found = lifecycle({"final training": run}, draws=0)
    alone = jevons.footprint(run, "world", found.study, draws=0)
    assert found.footprint.best() == pytest.approx(alone.best())


# ---- use


@given(expected=st.floats(1, 1e15), served=st.floats(1, 1e9))
def test_training_is_spread_over_the_use_expected_and_inference_over_what_was_served(expected, served):
    api = {"what": "api", "energy": 50, "boundary": "facility", "served": {"request": served}}
    found = cycle({"final training": [RUN], "inference": [api]}, use={"request": expected})
    one = found.per("request")["energy"]
    assert one["development"] * expected == pytest.approx(100_000)
    assert one["inference"] * served == pytest.approx(50)
    assert one["together"] == pytest.approx(one["development"] + one["inference"])


def test_use_that_is_not_stated_is_refused():
    with pytest.raises(BadInput, match="say how much use is expected"):
        cycle({"final training": [RUN]}).per("request")
    with pytest.raises(BadInput, match="say how many the inference served"):
        cycle({"final training": [RUN], "inference": [{"what": "api", "energy": 5}]}, use={"request": 10}).per("request")


# ---- beside others


def test_published_figures_stand_beside_ours_with_their_deviation():
    (one, two) = beside(cycle({"final training": [RUN]}, published={"total": "5.05 t", "final training/run": "100 MWh"}))
    assert (one.ours, one.published) == (pytest.approx(5000), pytest.approx(5050))
    assert two.deviation == pytest.approx(0)


@pytest.mark.parametrize(("published", "words"), [({"total": "5"}, "figure with its unit"), ({"total": "5 W"}, "figure with its unit"),
                                                  ({"nothing": "5 t"}, "choose among")])  # fmt: skip
def test_a_published_figure_that_cannot_be_compared_is_refused(published, words):
    with pytest.raises(BadInput, match=words):
        beside(cycle({"final training": [RUN]}, published=published))


def test_a_published_split_screens_what_is_not_counted_outside_the_sum():
    found = {(s.split, s.part): s for s in splits(cycle({"final training": [RUN]}))}
    inference = found["meta-lm-carbon", "inference"]
    assert inference.ours is None
    assert inference.would_be_kg == pytest.approx(5000 / 0.35 * 0.65)
    assert found["meta-lm-carbon", "training"].ours == 1


def test_the_shares_of_each_published_split_sum_to_one():
    sums = {}
    for share in splits(cycle({"final training": [RUN], "hardware": [CHIPS]})):
        sums[share.split] = sums.get(share.split, 0.0) + share.published
    assert sums.keys() >= {"meta-ai-capacity", "meta-rm1-energy", "meta-lm-carbon", "meta-embodied"}
    assert all(total == pytest.approx(1) for total in sums.values())


# ---- amortisation


@given(life=st.floats(1, 10), use=st.floats(0.05, 1))
def test_making_over_the_hours_of_a_whole_life_sums_to_what_was_made(life, use):
    assert straight_line(life * 8760 * use, life, use) == pytest.approx(1)
    assert sum(accelerated(8760 * use, year, utilisation=use) for year in range(1, 12)) == pytest.approx(1)
    assert with_second_life(life * 8760 * use, life, life, use) == pytest.approx(0.5)


def test_choices_of_amortisation_stand_side_by_side_widest_first():
    found = choices(cycle({"final training": [RUN], "hardware": [CHIPS]}))
    assert [abs(c.change_kg) for c in found] == sorted((abs(c.change_kg) for c in found), reverse=True)
    by = {(c.what, c.option): c for c in found}
    usual = 150 * 1000 / (5 * 8760 * 0.5)
    assert by["life", "4 years"].made_kg == pytest.approx(usual * 5 / 4)
    assert by["hours", "by the calendar, idle time to others"].made_kg == pytest.approx(usual / 2)
    assert by["second life", "this is the second; the first bore all"].total_kg == pytest.approx(5000)
    assert ("life", "5 years") not in by


def test_what_is_written_off_whole_or_not_made_leaves_no_choice():
    assert choices(cycle({"final training": [RUN]})) == []
    assert choices(cycle({"hardware": [{"what": "spares", "count": 4, "made": "30 kg"}]})) == []


@pytest.mark.parametrize("call", [lambda: straight_line(1, 0), lambda: straight_line(1, 1, 0), lambda: accelerated(1, 0),
                                  lambda: accelerated(1, 1, (0.5, 0.6)), lambda: accelerated(1, 1, (1.5, -0.5))])  # fmt: skip
def test_impossible_lives_and_weights_are_refused(call):
    with pytest.raises(BadInput):
        call()


# ---- bad input


@pytest.mark.parametrize(
    ("part", "words"),
    [({"energy": 5}, "name each part"), ({"what": "a/b", "energy": 5}, "without a slash"), ({"what": "a"}, "give one of energy"),
     ({"what": "a", "energy": 5, "power": 3}, "not both"), ({"what": "a", "energy": 5, "made": "3 kg"}, "split it"),
     ({"what": "a", "power": 5}, "power needs hours"), ({"what": "a", "energy": "5 kg"}, "data: a: energy"),
     ({"what": "a", "energy": -5}, "at least 0"), ({"what": "a", "energy": 5, "boundary": "moon"}, "chip, server, facility"),
     ({"what": "a", "made": "5 kg"}, "give device_hours with life"), ({"what": "a", "made": "5 kg", "device_hours": 1}, "over how many years"),
     ({"what": "a", "made": "5 kg", "device_hours": 1, "life": 99}, "at most 30"),
     ({"what": "a", "made": "5 kg", "device_hours": 1, "life": 4, "utilisation": 2}, "at most 1"),
     ({"what": "a", "energy": 5, "includes": ["b"]}, "name another part"), ({"what": "a", "energy": 5, "includes": "b"}, "give a list"),
     ({"what": "a", "energy": 5, "start": "2024-01-01"}, "start and end"), ({"what": "a", "energy": 5, "start": "2024-02-01", "end": "2024-01-01"}, "after the start"),
     ({"what": "a", "enrgy": 5}, "did you mean 'energy'"), ("a", "write each part|not given|at least one part"), (7, "write each part as a mapping"),
     ({"what": "a", "activity": 5}, "give an Activity"), ({"what": "a", "energy": 5, "site": 3}, "name a place")],
)  # fmt: skip
def test_a_bad_part_is_refused_by_phase_and_name(part, words):
    with pytest.raises(BadInput, match=words):
        cycle({"data": part if isinstance(part, str) else [part]})


@pytest.mark.parametrize(
    ("change", "words"),
    [({"overlaps": "ignore"}, "refuse, report"), ({"phases": []}, "give parts by phase"), ({"use": {"request": 0}}, "above 0"),
     ({"study": {"indicator": ["energy"]}}, "did you mean 'indicators'"), ({"fases": {}}, "did you mean 'phases'"),
     ({"use": 4}, "keys and values"), ({"published": 5}, "keys and values"), ({"study": [1]}, "keys and values"), ({"claims": 3}, "list of records")],
)  # fmt: skip
def test_a_bad_spec_is_refused_by_its_key(change, words):
    with pytest.raises(BadInput, match=words):
        cycle(**{"phases": {"data": [RUN]}, **change})


def test_nothing_two_of_a_name_an_unknown_place_and_a_missing_factor_are_refused():
    with pytest.raises(BadInput, match="give a mapping with phases"):
        lifecycle({})
    with pytest.raises(BadInput, match="its own name"):
        cycle({"data": [RUN, RUN]})
    with pytest.raises(UnknownName):
        cycle({"data": [{**RUN, "site": "Atlantis"}]})
    with pytest.raises(MissingFactor, match="water_embodied"):
        cycle({"hardware": [CHIPS]}, study={"indicators": ["climate", "water_embodied"]})


# ---- nothing vanishes, nothing is taken in silence


def test_two_names_of_one_phase_are_refused_for_the_first_would_vanish():
    part = {"what": "a", "energy": 1.0, "boundary": "facility"}
    with pytest.raises(BadInput, match="'training' means final training too"):
        jevons.account.lifecycle({"phases": {"training": [part], "final training": [part]}, "site": "France"}, draws=0)


def test_parts_of_one_name_that_state_different_makings_are_refused():
    made = {"what": "GPUs", "device_hours": 100.0, "life": 4, "utilisation": 1.0}
    phases = {"data": [{**made, "made": "100 kg"}], "inference": [{**made, "made": "900 kg"}]}
    with pytest.raises(BadInput, match="name them apart"):
        jevons.account.lifecycle({"phases": phases, "site": "France"}, draws=0)
    phases["inference"][0]["made"] = "100 kg"
    alike = jevons.account.lifecycle({"phases": phases, "site": "France"}, draws=0)
    assert alike.footprint.best() == pytest.approx(2 * 100 * straight_line(100, 4))


def test_a_boundary_and_a_utilisation_that_are_not_given_are_assumptions():
    phases = {"data": [{"what": "a", "energy": 1.0}, {"what": "b", "energy": 1.0, "boundary": "facility"}],
              "hardware": [{"what": "c", "device_hours": 1.0, "made": 1.0, "life": 4}]}  # fmt: skip
    said = [a.what for a in jevons.account.lifecycle({"phases": phases, "site": "France"}, draws=0).footprint.assumptions]
    assert {"boundary of data: a", "utilisation of hardware: c"} <= set(said)
    assert "boundary of data: b" not in said


def test_a_clock_cannot_run_longer_than_from_start_to_end():
    part = {"what": "a", "power": "1 kW", "start": "2024-01-01T00:00", "end": "2024-01-01T10:00"}
    with pytest.raises(Contradiction, match="device_hours"):
        jevons.account.lifecycle({"phases": {"data": [{**part, "hours": 100}]}, "site": "France"}, draws=0)
    jevons.account.lifecycle({"phases": {"data": [{**part, "device_hours": 100}]}, "site": "France"}, draws=0)
