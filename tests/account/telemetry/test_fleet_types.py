"""Parquet as others write it: every type of stamp, device and value that means the same gives the same, the rest is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fleet_files import BEGAN_US, HOUR_US, S, job

from jevons.account.telemetry import telemetry
from jevons.account.telemetry.survey import survey
from jevons.core.errors import TableError
from means import needs

N = 361  # an hour of 300 W, every ten seconds
SECONDS = np.arange(N) * 10 + BEGAN_US // S
DEVICE, TIME, POWER = pa.array(["a"] * N), pa.array(SECONDS * S, pa.timestamp("us", tz="UTC")), pa.array([300.0] * N)
PLAIN = {"device": DEVICE, "time": TIME, "power_w": POWER}


def kwh(tmp_path, **given):
    columns = {**PLAIN, **given}
    pq.write_table(pa.table({name: array for name, array in columns.items() if array is not None}), tmp_path / "x.parquet")
    return float(telemetry(tmp_path).total()[0])


@pytest.mark.parametrize(("unit", "per_s"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Paris"])
def test_a_stamp_of_any_unit_with_or_without_a_zone_is_the_same_moment(tmp_path, unit, per_s, zone):
    assert kwh(tmp_path, time=pa.array(SECONDS * per_s, pa.timestamp(unit, tz=zone))) == pytest.approx(0.3, rel=1e-9)


@pytest.mark.parametrize(("unit", "per_s"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
@pytest.mark.parametrize("kind", ["int64", "uint64", "float64"])
def test_numbers_are_moments_where_their_name_says_the_unit(tmp_path, unit, per_s, kind):
    assert kwh(tmp_path, time=None, **{f"time_{unit}": pa.array((SECONDS * per_s).astype(kind))}) == pytest.approx(0.3, rel=1e-9)


@pytest.mark.parametrize("device", [
    DEVICE.dictionary_encode(), pa.array(["a"] * N, pa.large_string()), pa.array([7] * N), pa.array(np.full(N, -3, "int8")),
    pa.array([b"gpu"] * N), pa.array(["a\0b"] * N), pa.array(["\u202e\"\';--"] * N), pa.array(["x" * 100_000] * N), pa.array([""] * N)])  # fmt: skip
def test_a_device_is_told_apart_whatever_type_its_name_has(tmp_path, device):
    assert kwh(tmp_path, device=device) == pytest.approx(0.3, rel=1e-9)


@pytest.mark.parametrize("power", [
    pa.array([Decimal("300.00")] * N, pa.decimal128(10, 2)), pa.array([Decimal(300)] * N, pa.decimal128(38, 2)), pa.array([300] * N, pa.uint16()),
    pa.array(np.full(N, 300, "float16")), pa.array([300.0] * N, pa.float32()), POWER.dictionary_encode()])  # fmt: skip
def test_a_value_of_any_type_of_number_is_that_number(tmp_path, power):
    assert kwh(tmp_path, power_w=power) == pytest.approx(0.3, rel=1e-9)


@pytest.mark.parametrize("power", [pa.array(["300"] * N), pa.array([True] * N), pa.array([[300.0]] * N), pa.array([{"w": 300.0}] * N)])
def test_a_value_that_is_no_number_is_refused_by_its_column(tmp_path, power):
    with pytest.raises(TableError, match="column power_w.*write the samples as numbers|column value"):
        kwh(tmp_path, power_w=power)


@pytest.mark.parametrize("time", [pa.array(["2026-01-01T00:00:00Z"] * N), pa.array([1] * N, pa.time32("s")), pa.array([1] * N, pa.date32())])
def test_a_stamp_that_is_none_is_refused_by_its_column(tmp_path, time):
    with pytest.raises(TableError, match="column time"):
        kwh(tmp_path, time=time)


def test_columns_that_nobody_asked_for_may_be_nested(tmp_path):
    assert kwh(tmp_path, meta=pa.array([{"tags": ["a"]}] * N)) == pytest.approx(0.3, rel=1e-9)


def test_a_frame_of_jobs_may_carry_the_stamps_that_pandas_makes(tmp_path):
    pandas = needs("pandas")
    pq.write_table(pa.table(PLAIN), tmp_path / "x.parquet")
    for zone in ("UTC", "Europe/Paris"):
        frame = pandas.DataFrame({"job": [1], "device": ["a"], "owner": ["ann"],
                                  "start": pandas.to_datetime([BEGAN_US * 1000], utc=True).tz_convert(zone).as_unit("ns"),
                                  "end": pandas.to_datetime([(BEGAN_US + HOUR_US // 2) * 1000], utc=True).tz_convert(zone).as_unit("ns")})  # fmt: skip
        assert telemetry(tmp_path, jobs=frame).by("owner")["ann"][0] == pytest.approx(0.15, rel=1e-9)


def test_jobs_may_name_devices_and_owners_by_number(tmp_path):
    pq.write_table(pa.table({**PLAIN, "device": pa.array([7] * N)}), tmp_path / "x.parquet")
    jobs = [{"job": 1, "device": 7, "start": datetime.fromtimestamp(BEGAN_US / S, UTC), "end": None, "owner": 42}]
    assert telemetry(tmp_path, jobs=jobs).by("owner")["42"][0] == pytest.approx(0.3, rel=1e-9)


def test_weights_that_no_sum_could_hold_are_refused_so_that_no_energy_is_lost(tmp_path):
    pq.write_table(pa.table(PLAIN), tmp_path / "x.parquet")
    jobs = [job(name, "a", BEGAN_US, BEGAN_US + HOUR_US, name, weight) for name, weight in (("a", 5e-324), ("b", 1e12))]
    assert sum(survey(tmp_path, {"jobs": jobs}).table["energy_kwh"]) == pytest.approx(0.3, rel=1e-9)
    with pytest.raises(TableError, match="row 1, column weight.*up to 1e\\+12"):
        telemetry(tmp_path, jobs=[job("c", "a", BEGAN_US, BEGAN_US + HOUR_US, "c", 1e308)])


def test_half_a_million_samples_in_no_order_give_what_they_give_in_order(tmp_path):
    draw, n = np.random.default_rng(3), 500_000
    stamps = np.tile(np.arange(n // 10), 10) * S + BEGAN_US
    whole = {"device": pa.array(np.repeat([f"gpu{i}" for i in range(10)], n // 10)), "time": pa.array(stamps, pa.timestamp("us", tz="UTC")),
             "power_w": pa.array(draw.uniform(50, 700, n))}  # fmt: skip
    table, mixed = pa.table(whole), draw.permutation(n)
    for name, rows in (("ordered", np.arange(n)), ("mixed", mixed)):
        (tmp_path / name).mkdir()
        for i, part in enumerate(np.array_split(rows, 3)):
            pq.write_table(table.take(pa.array(part)), tmp_path / name / f"{i}.parquet")
    one, other = (survey(tmp_path / name, {}, by=("device",), batch_rows=100_000).table for name in ("ordered", "mixed"))
    assert list(one["device"]) == list(other["device"])
    assert np.asarray(other["energy_kwh"]) == pytest.approx(np.asarray(one["energy_kwh"]), rel=1e-9)
