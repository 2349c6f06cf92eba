"""Sharing out: the sum over owners is the meter whatever the weights, nothing vanishes, and each part follows its key."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jevons
from jevons.account import allocate, held, usage
from jevons.account.allocation.parts import split
from jevons.account.allocation.usage import Usage
from jevons.account.allocation.weights import UNALLOCATED
from jevons.core.activity import Activity
from jevons.core.errors import BadInput, TableError

DAY = 86400.0
HOUR = 3600.0
KWH = {"start_s": 0.0, "end_s": HOUR, "amount": 10.0, "component": "accelerator", "boundary": "chip"}


def metered(*rows):
    return Activity.of([{**KWH, **row} for row in rows] or [KWH])


def fell(parts, by="owner", flow="electricity"):
    return {k: round(float(v[0]), 9) for k, v in parts.by(by, flow).items()}


def whole(activity, flow="electricity"):
    return float(activity.total(flow)[0])


def test_energy_follows_busy_hours():
    assert fell(allocate(metered(), [{"owner": "a", "busy hours": 3}, {"owner": "b", "busy hours": 1}])) == {"a": 7.5, "b": 2.5}


@pytest.mark.parametrize("by", ["owner", "job", "model", "tenant", "request"])
def test_it_is_shared_over_whoever_is_asked_for(by):
    assert fell(allocate(metered(), [{by: "x", "tokens": 1}, {by: "y", "tokens": 3}], by=by, active="tokens"), by) == {"y": 7.5, "x": 2.5}


def test_work_without_an_owner_is_unallocated_and_never_vanishes():
    parts = allocate(metered(), [{"owner": "a", "busy hours": 3}, {"owner": "", "busy hours": 1}])
    assert fell(parts) == {"a": 7.5, UNALLOCATED: 2.5}
    assert any(a.what == "electricity of nobody" and "25.0%" in a.value for a in parts.assumptions)


@pytest.mark.parametrize("rows", [[{"owner": "a", "busy hours": 0}], [{"owner": "a", "busy hours": 3, "start_s": DAY, "end_s": 2 * DAY}]],
                         ids=["no weight", "another day"])  # fmt: skip
def test_what_nobody_used_is_unallocated(rows):
    parts = allocate(metered(), rows)
    assert fell(parts) == {UNALLOCATED: 10.0}
    assert any(a.what == "owner with no share" and a.value == "a" for a in parts.assumptions)


def test_usage_counts_only_where_its_time_and_the_meters_meet():
    rows = [{"owner": "a", "busy hours": 1, "start_s": 0, "end_s": HOUR}, {"owner": "b", "busy hours": 2, "start_s": 0, "end_s": 2 * HOUR}]
    parts = allocate(metered({}, {"start_s": HOUR, "end_s": 2 * HOUR}), rows)
    first = parts.where(lambda r: r["start_s"] == 0)
    assert fell(first) == {"a": 5.0, "b": 5.0}
    assert fell(parts) == {"b": 15.0, "a": 5.0}


def test_idle_goes_by_what_is_owned_and_work_by_what_is_busy():
    rows = [{"owner": "a", "busy hours": 1, "owned hours": 3}, {"owner": "b", "busy hours": 1, "owned hours": 1}]
    parts = allocate(metered(), rows, idle_w={"accelerator": 4000})
    assert fell(parts.where(part="idle")) == {"a": 3.0, "b": 1.0}
    assert fell(parts.where(part="active")) == {"a": 3.0, "b": 3.0}


def test_rows_that_a_tracker_called_idle_are_idle():
    parts = allocate(metered({}, {"component": "accelerator idle", "amount": 4.0}), [{"owner": "a", "busy hours": 1, "owned hours": 0},
                                                                                   {"owner": "b", "busy hours": 0, "owned hours": 1}])  # fmt: skip
    assert fell(parts) == {"a": 10.0, "b": 4.0}


def test_the_building_follows_the_energy_that_was_allotted():
    parts = allocate(metered({}, {"component": "cooling", "amount": 4.0, "boundary": "facility"}),
                     [{"owner": "a", "busy hours": 3}, {"owner": "", "busy hours": 1}])  # fmt: skip
    assert fell(parts) == {"a": 10.5, UNALLOCATED: 3.5}


def test_a_part_can_be_equal_or_nobodys():
    rows = [{"owner": "a", "busy hours": 3}, {"owner": "b", "busy hours": 1}, {"owner": "", "busy hours": 1}]
    network = {"component": "network", "amount": 6.0}
    assert fell(allocate(metered(network), rows, shared="equal")) == {"a": 3.0, "b": 3.0}
    assert fell(allocate(metered(network), rows, shared=None)) == {UNALLOCATED: 6.0}
    assert fell(allocate(metered(network), rows, shared="unallocated")) == {UNALLOCATED: 6.0}


def test_an_owner_without_jobs_has_the_stated_share_or_nothing_and_that_is_said():
    rows = [{"owner": "a", "busy hours": 3, "owned hours": 1}, {"owner": "b", "owned hours": 1}, {"owner": "c", "owned hours": 0}]
    parts = allocate(metered({}, {"component": "accelerator idle", "amount": 4.0}), rows)
    assert fell(parts) == {"a": 12.0, "b": 2.0}
    assert any(a.what == "owner with no share" and a.value == "c" for a in parts.assumptions)


def test_sites_and_devices_are_matched_where_both_sides_name_them():
    rows = [{"owner": "a", "busy hours": 1, "site": "Oslo"}, {"owner": "b", "busy hours": 1, "site": "Lyon"}]
    parts = allocate(metered({"site": "Oslo"}, {"site": "Lyon", "amount": 2.0}, {"site": "Rome", "amount": 1.0}), rows)
    assert fell(parts) == {"a": 10.0, "b": 2.0, UNALLOCATED: 1.0}


def test_devices_that_share_no_name_are_not_held_against_each_other():
    assert fell(allocate(metered({"device": "dcgm:GPU-1"}), [{"owner": "a", "busy hours": 1, "device": "a100"}])) == {"a": 10.0}


def test_a_row_that_already_has_its_owner_stays_theirs():
    parts = allocate(metered({"owner": "c"}, {"owner": ""}), [{"owner": "a", "busy hours": 1}])
    assert fell(parts) == {"c": 10.0, "a": 10.0}
    building = allocate(metered({"owner": "c"}, {"component": "cooling", "amount": 2.0}), [{"owner": "a", "busy hours": 1}])
    assert fell(building) == {"c": 12.0}


def test_device_time_is_another_word_for_busy_hours():
    rows = [{"owner": "a", "busy hours": 3, "tokens": 1}, {"owner": "b", "busy hours": 1, "tokens": 1}]
    assert fell(allocate(metered(), rows, active="device time")) == {"a": 7.5, "b": 2.5}


def test_another_activity_serves_as_usage():
    jobs = Activity.of([{"start_s": 0.0, "end_s": HOUR, "flow": "device_hours/core", "amount": 3.0, "owner": "a"},
                        {"start_s": 0.0, "end_s": HOUR, "flow": "device_hours/core", "amount": 1.0, "owner": "b"}])  # fmt: skip
    assert fell(allocate(metered(), jobs)) == {"a": 7.5, "b": 2.5}
    pods = Activity.of([{"amount": 1.0, "owner": "a"}, {"amount": 4.0, "owner": "b"}])
    assert fell(allocate(metered(), pods)) == {"b": 8.0, "a": 2.0}


def test_what_was_shared_out_can_be_priced_by_owner_with_the_buildings_overhead():
    parts = allocate(metered(), [{"owner": "a", "busy hours": 3}, {"owner": "b", "busy hours": 1}])
    by = jevons.footprint(parts, jevons.site("France", pue=1.5)).by("owner", "energy")
    assert {k: float(v[0]) for k, v in by.items()} == pytest.approx({"a": 11.25, "b": 3.75})


# ---- device hours and the making of devices


def test_hours_held_are_busy_as_far_as_they_were_used_and_idle_for_the_rest():
    rows = [{"owner": "a", "busy hours": 24, "owned hours": 1}, {"owner": "b", "busy hours": 24, "owned hours": 3}]
    parts = allocate(held("a100", 4, 0, DAY), rows)
    assert fell(parts.where(part="active"), flow="device_hours") == {"a": 24.0, "b": 24.0}
    assert fell(parts.where(part="idle"), flow="device_hours") == {"b": 36.0, "a": 12.0}


def test_more_busy_hours_than_were_held_leave_nothing_idle():
    parts = allocate(held("a100", 1, 0, DAY), [{"owner": "a", "busy hours": 90}, {"owner": "b", "busy hours": 30}])
    assert fell(parts, flow="device_hours") == {"a": 18.0, "b": 6.0}
    assert "idle" not in set(parts.text["part"])


@settings(max_examples=40, deadline=None)
@given(st.floats(0.5, 20), st.integers(1, 64), st.lists(st.floats(0.01, 1), min_size=1, max_size=6),
       st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1e6), st.floats(0, 1e3)), max_size=6))  # fmt: skip
def test_over_a_devices_life_idle_hours_included_what_is_shared_out_is_what_was_made(years, n, cuts, users):
    life_s = years * 8760 * HOUR
    edges = np.concatenate(([0.0], np.cumsum(cuts) / np.sum(cuts) * life_s))
    rows = [{"owner": o, "busy hours": b, "owned hours": w} for o, b, w in users] or [{"owner": "nobody yet", "busy hours": 0}]
    site = jevons.site("France", life=years, utilisation=1.0)
    study = jevons.Study(indicators=("climate",))
    spent = sum(float(jevons.footprint(allocate(held("h100", n, a, b), rows), site, study, draws=0).total("climate")[0])
                for a, b in pairwise(edges))  # fmt: skip
    from jevons.world.embodied import of_device

    assert spent == pytest.approx(n * of_device("nvidia-h100-sxm5-80gb").impacts["climate"], rel=1e-9)


# ---- the law


WEIGHTS = st.one_of(st.just(0.0), st.floats(0, 1), st.floats(0, 1e308), st.just(5e-324), st.just(1e-300))
OWNERS = st.sampled_from(["a", "b", "c", "", UNALLOCATED, "ä \n;--"])
TIMES = st.one_of(st.just((None, None)), st.tuples(st.floats(0, 9), st.floats(0, 9)).map(lambda p: (HOUR * min(p), HOUR * max(p))))
COMPONENTS = st.sampled_from(["accelerator", "accelerator idle", "network", "cooling", "not sub-metered", ""])
KEY = st.sampled_from(["", "busy hours", "tokens", "equal", "allotted energy", None])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(TIMES, COMPONENTS, st.floats(0, 1e9), st.sampled_from(["electricity", "device_hours/nvidia-t4"])), min_size=1, max_size=6),
       st.lists(st.tuples(TIMES, OWNERS, WEIGHTS, WEIGHTS, WEIGHTS), min_size=1, max_size=8), KEY, KEY, KEY, KEY)  # fmt: skip
def test_the_sum_over_owners_is_the_meter(meters, users, active, idle, shared, overhead):
    rows = [{"start_s": float("nan") if t[0] is None else t[0], "end_s": float("nan") if t[1] is None else t[1], "component": c,
             "amount": x, "flow": f} for t, c, x, f in meters]  # fmt: skip
    used = [{"start_s": t[0], "end_s": t[1], "owner": o, "busy hours": b, "owned hours": w, "tokens": k} for t, o, b, w, k in users]
    found = Activity.of(rows)
    parts = allocate(found, used, active=active, idle=idle, shared=shared, overhead=overhead)
    for flow in ("electricity", "device_hours"):
        assert whole(parts, flow) == pytest.approx(whole(found, flow), rel=1e-9, abs=1e-300)
        by_owner = sum(float(v[0]) for v in parts.by("owner", flow).values())
        assert by_owner == pytest.approx(whole(found, flow), rel=1e-9, abs=1e-300)
    assert (parts.amount >= 0).all()
    assert set(parts.text["owner"]) <= {o or UNALLOCATED for _, o, *_ in users} | {UNALLOCATED}


def test_ten_thousand_owners_sum_to_the_meter_too():
    rng = np.random.default_rng(1)
    used = [{"owner": f"o{i}", "busy hours": w} for i, w in enumerate(rng.lognormal(0, 8, 10_000))]
    parts = allocate(metered({}, {"start_s": HOUR, "end_s": 2 * HOUR}), used)
    assert whole(parts) == pytest.approx(20.0, rel=1e-9)
    assert len(set(parts.text["owner"])) == 10_000


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e4), st.floats(0.1, 1e4)), min_size=1, max_size=5), st.floats(0, 1e6))
def test_idle_watts_move_energy_between_parts_and_make_none(rows, watts):
    found = Activity.of([{**KWH, "start_s": s, "end_s": s + d, "amount": x, "device": str(i)} for i, (x, s, d) in enumerate(rows)])
    parted = split(found, {"accelerator": watts})
    assert float(parted.total()[0]) == pytest.approx(float(found.total()[0]), rel=1e-12)
    most = sum(min(x, watts / 1000 * d / HOUR) for (x, *_), d in zip(rows, found.end_s - found.start_s, strict=True))
    assert float(parted.where(part="idle").total()[0]) == pytest.approx(most, rel=1e-9, abs=1e-12)


def test_idle_watts_are_a_devices_however_many_stages_its_meter_tells_apart():
    rows = [{"device": "g", "stage": "prefill", "amount": 4.0}, {"device": "g", "stage": "decode", "amount": 6.0}]
    assert float(split(metered(*rows), {"accelerator": 5000}).where(part="idle").total()[0]) == pytest.approx(5.0)


def test_draws_are_shared_out_with_their_best_estimate():
    found = Activity.of([{**KWH, "amount": [10.0, 8.0, 12.0]}])
    parts = allocate(found, [{"owner": "a", "busy hours": 3}, {"owner": "b", "busy hours": 1}])
    np.testing.assert_allclose(parts.by("owner")["a"], [7.5, 6.0, 9.0])


# ---- bad input


@pytest.mark.parametrize(("rows", "options", "mend"), [
    ([{"owner": "a", "busy hours": -1}], {}, "usage row 0, busy hours: -1"),
    ([{"owner": "a", "busy hours": float("nan")}], {}, "finite amount"),
    ([{"owner": "a", "busy hours": float("inf")}], {}, "finite amount"),
    ([{"owner": "a", "busy hours": "many"}], {}, "give a number"),
    ([{"owner": "a", "busy hours": 1}], {"idle": "owned hours"}, "the usage has busy hours"),
    ([{"owner": "a", "busy hours": 1}], {"by": "team"}, "the usage tells owner"),
    ([{"owner": "a", "busy hours": 1, "start_s": s, "end_s": 4} for s in (0, 9, 2)], {}, "usage row 1, end_s: 4.0 will not do; it lies before start_s"),
    ([{"owner": "a", "busy hours": 1, "start_s": "now", "end_s": 1}], {}, "give UTC seconds"),
])  # fmt: skip
def test_usage_that_cannot_be_is_refused_with_its_row_and_key(rows, options, mend):
    with pytest.raises(BadInput, match=mend):
        allocate(metered(), rows, **options)


def test_idle_watts_of_rows_without_dates_are_refused():
    with pytest.raises(BadInput, match="idle watts need dated rows"):
        allocate(Activity.of([{"amount": 1.0, "component": "accelerator"}]), [{"owner": "a", "busy hours": 1}], idle_w={"accelerator": 5})


def test_a_part_nobody_knows_is_refused():
    with pytest.raises(BadInput, match="active, idle, shared, overhead"):
        allocate(metered({"part": "lazy"}), [{"owner": "a", "busy hours": 1}])


def test_a_device_that_is_in_no_table_cannot_be_held():
    with pytest.raises(BadInput, match="name an accelerator of the table"):
        held("abacus", 1, 0, DAY)


def test_an_empty_meter_is_shared_into_nothing():
    assert len(allocate(Activity.of([]), [{"owner": "a", "busy hours": 1}])) == 0


# ---- usage from files


def test_a_csv_of_usage_is_read_with_its_stamps(tmp_path):
    (tmp_path / "u.csv").write_text("owner,start,end,busy hours,owned hours\nada,2026-03-01T08:00,2026-03-01T10:00,2,\nbob,,,1,4\n")
    found = usage(tmp_path / "u.csv", zone="Europe/Paris")
    assert isinstance(found, Usage)
    assert found.start_s[0] == 1772348400.0
    assert found.amount["owned hours"].tolist() == [0.0, 4.0]


def test_words_that_look_like_numbers_stay_names(tmp_path):
    (tmp_path / "u.csv").write_text("job,busy hours\n17,2\n18,1\n")
    assert fell(allocate(metered(), usage(tmp_path / "u.csv"), by="job"), "job") == {"17": 6.666666667, "18": 3.333333333}


@pytest.mark.parametrize(("text", "mend"), [("owner,busy hours\na,much\n", "row 2, column busy hours"), ("owner,busy hours\na,-2\n", "cannot be negative"),
                                            ("owner,start,end,busy hours\na,then,,1\n", "column start")])  # fmt: skip
def test_a_csv_of_usage_that_cannot_be_is_refused_where_it_stands(tmp_path, text, mend):
    (tmp_path / "u.csv").write_text(text)
    with pytest.raises(TableError, match=mend):
        usage(tmp_path / "u.csv")


def test_a_file_of_usage_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="name an existing file"):
        usage("nowhere.csv")


def test_a_job_with_one_end_alone_is_refused_and_not_taken_to_have_run_all_along(tmp_path):
    with pytest.raises(BadInput, match="row 1.*neither"):
        allocate(metered(), [{"owner": "a", "busy hours": 1}, {"owner": "b", "busy hours": 1, "start_s": 0.0}])
    (tmp_path / "usage.csv").write_text("owner,start,end,busy hours\na,2026-03-02T08:00Z,,1\n")
    with pytest.raises(BadInput, match="neither"):
        usage(tmp_path / "usage.csv")


def test_idle_watts_of_a_component_that_was_not_metered_are_refused():
    with pytest.raises(BadInput, match="nearest: accelerator"):
        allocate(metered(), [{"owner": "a", "busy hours": 1}], idle_w={"acelerator": 60.0})


def test_a_file_of_usage_serves_by_its_name(tmp_path):
    (tmp_path / "usage.csv").write_text("owner,busy hours\na,3\nb,1\n")
    assert fell(allocate(metered(), tmp_path / "usage.csv")) == {"a": 7.5, "b": 2.5}


def test_every_part_lands_where_the_page_says():
    rows = metered({"component": "meter", "amount": 10.0}, {"component": "network", "amount": 2.0}, {"component": "cooling", "amount": 3.0})
    used = [{"owner": "a", "busy hours": 3, "owned hours": 1}, {"owner": "b", "busy hours": 1, "owned hours": 1}]
    parts = allocate(rows, used, idle_w={"meter": 2000.0})
    assert fell(parts.where(part="active")) == {"a": 6.0, "b": 2.0}  # 8 kWh as 3 : 1
    assert fell(parts.where(part="idle")) == {"a": 1.0, "b": 1.0}  # 2 kW for an hour as 1 : 1
    assert fell(parts.where(part="shared")) == {"a": 1.5, "b": 0.5}  # the network as 3 : 1
    assert fell(parts.where(part="overhead")) == {"a": 2.125, "b": 0.875}  # the cooling as 8.5 : 3.5


def test_a_stamp_that_no_clock_showed_is_refused_and_the_hour_before_it_is_one(tmp_path):
    file = tmp_path / "usage.csv"
    file.write_text("owner,start,end,busy hours\na,2026-03-29T01:00,2026-03-29T02:30,1\n")
    with pytest.raises(TableError, match="row 2, column end.*daylight saving"):
        usage(file, "Europe/Berlin")
    file.write_text("owner,start,end,busy hours\na,2026-03-29T01:30,2026-03-29T03:30,1\n")
    used = usage(file, "Europe/Berlin")
    assert float(used.end_s[0] - used.start_s[0]) == HOUR
