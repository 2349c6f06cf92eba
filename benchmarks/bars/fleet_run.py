"""One measurement of the fleet in a process of its own: ``python fleet_run.py WHAT FOLDER`` prints one line of JSON.

    ours        jevons: energy by site and hour; each device placed        duckdb      the same by DuckDB's own SQL
    ours-jobs   jevons: energy by job, exactly cut                         rectangle   power × step, no window: another answer
    polars      the same by job on polars' streaming engine                rows        that without a window: another answer
    close       a day closed, then a late file
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

THREADS = 2
LAG = """
SELECT device, epoch_us(time) AS t, power_w::DOUBLE AS p, lag(epoch_us(time)) OVER w AS t0, lag(power_w::DOUBLE) OVER w AS p0
FROM read_parquet('{files}') WINDOW w AS (PARTITION BY device ORDER BY time)"""
OWN = f"""
SELECT site, t0 // 3600000000 AS hour, sum((p + p0) / 2 * (t - t0)) / 3.6e15 * 1e3 AS kwh FROM ({LAG}) JOIN placement USING (device)
WHERE t - t0 <= 300000000 GROUP BY site, hour"""
RECTANGLE = """
SELECT site, epoch_us(time) // 3600000000 AS hour, sum(power_w) * {step} / 3.6e6 AS kwh FROM read_parquet('{files}')
JOIN placement USING (device) GROUP BY site, hour"""


def files(folder: Path) -> str:
    """The pattern of the samples."""
    return str(folder / "day-*" / "*.parquet")


def ours(folder: Path, by_job: bool = False) -> tuple[float, int]:
    """kWh and rows of the accounts."""
    from jevons.account.telemetry.survey import survey

    given = {"jobs": folder / "jobs.parquet" if by_job else None, "placement": folder / "placement.csv"}
    found = survey(files(folder), given, by=("job",) if by_job else (), threads=THREADS, memory="700MB")
    kwh = found.table["energy_kwh"]
    return float(kwh[found.table["job"] != ""].sum() if by_job else kwh.sum()), len(kwh)


def duckdb(folder: Path, query: str = OWN) -> tuple[float, int]:
    """The same by a query somebody would write for DuckDB."""
    import duckdb as database

    con = database.connect(config={"threads": THREADS})
    con.execute(f"CREATE TABLE placement AS SELECT * FROM read_csv('{folder / 'placement.csv'}')")
    found = con.execute(query.format(files=files(folder), step=10)).fetchnumpy()["kwh"]
    return float(found.sum()), len(found)


def polars(folder: Path, window: bool = True) -> tuple[float, int]:
    """Trapezoid by device, each step to the job that holds its device when it begins, on the streaming engine.

    Nothing is cut: the stamps fall on the borders of hours and jobs. The order of the files is taken on trust, and no value
    is checked. Without ``window`` the row before stands for the sample before, so that steps over midnight are lost.
    """
    import polars as pl

    jobs = pl.scan_parquet(folder / "jobs.parquet").select("job", "device", "start", "end").sort("device", "start")
    same = pl.col("device") == pl.col("device").shift(1)
    before = {name: pl.col(name).shift(1).over("device") if window else pl.when(same).then(pl.col(name).shift(1)) for name in ("time", "power_w")}
    steps = pl.scan_parquet(files(folder)).with_columns(t0=before["time"], p0=before["power_w"].cast(pl.Float64))
    energy = (pl.col("power_w").cast(pl.Float64) + pl.col("p0")) / 2 * (pl.col("time") - pl.col("t0")).dt.total_microseconds()
    held = steps.filter(pl.col("time") - pl.col("t0") <= pl.duration(seconds=300)).join_asof(
        jobs, left_on="t0", right_on="start", by="device", strategy="backward", check_sortedness=False)  # fmt: skip
    sums = held.filter(pl.col("t0") < pl.col("end")).group_by("job").agg(energy.sum().alias("e")).collect(engine="streaming")
    return float(sums["e"].sum()) / 3.6e12, sums.height


def closing(folder: Path) -> dict[str, Any]:
    """A day closed without its last file, then with it: seconds, rows read, and memory."""
    from jevons.account.telemetry.daily import close

    listed = sorted((folder / "day-0").glob("*.parquet"))
    with tempfile.TemporaryDirectory() as home:
        power = Path(home) / "power"
        power.mkdir()
        for path in listed[:-1]:
            os.link(path, power / path.name) if os.stat(path).st_dev == os.stat(power).st_dev else shutil.copy(path, power)
        options: dict[str, Any] = {"jobs": folder / "jobs.parquet", "placement": folder / "placement.csv", "threads": THREADS, "memory": "700MB"}
        told = {"first": timed(lambda: vars(close(power, Path(home) / "state", days=["2026-01-01"], **options)[0]))}
        shutil.copy(listed[-1], power)
        told["late"] = timed(lambda: vars(close(power, Path(home) / "state", days=["2026-01-01"], **options)[0]))
        told["again"] = timed(lambda: vars(close(power, Path(home) / "state", days=["2026-01-01"], **options)[0]))
    return {**told, "peak_mib": peak_mib()}


def timed(call: Callable[[], Any]) -> dict[str, Any]:
    """CPU and wall seconds of a call beside what it gave."""
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = call()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu_s, "wall_s": time.perf_counter() - began, "found": found}


def peak_mib() -> float:
    """The most memory this process has held, MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


CALLS: dict[str, Callable[[Path], Any]] = {
    "ours": ours, "ours-jobs": lambda folder: ours(folder, True), "duckdb": duckdb,
    "rectangle": lambda folder: duckdb(folder, RECTANGLE), "polars": polars,
    "rows": lambda folder: polars(folder, False), "close": closing,
}  # fmt: skip

if __name__ == "__main__":
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    told_ = timed(lambda: CALLS[sys.argv[1]](Path(sys.argv[2])))
    print(json.dumps({**told_, "peak_mib": peak_mib()}))
