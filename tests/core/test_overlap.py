"""Two meters that count the same joule refuse to be added, and say why."""

from __future__ import annotations

import itertools

import pytest
from kernel_sample import row

from counted_calls import calls
from jevons.core.activity import Activity
from jevons.core.errors import OverlappingMeters
from jevons.core.overlap import refuse_overlap

WALL = row(10.0, boundary="server", component="all")
BOARD = row(7.0, boundary="chip", component="gpu")
HOUR = {"start_s": 0.0, "end_s": 3600.0}
NEXT = {"start_s": 3600.0, "end_s": 7200.0}

OVERLAPPING = {
    "a chip inside its server": (WALL, BOARD),
    "a server inside its facility": (row(boundary="facility"), WALL),
    "one component twice": (BOARD, BOARD),
    "everything and a part inside one boundary": (row(component="gpu"), row()),
    "a dated meter and one without dates": (WALL | HOUR, BOARD),
    "an hour and its second half": (WALL | HOUR, BOARD | {"start_s": 1800.0, "end_s": 3600.0}),
    "a named run inside an unnamed one": (WALL, BOARD | {"run": "a"}),
    "any stage and one stage": (WALL, BOARD | {"stage": "train"}),
}
SEPARATE = {
    "two components": (BOARD, row(boundary="chip", component="cpu")),
    "a chip of another component than the wider meter": (row(boundary="server", component="fan"), BOARD),
    "two sites": (WALL | {"site": "a"}, BOARD | {"site": "b"}),
    "two runs": (WALL | {"run": "a"}, BOARD | {"run": "b"}),
    "two stages": (WALL | {"stage": "a"}, BOARD | {"stage": "b"}),
    "two devices": (BOARD | {"device": "0"}, BOARD | {"device": "1"}),
    "one hour after the other": (WALL | HOUR, BOARD | NEXT),
    "another flow": (WALL, BOARD | {"flow": "device_hours"}),
}


@pytest.mark.parametrize("pair", OVERLAPPING.values(), ids=OVERLAPPING)
def test_meters_that_overlap_are_refused_in_either_order(pair):
    for rows in (pair, pair[::-1]):
        with pytest.raises(OverlappingMeters, match="count the same energy; keep the wider meter, or subtract"):
            refuse_overlap(Activity.of(rows))


@pytest.mark.parametrize("pair", SEPARATE.values(), ids=SEPARATE)
def test_meters_that_do_not_overlap_pass(pair):
    activity = Activity.of(pair)
    assert refuse_overlap(activity) is activity


def test_the_refusal_names_both_meters():
    with pytest.raises(OverlappingMeters) as refused:
        refuse_overlap(Activity.of([WALL, BOARD | {"stage": "train"}]))
    assert "the server meter of all (any stage) and the chip meter of gpu (train)" in str(refused.value)


def test_a_year_of_hours_is_checked_by_as_few_calls_an_hour_as_a_day():
    def cost(hours):
        activity = Activity.of([row(1.0, start_s=3600.0 * i, end_s=3600.0 * (i + 1)) for i in range(hours)])
        return calls(lambda: refuse_overlap(activity)) / hours

    assert cost(8760) <= cost(24)


def test_an_overlap_is_found_in_whatever_order_the_rows_stand():
    def hours(begin, end):
        return BOARD | {"start_s": 3600.0 * begin, "end_s": 3600.0 * end}

    rows = [hours(0, 2), hours(5, 6), hours(1, 3), hours(8, 9)]
    for order in itertools.permutations(rows):
        with pytest.raises(OverlappingMeters):
            refuse_overlap(Activity.of(order))
    assert refuse_overlap(Activity.of([hours(8, 9), hours(0, 1), hours(5, 6), hours(1, 3)]))


def test_a_labelled_row_that_stands_in_two_activities_is_found_by_their_places():
    from jevons.core.overlap import repeated

    row = {"amount": 2.0, "run": "r1", "start_s": 0.0, "end_s": 60.0}
    one, other = Activity.of([row]), Activity.of([{**row, "device": "d"}])
    assert repeated([other, one, Activity.of([{**row, "run": "r2"}]), one]) == (1, 3)
    assert repeated([one, other]) is None
    assert repeated([one, Activity.of([{**row, "site": "France"}])]) == (0, 1)
    assert repeated([Activity.of([{**row, "run": ""}])] * 2) is None
    assert repeated([Activity.of([{**row, "amount": 0.0}])] * 2) is None


def test_dated_meters_of_two_activities_may_count_the_same_unless_a_label_time_or_site_parts_them():
    from jevons.core.overlap import may_overlap

    row = {"amount": 2.0, "run": "r1", "site": "a", "component": "accelerator", "start_s": 0.0, "end_s": 60.0}
    one = Activity.of([row])
    assert may_overlap(one, Activity.of([{**row, "run": "", "device": "0", "start_s": 30.0}]))
    for change in ({"run": "r2"}, {"site": "b"}, {"start_s": 60.0, "end_s": 90.0}, {"component": "host"}):
        assert not may_overlap(one, Activity.of([{**row, **change}]))
    undated = {k: v for k, v in row.items() if not k.endswith("_s")}
    assert not may_overlap(one, Activity.of([undated]))
