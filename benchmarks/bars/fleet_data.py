"""A made-up fleet in Parquet: whole devices a file, a day's pattern with noise, jobs, places. Told once, used by every engine.

    python benchmarks/bars/fleet_data.py FOLDER DEVICES SECONDS STEP_S FILES JOBS
"""

from __future__ import annotations

import sys
from pathlib import Path

BEGAN_US = 1_767_225_600_000_000  # 2026-01-01T00:00Z
DAY_S = 86_400
SITES, OWNERS = 10, 200


def samples(folder: Path, devices: int, seconds: int, step_s: int, files: int, aligned: bool = False, memory: str = "900MB") -> int:
    """Samples of ``devices`` each ``step_s`` seconds; each file holds whole devices of one day. How many were written.

    ``aligned``: stamps fall on whole steps, so that no step crosses an hour or a job's border (see ``tables``), and a query
    that cuts nothing gives the same answer. Else each device has a phase of its own.
    """
    import duckdb

    con = duckdb.connect(config={"threads": 2, "memory_limit": memory})
    each, phase = -(-devices // files), "0" if aligned else "(d * 7919) % 1000000"
    for number in range(files):
        for day in range(-(-seconds // DAY_S)):
            path = folder / f"day-{day}" / f"part-{number:04d}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                continue
            low, high = day * DAY_S // step_s, min((day + 1) * DAY_S, seconds) // step_s
            first, last = number * each, min((number + 1) * each, devices)
            part = path.with_suffix(".part")
            con.execute(f"""COPY (SELECT printf('gpu-%05d', d) AS device,
                make_timestamp({BEGAN_US} + i * {step_s * 1_000_000}::BIGINT + {phase}) AT TIME ZONE 'UTC' AS time,
                round(250 + 150 * sin(i * {step_s} / 7000.0 + d) + (hash(i * 100003 + d) % 400) / 10.0, 1)::FLOAT AS power_w
                FROM range({first}, {last}) a(d), range({low}, {high}) b(i) ORDER BY d, i)
                TO '{part}' (FORMAT parquet, COMPRESSION zstd)""")
            part.rename(path)
    return devices * (seconds // step_s)


def tables(folder: Path, devices: int, seconds: int, jobs: int, step_s: int = 1) -> None:
    """jobs.parquet (each device one job after another, a pause between, borders on whole steps) and placement.csv."""
    import duckdb

    con = duckdb.connect()
    each = max(jobs // devices, 1)
    step_us = step_s * 1_000_000
    span_us = seconds * 1_000_000 // each // step_us * step_us
    begin = f"{BEGAN_US} + (j % {each}) * {span_us}::BIGINT + {span_us // 7 // step_us * step_us}"
    con.execute(f"""COPY (SELECT j::VARCHAR AS job, printf('gpu-%05d', j // {each}) AS device,
        make_timestamp({begin}) AT TIME ZONE 'UTC' AS "start", make_timestamp({begin} + {span_us * 3 // 4 // step_us * step_us}) AT TIME ZONE 'UTC' AS "end",
        'team-' || (j % {OWNERS}) AS owner FROM range({devices * each}) t(j)) TO '{folder / "jobs.parquet"}' (FORMAT parquet)""")
    con.execute(f"COPY (SELECT printf('gpu-%05d', j) AS device, 'site-' || (j % {SITES}) AS site FROM range({devices}) t(j)) "
                f"TO '{folder / 'placement.csv'}' (HEADER)")  # fmt: skip


if __name__ == "__main__":
    where = Path(sys.argv[1])
    devices_, seconds_, step_, files_, jobs_ = map(int, sys.argv[2:7])
    print(samples(where, devices_, seconds_, step_, files_))
    tables(where, devices_, seconds_, jobs_, step_)
