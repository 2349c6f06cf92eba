"""The database gives what plain arithmetic gives, however the samples lie in files and however files are batched."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fleet_files import BEGAN_US, HOUR_US, by_owner, job, place, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference_integrator import sums

from jevons.account.telemetry.survey import telemetry

PER_W_US = 1 / 3.6e12  # kWh in a W·µs
PER_J = 1 / 3.6e6
S = 1_000_000
seconds = st.integers(0, 3 * 3600)


@st.composite
def fleets(draw):
    """Samples of a few devices over three hours, doubles and pauses among them, with jobs and places that cut anywhere."""
    devices = [f"gpu-{i}" for i in range(draw(st.integers(1, 4)))]
    samples = []
    for device in devices:
        for at in draw(st.lists(seconds, min_size=1, max_size=25)):
            value = draw(st.floats(0, 700, width=32))
            samples += [(device, BEGAN_US + at * S + draw(st.sampled_from([0, 1, 500_000])), value)] * draw(st.sampled_from([1, 1, 1, 2]))
    jobs = []
    for i in range(draw(st.integers(0, 4))):
        start, end = sorted((draw(seconds), draw(seconds)))
        owner = draw(st.sampled_from(["ann", "bob", "", "c'd"]))
        jobs.append(job(str(i), draw(st.sampled_from(devices)), BEGAN_US + start * S, BEGAN_US + end * S, owner, draw(st.sampled_from([1.0, 2.0, 0.5]))))
    moved = BEGAN_US + draw(seconds) * S
    places = [place(devices[0], "fr", None, moved), place(devices[0], "no", moved, None)] if draw(st.booleans()) else []
    return samples, jobs, places


def plain(jobs, places):
    """Jobs and places in µs, as the reference takes them."""
    def of(row):
        bounds = {f"{k}_us": round(row[k].timestamp() * 1e6) if row[k] else default for k, default in (("start", 0), ("end", 10**17))}
        return {**row, **bounds}
    return [of(j) for j in jobs], [of(p) for p in places]


def assert_same(found, expected, scale):
    total = sum(expected.values()) * scale
    for key in set(found) | set(expected):
        assert found.get(key, 0.0) == pytest.approx(expected.get(key, 0.0) * scale, rel=1e-9, abs=1e-12 * total + 1e-25)


def scattered(samples, files, seed, folder, value="power_w", ordered=True):
    """The samples dealt out to files at random; ordered: by device and time, and no device in two files."""
    shuffled = random.Random(seed)
    of = {device: shuffled.randrange(files) for device in sorted({s[0] for s in samples})}
    for number in range(files):
        held = [s for s in samples if (of[s[0]] == number if ordered else shuffled.random() < 1 / files)]
        if not ordered:
            shuffled.shuffle(held)
        if held:
            write(folder / f"{number}.parquet", held, value, order=(lambda s: s) if ordered else None)
    if not ordered:  # dealing at random may leave some out: one more file takes them all, doubles and all
        write(folder / "all.parquet", samples, value)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleets(), st.integers(1, 3), st.integers(0, 99), st.booleans(), st.sampled_from([1, 40, 10_000]))
def test_power_equals_the_trapezoid_by_hand_whatever_the_files_their_order_and_the_batch(fleet, files, seed, ordered, batch_rows):
    samples, jobs, places = fleet
    with TemporaryDirectory() as folder:
        scattered(samples, files, seed, Path(folder), ordered=ordered)
        found = telemetry(folder, jobs=jobs or None, placement=places or None, batch_rows=batch_rows)
    in_us = plain(jobs, places)
    assert_same(by_owner(found), sums(samples, *in_us), PER_W_US)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleets(), st.integers(1, 3), st.integers(0, 99), st.booleans(), st.sampled_from([None, 1000.0]))
def test_a_counter_equals_its_rises_by_hand_and_is_never_negative(fleet, files, seed, ordered, wrap):
    samples, jobs, places = fleet
    with TemporaryDirectory() as folder:
        scattered(samples, files, seed, Path(folder), "energy_j", ordered)
        found = telemetry(folder, jobs=jobs or None, placement=places or None, batch_rows=30, wrap=wrap, most_bad=1, max_w=1e5)
    expected = sums(samples, *plain(jobs, places), kind="counter", wrap=wrap, most_per_us=1e5 / 1e6)
    assert_same(by_owner(found), expected, PER_J)
    assert all(row["amount"] > 0 for row in found.rows())


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleets())
def test_what_owners_get_sums_to_what_the_devices_drew(fleet):
    samples, jobs, places = fleet
    with TemporaryDirectory() as folder:
        write(Path(folder) / "a.parquet", samples)
        shared = telemetry(folder, jobs=jobs or None, placement=places or None)
        whole = telemetry(folder, by=("device",))
    assert shared.total()[0] == pytest.approx(whole.total()[0], rel=1e-9, abs=1e-25)


def test_hours_are_cut_where_they_end_to_the_microsecond(tmp_path):
    write(tmp_path / "a.parquet", [("g", BEGAN_US + HOUR_US - 1, 0.0), ("g", BEGAN_US + HOUR_US + 9, 10.0)])
    rows = telemetry(tmp_path).rows()
    assert [r["amount"] for r in rows] == pytest.approx([0.5 * PER_W_US, (1 + 10) / 2 * 9 * PER_W_US], rel=1e-12)
    assert [r["start_s"] for r in rows] == [BEGAN_US / 1e6, BEGAN_US / 1e6 + 3600]
