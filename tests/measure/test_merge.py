"""Many ranks and nodes make one account, in which no joule stands twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons.core.errors import BadInput
from jevons.measure import journal
from jevons.measure.merge import Span, merged, total_uj

KWH = 3_600_000_000_000
METER = {"device": "package-0", "component": "processor", "boundary": "chip", "method": "counter", "sensor": "rapl"}


def book(folder, kwh, start=0.0, end=1800.0, device="package-0", **more):
    """A closed journal of one device, that used ``kwh`` evenly in the hour of its start."""
    meters = [{**METER, "device": device}]
    made = journal.create({"t": start, "m": 0, "pid_start": 1, "labels": {}, "meters": meters, **more}, folder)
    hour, energy = int(start) // 3600 * 3600, round(kwh * KWH)
    made.close({"kind": "closed", "t": end, "e": {device: energy}, "d": [[hour, device, "", energy]]})
    return made.path


def kwh(activity):
    return float(activity.total()[0])


def test_ranks_that_saw_each_other_add_up(tmp_path):
    assert kwh(merged([book(tmp_path, 0.25, boot="b") for _ in range(4)])) == pytest.approx(1.0)


def test_nodes_add_up_and_keep_their_names(tmp_path):
    both = merged([book(tmp_path, 1.0, boot="b1", host="n1"), book(tmp_path, 2.0, boot="b2", host="n2")])
    assert {k: float(v[0]) for k, v in both.by("host").items()} == pytest.approx({"n1": 1.0, "n2": 2.0})


def test_containers_that_did_not_see_each_other_count_the_machine_once(tmp_path):
    paths = [book(tmp_path / name, 1.0, boot="b", host=name) for name in ("pod-1", "pod-2", "pod-3")]
    both = merged(paths)
    assert kwh(both) == pytest.approx(1.0)
    assert all(float(v[0]) == pytest.approx(1 / 3) for v in both.by("host").values())


def test_only_the_time_that_overlaps_is_counted_once(tmp_path):
    first = book(tmp_path / "a", 1.0, start=0.0, end=1800.0, boot="b")
    second = book(tmp_path / "b", 1.0, start=900.0, end=2700.0, boot="b")
    assert kwh(merged([first, second])) == pytest.approx(1.5)


def test_one_run_after_another_in_an_hour_add_up(tmp_path):
    paths = [book(tmp_path / "a", 1.0, end=600.0, boot="b"), book(tmp_path / "b", 1.0, start=600.0, end=900.0, boot="b")]
    assert kwh(merged(paths)) == pytest.approx(2.0)


def test_shares_of_processes_in_containers_add_up_to_the_machine_and_never_more(tmp_path):
    machine = book(tmp_path / "a", 1.0, boot="b")
    ranks = [book(tmp_path / name, 0.3, boot="b", share="process") for name in ("x", "y")]
    assert kwh(merged(ranks)) == pytest.approx(0.6)
    assert kwh(merged([machine, *ranks])) == pytest.approx(1.0)


def test_different_devices_never_hide_each_other(tmp_path):
    paths = [book(tmp_path / d, 1.0, device=d, boot="b") for d in ("GPU-1", "GPU-2")]
    assert kwh(merged(paths)) == pytest.approx(2.0)


def test_a_journal_given_twice_counts_once(tmp_path):
    path = book(tmp_path, 1.0)
    assert kwh(merged([path, path])) == pytest.approx(1.0)
    assert kwh(merged(tmp_path)) == pytest.approx(1.0)


def test_a_meter_described_in_words_of_a_later_version_is_merged_all_the_same(tmp_path):
    made = journal.create({"t": 0.0, "m": 0, "pid_start": 1, "labels": {}, "meters": [{**METER, "colour": "blue"}]}, tmp_path)
    made.close({"kind": "closed", "t": 60.0, "e": {"package-0": KWH}, "d": [[0, "package-0", "", KWH]]})
    assert kwh(merged([made.path])) == pytest.approx(1.0)


def test_nothing_to_merge_is_said(tmp_path):
    with pytest.raises(BadInput, match="name at least one journal"):
        merged(tmp_path / "none")


spans = st.builds(lambda begin, length, energy, group, shared: Span(begin, begin + length, energy, group, shared),
                  st.integers(0, 50), st.integers(1, 50), st.integers(0, 10**9), st.sampled_from("abc"), st.booleans())  # fmt: skip


@given(st.lists(spans, min_size=1, max_size=8))
def test_the_total_lies_between_the_greatest_part_and_the_sum(found):
    total = total_uj(found)
    assert total <= sum(s.energy_uj for s in found) * (1 + 1e-9)
    assert total >= max(s.energy_uj for s in found) * (1 - 1e-9)


@given(st.lists(spans, min_size=1, max_size=8))
def test_one_group_that_saw_each_other_loses_nothing(found):
    one = [Span(s.begin_s, s.end_s, s.energy_uj, "one", s.shared) for s in found]
    assert total_uj(one) == pytest.approx(sum(s.energy_uj for s in found))
