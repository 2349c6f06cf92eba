"""How many injected errors the audit finds, and how often it accuses a sound record.

Sound records follow energy = hours × power (× PUE) and t = energy × intensity, with the boundary declared,
wrongly silent or absent, and every printed number rounded to two or three digits. Into as many others one error
of the kinds found in published accounts is put. Run: ``python -m benchmarks.audit_injection``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

from jevons.estimate.audit import audit

Record = dict[str, Any]
Generator = np.random.Generator
Z95 = 1.959963984540054
HARDWARE = {"A100-80GB": (400, 312), "H100-80GB": (700, 989.4), "V100": (300, 125), "MI250X": (500, 383)}  # TDP W, TFLOP/s


@dataclass
class Score:
    """Counts by kind of record: how many there were and in how many something was found."""

    n: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, record: Record) -> None:
        """Audit one record."""
        self.n[kind] += 1
        self.found[kind] += any(finding.accuses for finding in audit(record))

    @property
    def rate(self) -> tuple[float, tuple[float, float], int]:
        """Share found, its 95 % Wilson interval, and n."""
        return _rate(self.found.total(), self.n.total())

    def by_kind(self) -> Mapping[str, tuple[float, tuple[float, float], int]]:
        """The same by kind."""
        return {kind: _rate(self.found[kind], self.n[kind]) for kind in sorted(self.n)}


def wilson(found: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson score interval of a proportion (Wilson 1927): centre and half-width from (p + z²/2n) / (1 + z²/n)."""
    share, base = found / n, 1 + z**2 / n
    half = z / base * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    centre = (share + z**2 / (2 * n)) / base
    return max(centre - half, 0.0), min(centre + half, 1.0)


def audit_benchmark(seed: int = 0, n: int = 1000) -> dict[str, Score]:
    """``clean``: n sound records; ``injected``: n with one error each, kinds in turn."""
    generator = np.random.default_rng(seed)
    clean, injected = Score(), Score()
    sound, wrong = list(SOUND.items()), list(ERRORS.items())
    for i in range(n):
        kind, make = sound[i % len(sound)]
        clean.add(kind, make(generator))
        kind, spoil = wrong[i % len(wrong)]
        injected.add(kind, spoil(generator))
    return {"clean": clean, "injected": injected}


def run(g: Generator, **fixed: Any) -> dict[str, Any]:
    """One run in exact numbers, before anything is printed."""
    name = str(g.choice(list(HARDWARE)))
    tdp, peak = HARDWARE[name]
    devices, days = int(g.choice([8, 16, 64, 256, 384, 512, 1000, 1024, 2048])), float(g.uniform(1, 90))
    hours, mfu = devices * days * 24, float(g.uniform(0.15, 0.55))
    run = {"hardware": name, "num_devices": devices, "wall_days": days, "device_hours": hours,
           "power_w": tdp * float(g.uniform(0.55, 1.0)), "pue": float(g.uniform(1.06, 1.6)), "tdp": tdp,
           "grid": float(np.exp(g.uniform(np.log(20), np.log(900)))),
           "work": mfu * hours * 3600 * peak * 1e12, "params": float(np.exp(g.uniform(np.log(5e8), np.log(5e11))))}  # fmt: skip
    return {**run, **fixed}


def account(g: Generator, pue_power: int | None = None, energy_slip: float = 1.0, carbon_slip: float = 1.0,
            declared: bool | None = None, **fixed: Any) -> Record:  # fmt: skip
    """A row with hours, power, energy and emissions. ``pue_power``: how often PUE really entered the emissions."""
    r = run(g, **fixed)
    includes = bool(g.integers(2))
    kwh = r["device_hours"] * r["power_w"] / 1e3
    energy = kwh * (r["pue"] if includes else 1.0)
    kg = kwh * r["pue"] ** (1 if pue_power is None else pue_power) * r["grid"] / 1e3
    said = declared if declared is not None else bool(g.random() < 0.7)
    row: Record = {"model": "generated", "hardware": r["hardware"], "device_hours": shown(g, r["device_hours"], 3),
                   "energy_mwh": shown(g, energy * energy_slip / 1e3), "tco2e": shown(g, kg * carbon_slip / 1e3),
                   "pue": f"{r['pue']:.2f}", "grid_gco2_per_kwh": f"{r['grid']:.0f}"}  # fmt: skip
    if said:
        row["includes_pue"] = includes
    if g.random() < 0.5:
        row["avg_power_w"] = f"{r['power_w']:.0f}"
    if g.random() < 0.5:
        row |= {"num_devices": r["num_devices"], "wall_days": f"{r['wall_days']:.1f}", "device_hours": f"{r['device_hours']:.0f}"}
    return row


def card(g: Generator, slip: float = 1.0, **fixed: Any) -> Record:
    """A model card: hours at TDP and emissions, neither intensity nor PUE."""
    r = run(g, **fixed)
    kg = r["device_hours"] * r["tdp"] / 1e3 * r["pue"] * r["grid"] / 1e3 * slip
    return {"model": "generated", "hardware": r["hardware"], "device_hours": shown(g, r["device_hours"]),
            "avg_power_w": r["tdp"], "tco2e": shown(g, kg / 1e3)}  # fmt: skip


