"""Energy by hand, in plain Python: what the database must give. One device's step at a time, every cut spelled out."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

HOUR = 3_600_000_000


def by_device(samples):
    """device → [(t_us, value)], in order of time, then of value."""
    out = defaultdict(list)
    for device, t_us, value in samples:
        out[device].append((t_us, value))
    return {device: sorted(held) for device, held in out.items()}


def steps(samples, kind, max_gap_us, wrap=None, most_per_us=float("inf")):
    """(device, t0, t1, p0, p1) of every step that holds energy: power at both ends, a counter's rise per µs."""
    for device, held in by_device(samples).items():
        for (t0, v0), (t1, v1) in pairwise(held):
            if t1 - t0 > max_gap_us:
                continue
            if kind == "power":
                if t1 > t0:
                    yield device, t0, t1, v0, v1
                continue
            rise = v1 - v0 + (wrap if wrap and v1 < v0 else 0)
            if rise >= 0 and rise <= most_per_us * max(t1 - t0, 1_000_000):
                end = max(t1, t0 + 1)
                yield device, t0, end, rise / (end - t0), rise / (end - t0)


def owners_at(jobs, device, t_us):
    """Owner → share of those who hold the device at a moment."""
    held = [(j["owner"] or "unallocated", j["weight"]) for j in jobs if j["device"] == device and j["start_us"] <= t_us < j["end_us"]]
    whole = sum(weight for _, weight in held)
    out = defaultdict(float)
    for owner, weight in held or [("unallocated", 1.0)]:
        out[owner] += weight / (whole or 1.0)
    return out


def sums(samples, jobs=(), placement=(), kind="power", max_gap_us=300_000_000, wrap=None, most_per_us=float("inf")):
    """(site, hour_us, owner) → energy, in unit × µs of power or in the counter's unit."""
    out = defaultdict(float)
    for device, t0, t1, p0, p1 in steps(samples, kind, max_gap_us, wrap, most_per_us):
        cuts = {t0, t1, *range(t0 - t0 % HOUR + HOUR, t1, HOUR)}
        cuts |= {t for row in (*jobs, *placement) if row["device"] == device for t in (row["start_us"], row["end_us"]) if t0 < t < t1}
        edges = sorted(cuts)
        for a, b in pairwise(edges):
            at = [p0 + (p1 - p0) * (t - t0) / (t1 - t0) for t in (a, b)]
            energy = (at[0] + at[1]) / 2 * (b - a)
            sites = [p["site"] for p in placement if p["device"] == device and p["start_us"] <= a < p["end_us"]]
            for owner, share in owners_at(jobs, device, a).items():
                out[(sites[0] if sites else "", a - a % HOUR, owner)] += energy * share
    return out
