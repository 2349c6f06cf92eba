"""Small fleets for the tests: samples, jobs and places as rows, and the files that hold them."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

BEGAN_US = 1_767_225_600_000_000  # 2026-01-01T00:00Z
HOUR_US = 3_600_000_000
S = 1_000_000


def write(path: Path, samples, value="power_w", order=None) -> Path:
    """A Parquet file of (device, t_us, value) in the order given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = sorted(samples, key=order) if order else list(samples)
    table = pa.table({
        "device": pa.array([r[0] for r in rows], pa.string()),
        "time": pa.array([r[1] for r in rows], pa.timestamp("us", tz="UTC")),
        value: pa.array([r[2] for r in rows], pa.float64()),
    })  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def steady(device, watts, start_us, seconds, step_s=10):
    """Samples of a constant power, every ``step_s`` seconds, both ends included."""
    return [(device, start_us + s * 1_000_000, float(watts)) for s in range(0, seconds + 1, step_s)]


def moment(t_us):
    """A moment as a stamp with its zone."""
    return datetime.fromtimestamp(t_us / 1e6, UTC)


def iso(t_us):
    """A moment as ISO text."""
    return moment(t_us).isoformat()


def job(name, device, start_us, end_us, owner, weight=1.0):
    """A row of jobs, in the words a user would give."""
    return {"job": name, "device": device, "start": moment(start_us), "end": moment(end_us), "owner": owner, "weight": weight}


def place(device, site, start_us=None, end_us=None):
    """A row of placement."""
    row = {"device": device, "site": site, "start": None, "end": None}
    if start_us is not None:
        row["start"] = moment(start_us)
    if end_us is not None:
        row["end"] = moment(end_us)
    return row


def by_owner(activity):
    """(site, hour_us, owner) → kWh of what was measured."""
    out: dict[tuple[str, int, str], float] = {}
    for row in activity.rows():
        if row["method"] != "modelled":
            key = (row["site"], round(row["start_s"] * 1e6), row["owner"])
            out[key] = out.get(key, 0.0) + row["amount"]
    return out


def motley(folder: Path):
    """Four devices, three hours at odd moments, pauses and doubles; jobs that overlap, a device that moves: folder, jobs, places."""
    draw = random.Random(7)
    for device in "abcd":
        at, rows = BEGAN_US, []
        while at < BEGAN_US + 3 * HOUR_US:
            at += draw.choice([1, 5, 10, 10, 60, 299, 400]) * S + draw.randrange(S)
            rows += [(device, at, draw.uniform(50, 700))] * draw.choice([1, 1, 1, 2])
        write(folder / f"{device}.parquet", rows)
    jobs = [job(str(i), draw.choice("abcd"), BEGAN_US + 900 * i * S, BEGAN_US + 900 * i * S + draw.randrange(1, 5000) * S,
                draw.choice(["ann", "bob", None]), draw.choice([1.0, 2.0])) for i in range(12)]  # fmt: skip
    places = [place("a", "fr", None, BEGAN_US + HOUR_US * 4 // 3), place("a", "no", BEGAN_US + HOUR_US * 4 // 3), place("b", "fr"), place("c", "no")]
    return folder, jobs, places
