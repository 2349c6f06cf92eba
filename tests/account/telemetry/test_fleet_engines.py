"""The same expression on every engine: run on DuckDB and on Spark, compiled for those that are not here."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from fleet_files import BEGAN_US, HOUR_US, S, moment, motley, place, write

from jevons.account.telemetry import telemetry, warehouse
from jevons.account.telemetry.rules import Rules
from jevons.account.telemetry.survey import survey
from jevons.core.errors import BadInput
from means import means_missing, needs

RAW = """
WITH s AS (SELECT device, epoch_us(time) AS t, power_w AS p, lag(epoch_us(time)) OVER w AS t0, lag(power_w) OVER w AS p0
           FROM read_parquet('{files}') WINDOW w AS (PARTITION BY device ORDER BY time, power_w)),
h AS (SELECT *, unnest(range(t0 - t0 % 3600000000, t, 3600000000)) AS hour FROM s WHERE t - t0 BETWEEN 1 AND 300000000),
c AS (SELECT *, greatest(t0, hour) AS a, least(t, hour + 3600000000) AS b FROM h)
SELECT device, hour, sum((p0 + (p - p0) * ((a - t0) + (b - t0)) / 2 / (t - t0)) * (b - a)) / 3.6e12 AS kwh
FROM c GROUP BY ALL ORDER BY ALL"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Four devices at odd moments, jobs that overlap, a device that moves."""
    return motley(tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def spark():
    """A session of our own defaults, where Java is."""
    if not shutil.which("java"):
        means_missing("no Java for Spark")
    needs("pyspark")
    from jevons.account.telemetry.spark import session

    quick = {"spark.sql.shuffle.partitions": "2", "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
             "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1"}  # fmt: skip
    made = session("local[2]", **quick)
    yield made
    made.stop()


def rows(found):
    """Accounts as sorted rows."""
    names = list(found.table)
    return sorted(zip(*(np.asarray(found.table[n]).tolist() for n in names)))


def assert_equal(one, other):
    assert [r[:4] for r in one] == [r[:4] for r in other]
    assert np.array([r[4:] for r in one]) == pytest.approx(np.array([r[4:] for r in other]), rel=1e-9, abs=1e-15)


def test_duckdb_by_hand_gives_the_same_device_hours(fleet):
    import duckdb

    by_hand = duckdb.connect().execute(RAW.format(files=fleet[0] / "*.parquet")).fetchall()
    found = survey(fleet[0], {}, by=("device",))
    ours = sorted(zip(found.table["device"], found.table["hour_us"], found.table["energy_kwh"]))
    assert [(d, h) for d, h, kwh in ours if kwh] == [(d, h) for d, h, _ in by_hand]
    assert [kwh for _, _, kwh in ours if kwh] == pytest.approx([kwh for _, _, kwh in by_hand], rel=1e-9)


def test_any_batch_and_any_number_of_threads_give_the_same(fleet):
    folder, jobs, places = fleet
    given = {"jobs": jobs, "placement": places}
    first = rows(survey(folder, given, impute="device mean"))
    for batch_rows, threads in ((1, 1), (100, 4), (10**9, 2)):
        assert_equal(rows(survey(folder, given, impute="device mean", batch_rows=batch_rows, threads=threads)), first)


@pytest.mark.slow
def test_spark_gives_the_same_sums_the_same_quality_and_the_same_completeness(fleet, spark):
    folder, jobs, places = fleet
    given = {"jobs": jobs, "placement": places, "offsets": [{"device": "d", "offset_s": 5.5}]}
    ours = survey(folder, given, impute="device mean")
    theirs = survey(folder, given, impute="device mean", engine=spark)
    assert_equal(rows(theirs), rows(ours))
    one, other = theirs.quality.record(), ours.quality.record()
    numbers = [k for k in one if isinstance(one[k], float)]
    assert [one[k] for k in numbers] == pytest.approx([other[k] for k in numbers], rel=1e-9)
    assert {k: v for k, v in one.items() if k not in numbers} == {k: v for k, v in other.items() if k not in numbers}
    told, known = theirs.completeness(), ours.completeness()
    assert list(told["device"]) == list(known["device"])
    assert np.asarray(told["complete"], float) == pytest.approx(np.asarray(known["complete"], float), rel=1e-9, nan_ok=True)


@pytest.mark.slow
def test_spark_refuses_what_duckdb_refuses(fleet, spark, tmp_path):
    write(tmp_path / "x.parquet", [("a", BEGAN_US + i * S, -1.0) for i in range(5)])
    with pytest.raises(BadInput, match="negative"):
        telemetry(tmp_path, engine=spark)


@pytest.mark.slow
def test_the_printed_query_runs_on_spark_as_it_stands(fleet, spark):
    folder, _, _ = fleet
    spark.read.parquet(str(folder)).createOrReplaceTempView("power")
    text = warehouse.sql("spark", Rules(), table="power", jobs=False, placement=False)
    ours = survey(folder, {})
    assert sum(r["energy_kwh"] for r in spark.sql(text).collect()) == pytest.approx(sum(ours.table["energy_kwh"]), rel=1e-9)


def test_the_printed_query_runs_on_duckdb_as_it_stands_and_weighs_each_hour(fleet):
    from jevons.account.telemetry import duck

    folder, jobs, places = fleet
    con = duck.connect()
    con.execute(f"CREATE VIEW power AS SELECT * FROM read_parquet('{folder / '*.parquet'}')")
    grid = [{"site": s, "hour": moment(BEGAN_US + i * HOUR_US), "kg_per_kwh": 0.1 * (i + 1)} for s in ("fr", "no", "") for i in range(5)]
    duck.loaded(con, {"jobs": jobs, "placement": places, "grid": [g for g in grid if g["site"]]})
    found = con.execute(warehouse.sql("duckdb", Rules(), table="power", grid=True)).fetchnumpy()
    ours = survey(folder, {"jobs": jobs, "placement": places})
    assert found["energy_kwh"].sum() == pytest.approx(ours.table["energy_kwh"].sum(), rel=1e-9)
    factor = 0.1 * ((found["hour_us"] - BEGAN_US) // HOUR_US + 1)
    sited = found["site"] != ""
    assert np.asarray(found["climate_kg"][sited]) == pytest.approx((found["energy_kwh"] * factor)[sited], rel=1e-9)


def test_the_kernel_prices_the_sums_as_the_printed_query_weighs_them(fleet):
    import jevons
    from jevons.account.telemetry import duck, series

    folder, jobs, places = fleet
    given = {"jobs": jobs, "placement": [*places, place("d", "fr")]}
    grid = [{"site": s, "hour": moment(BEGAN_US + i * HOUR_US), "kg_per_kwh": kg * (i + 1)} for s, kg in (("fr", 0.1), ("no", 0.02)) for i in range(5)]
    con = duck.connect()
    con.execute(f"CREATE VIEW power AS SELECT * FROM read_parquet('{folder / '*.parquet'}')")
    duck.loaded(con, {**given, "grid": grid})
    query = warehouse.sql("duckdb", Rules(), table="power", grid=True)
    weighed = dict(con.execute(f"SELECT owner, sum(climate_kg) FROM ({query}) GROUP BY owner").fetchall())
    sites = {name: jevons.site("France", pue=1.0, series=hourly) for name, hourly in series(grid).items()}
    study = jevons.Study(indicators=("energy", "climate"))
    priced = jevons.footprint(telemetry(folder, **given), at=sites, study=study).by("owner", "climate")
    assert set(weighed) == set(priced) == {"ann", "bob", "unallocated"}
    assert [priced[owner][0] for owner in weighed] == pytest.approx(list(weighed.values()), rel=1e-9)