def work(g: Generator, tokens: float = 1.0, **fixed: Any) -> Record:
    """Parameters, tokens and hours; ``tokens``: by how much the tokens printed exceed those trained on."""
    r = run(g, **fixed)
    count = r["work"] / 6 / r["params"] * tokens
    return {"model": "generated", "hardware": r["hardware"], "params_b": shown(g, r["params"] / 1e9),
            "tokens_b": shown(g, count / 1e9), "device_hours": shown(g, r["device_hours"], 3)}  # fmt: skip


def sums(g: Generator, off: float = 0.0) -> Record:
    """Parts of a project in whole kWh and their total, ``off`` by a share of it."""
    parts = {f"part {i}": float(np.exp(g.uniform(np.log(2e3), np.log(5e5)))) for i in range(int(g.integers(3, 8)))}
    total = sum(parts.values()) * (1 + off)
    return {"parts": {k: f"{v:.0f}" for k, v in parts.items()}, "total": f"{total:.0f}"}


def metered(g: Generator, twice: bool = False) -> Record:
    """A meter inside another and the total of both."""
    idle, hours = float(g.uniform(5, 200)), float(g.uniform(100, 5000))
    inner = idle * float(g.uniform(0.1, 0.6))
    total = (idle + inner * twice) * hours
    return {"energy_kwh": shown(g, total, 3),
            "meters": {"idle": {"power_w": f"{idle * 1e3:.0f}", "hours": f"{hours:.2f}", "includes": ["network"]},
                       "network": {"power_w": f"{inner * 1e3:.0f}", "hours": f"{hours:.2f}"}}}  # fmt: skip


def family(g: Generator, ratio: float = 1.0) -> Record:
    """Rows of one card; the first priced at another power than it states, by ``ratio``."""
    name = str(g.choice(list(HARDWARE)))
    place = {"hardware": name, "tdp": HARDWARE[name][0], "grid": float(g.uniform(30, 700)), "pue": 1.1}
    rows = [card(g, ratio if i == 0 else 1.0, **place) for i in range(int(g.integers(2, 6)))]
    for row in rows:
        row["avg_power_w"] = place["tdp"]
    return {**rows[0], "siblings": rows[1:]}


def columns(g: Generator, ratio: float = 1.0) -> Record:
    """A column that is the product of two others, off by ``ratio``."""
    first, second = float(g.uniform(1, 300)), float(g.uniform(0.2, 4))
    factors = [f"{first:.3g}", f"{second:.3g}"]
    return {"products": [{"name": "column", "factors": factors, "product": f"{float(factors[0]) * float(factors[1]) * ratio:.4g}"}]}


def counted(g: Generator, ratio: float = 1.0) -> Record:
    """Devices, days and device-hours, the devices printed off by ``ratio``."""
    devices, days = int(g.choice([128, 256, 512, 1024, 2048])), float(g.uniform(10, 90))
    return {"num_devices": round(devices * ratio), "wall_days": f"{days:.1f}", "device_hours": f"{devices * days * 24:.0f}"}


def shown(g: Generator, number: float, digits: int | None = None) -> str:
    """A number rounded to two or three significant digits, as text."""
    digits = int(g.integers(2, 4)) if digits is None else digits
    rounded = float(f"{number:.{digits - 1}e}")
    decimals = max(digits - 1 - int(np.floor(np.log10(abs(rounded)))), 0)
    return f"{rounded:.{decimals}f}"


def _off_by(g: Generator, low: float, high: float) -> float:
    return float(g.uniform(low, high)) ** float(g.choice([-1, 1]))


SOUND: Mapping[str, Callable[[Generator], Record]] = {
    "account": account, "card": card, "work": work, "sum": sums, "meters": metered, "family": family, "columns": columns,
    "count": counted,
}  # fmt: skip
ERRORS: Mapping[str, Callable[[Generator], Record]] = {
    "absurd intensity": lambda g: card(g, slip=1 / float(g.uniform(100, 300)), grid=float(g.uniform(100, 500))),
    "tenfold slip": lambda g: account(g, carbon_slip=float(g.choice([0.1, 10.0]))),
    "thousandfold slip": lambda g: account(g, energy_slip=float(g.choice([1e-3, 1e3]))),
    "PUE twice": lambda g: account(g, pue_power=2, declared=True),
    "PUE never": lambda g: account(g, pue_power=0, declared=True),
    "meter twice": lambda g: metered(g, twice=True),
    "near-miss total": lambda g: sums(g, off=_off_by(g, 1.0001, 1.01) - 1),
    "family outlier": lambda g: family(g, ratio=_off_by(g, 1.12, 1.5)),
    "columns": lambda g: columns(g, ratio=_off_by(g, 1.03, 1.5)),
    "device count": lambda g: counted(g, ratio=1000 / 1024),
    "encoder-decoder as 6ND": lambda g: work(g, tokens=2.0),
    "tokens tenfold": lambda g: work(g, tokens=10.0),
}  # fmt: skip


def _rate(found: int, n: int) -> tuple[float, tuple[float, float], int]:
    return found / n, wilson(found, n), n


def main() -> None:
    """Print both rates with their intervals, then by kind."""
    for name, score in audit_benchmark().items():
        share, (low, high), n = score.rate
        print(f"audit, {name}: {share:.1%} accused [{low:.1%}–{high:.1%}], n = {n}")
        for kind, (rate, (lower, upper), count) in score.by_kind().items():
            print(f"  {kind}: {rate:.1%} [{lower:.1%}–{upper:.1%}], n = {count}")


if __name__ == "__main__":
    main()
