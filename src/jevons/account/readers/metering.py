"""Meters of a building: which lies behind which, what none of the sub-meters saw, and what the building's own plants
make of its electricity's intensity.

    site     = import + PV + CHP − export                                       kWh of each interval
    residual = meter − Σ meters behind it               its own row, "not sub-metered"
    ci       = (import · ci_grid + Σ used_g · ci_g) / (import + Σ used_g)        used_g = g · (1 − export / Σ g)

What is exported is taken to come from the plants, each by its share; it carries its own intensity away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, Contradiction
from jevons.core.source import Assumption
from jevons.world import catalog
from jevons.world.hourly import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from jevons.core.activity import Activity

    Amount = NDArray[np.float64]

ROLES = ("main", "sub", "pv", "chp", "export", "heat")
GENERATES = ("pv", "chp")
ACCURACY = 0.02
FLOOR_KWH = 0.05
"""Least disagreement of meters in one interval that is held against them."""
RESIDUAL = "not sub-metered"
LEAST_KWH = 1e-9
"""Below this an interval had no use to speak of, and so no mix of its own."""
MOST_ROWS = 200_000
PLANTS = {"pv": "ipcc-ar5-solar-pv-rooftop", "chp": "ipcc-ar5-gas-combined-cycle"}


@dataclass(frozen=True, eq=False)
class Meters:
    """Energy of meters over common intervals [start_s, end_s), kWh (n,) each, NaN where nothing was read.

    ``role``: one of ROLES by meter. ``above``: the meter that a meter lies behind, where it lies behind one.
    """

    start_s: Amount
    end_s: Amount
    kwh: Mapping[str, Amount]
    role: Mapping[str, str]
    above: Mapping[str, str] = field(default_factory=dict)
    site: str = ""
    notes: tuple[Assumption, ...] = ()

    def of(self, *roles: str) -> Amount:
        """The sum of the meters of some roles, nothing read counting as nothing."""
        found = [np.nan_to_num(self.kwh[m]) for m in self.kwh if self.role[m] in roles]
        return np.sum(found, axis=0) if found else np.zeros(len(self.start_s))

    @property
    def consumption(self) -> Amount:
        """What the site used: what it imported and made, less what it exported. Contradiction where that is negative."""
        used = self.of("main") + self.of(*GENERATES) - self.of("export")
        slack = -(ACCURACY * (self.of("main") + self.of(*GENERATES)) + FLOOR_KWH)
        if (used < slack).any():
            at = int(np.argmax(used < slack))
            raise Contradiction(f"export at {stamp(self.start_s[at])}", float(self.of("export")[at]),
                                "more left the site than it imported and made; check the sign and the unit of the meters")  # fmt: skip
        return np.maximum(used, 0.0)

    def parts(self, accuracy: float = ACCURACY) -> tuple[dict[str, Amount], tuple[Assumption, ...]]:
        """What each last meter saw and each meter above others did not, kWh (n,) by name; they sum to the site.

        Contradiction where meters behind one saw more than it did, beyond ``accuracy`` (a share) of both.
        """
        notes: list[Assumption] = []
        self._require_consumption()
        tops = [m for m in self.kwh if self.role[m] == "main" and m not in self.above]
        if self.of(*GENERATES).any() and len(tops) == 1:
            whole: dict[str, Amount] = {tops[0]: self.consumption}
            notes.append(Assumption(f"what {tops[0]} sees", "what the site imports", "plants are metered apart; the site used both",
                                    "stated"))  # fmt: skip
        else:
            whole = {m: np.nan_to_num(self.kwh[m]) for m in self.kwh if m not in self.above and self.role[m] in ("main", "sub")}
            if tops and self.of(*GENERATES).any():
                whole[f"plants: {RESIDUAL}"] = np.maximum(self.consumption - self.of("main"), 0.0)
        found: dict[str, Amount] = {}
        for name, total in whole.items():
            self._split(name, total, accuracy, found, notes)
        return found, tuple(notes)

    def _require_consumption(self) -> None:
        if not {"main", "sub"} & {self.role[m] for m in self.kwh}:
            raise BadInput("roles", ", ".join(f"{m}: {r}" for m, r in self.role.items()), "none of them meters consumption; name one main "
                           "or sub by roles=")  # fmt: skip

    def _split(self, name: str, total: Amount, accuracy: float, found: dict[str, Amount], notes: list[Assumption]) -> None:
        behind = [m for m, above in self.above.items() if above == name and self.role[m] in ("main", "sub")]
        if not behind:
            found[name] = total
            return
        seen = {m: np.nan_to_num(self.kwh[m]) for m in behind}
        share, most = self._share(name, total, np.sum(list(seen.values()), axis=0), accuracy)
        if most > 0:
            notes.append(Assumption(f"meters behind {name}", f"up to {most:.1%} over it", "within accuracy: scaled to it", "stated"))
        missing = sum(int(np.isnan(self.kwh[m]).sum()) for m in behind)
        if missing:
            notes.append(Assumption(f"readings missing behind {name}", str(missing), f"their energy is in {RESIDUAL}", "stated"))
        for m in behind:
            self._split(m, seen[m] * share, accuracy, found, notes)
        found[f"{name}: {RESIDUAL}"] = np.maximum(total - np.sum(list(seen.values()), axis=0) * share, 0.0)

    def _share(self, name: str, total: Amount, seen: Amount, accuracy: float) -> tuple[Amount, float]:
        """The factor by which what lies behind a meter is scaled down to it, and the most that was scaled away."""
        over = seen - total
        beyond = over > accuracy * np.maximum(total, seen) + FLOOR_KWH
        if beyond.any():
            at = int(np.argmax(beyond))
            raise Contradiction(
                f"{name} at {stamp(self.start_s[at])}", float(total[at]), f"the meters behind it saw {seen[at]:g} kWh; check the "
                f"tree and the units, or raise accuracy= where clocks differ ({int(beyond.sum())} such intervals)")  # fmt: skip
        scaled = np.divide(total, seen, out=np.ones_like(total), where=over > 0)
        return scaled, float(1 - scaled.min()) if len(scaled) else 0.0

    def activity(self, accuracy: float = ACCURACY, every_s: float | None = None) -> Activity:
        """Rows of each last meter and residual, an interval each; summed by ``every_s`` seconds where asked, or by the
        hour where there would be more than MOST_ROWS of them."""
        from jevons.core.activity import Activity

        found, notes = self.parts(accuracy)
        start_s, end_s = self.start_s, self.end_s
        if every_s is None and len(found) * len(start_s) > MOST_ROWS:
            every_s = units.SECONDS_PER_HOUR
            notes += (Assumption("readings", "summed by the hour", f"there are over {MOST_ROWS:,}", "stated"),)
        if every_s:
            start_s, end_s, found = _summed(start_s, end_s, found, every_s)
        rows = [{"start_s": a, "end_s": b, "amount": float(x), "component": RESIDUAL if name.endswith(RESIDUAL) else "meter",
                 "device": name, "site": self.site, "boundary": "facility", "method": "counter", "lifecycle": "operation"}
                for name, kwh in found.items() for a, b, x in zip(start_s.tolist(), end_s.tolist(), kwh, strict=True)]  # fmt: skip
        heat = [m for m in self.kwh if self.role[m] == "heat"]
        if heat:
            notes += (Assumption("heat meters", f"{', '.join(heat)} left out", "heat is no electricity", "stated"),)
        return Activity.of(rows, served={"site hour": float((self.end_s - self.start_s).sum() / units.SECONDS_PER_HOUR)},
                           assumptions=(*self.notes, *notes))  # fmt: skip

    def intensity(self, grid: Any, pv: Any = None, chp: Any = None) -> tuple[Series, tuple[Assumption, ...]]:
        """The intensity (kg CO2e/kWh) of what the site used in each interval, as a series that prices, and its notes.

        ``grid``: a number in kg/kWh, text ("380 g/kWh") or a Series. ``pv``, ``chp``: of the plants, by default the
        table's rooftop panel and gas plant, life-cycle. Errors: BadInput for fewer than two intervals.
        """
        if "main" not in self.role.values():
            raise BadInput("roles", ", ".join(self.role), "none meters what the site imports; name the main meter by roles=")
        if len(self.start_s) < 2:
            raise BadInput("meters", f"{len(self.start_s)} intervals", "give at least two")
        bought = grid.mean(self.start_s, self.end_s) if isinstance(grid, Series) else np.full(
            len(self.start_s), units.read(grid, "kg/kWh", "grid"))  # fmt: skip
        rates, notes = _plants({"pv": pv, "chp": chp}, {r for r in GENERATES if self.of(r).any()})
        made = {role: self.of(role) for role in rates}
        whole = np.sum(list(made.values()), axis=0) if made else np.zeros(len(self.start_s))
        kept = np.clip(1 - self.of("export") / np.where(whole > 0, whole, 1.0), 0.0, 1.0)
        used = self.of("main") + whole * kept
        kg = self.of("main") * bought + np.sum([made[r] * kept * rates[r] for r in made], axis=0)
        some = used > LEAST_KWH
        kg_per_kwh = np.where(some, kg / np.where(some, used, 1.0), bought)
        return Series(self.start_s, kg_per_kwh, self.site or "on-site mix"), notes


def with_tree(meters: Meters, above: Mapping[str, str]) -> Meters:
    """The meters under another tree (meter → the meter it lies behind). Errors: BadInput for unknown names and circles."""
    for name in (*above, *above.values()):
        if name not in meters.kwh:
            raise BadInput("tree", name, f"no meter of that name; there are {', '.join(meters.kwh)}")
    for name in above:
        path = [name]
        while path[-1] in above:
            path.append(above[path[-1]])
            if path[-1] == name or len(path) > len(above) + 1:
                raise BadInput("tree", " → ".join(path), "a meter cannot lie behind itself")
    return replace(meters, above=dict(above))


def stamp(t_s: float) -> str:
    """An ISO stamp of UTC seconds, to the minute."""
    return datetime.fromtimestamp(float(t_s), UTC).strftime("%Y-%m-%dT%H:%MZ")


def _plants(given: Mapping[str, Any], wanted: Iterable[str]) -> tuple[dict[str, float], tuple[Assumption, ...]]:
    rates, notes = {}, []
    for role in sorted(wanted):
        if given[role] is not None:
            rates[role] = float(units.read(given[role], "kg/kWh", role))
            continue
        row = catalog.table("grid_fuel").index[PLANTS[role]]
        rates[role] = float(row["ci_g_per_kwh"]) / units.G_PER_KG
        why = f"{row['fuel']}, {row['technology']}, of the table" + ("; name its own, heat shared off" if role == "chp" else "")
        notes.append(Assumption(f"intensity of {role}", f"{row['ci_g_per_kwh']} g/kWh", why, row["source"]))
    return rates, tuple(notes)


def _summed(start_s: Amount, end_s: Amount, found: Mapping[str, Amount], every_s: float) -> tuple[Amount, Amount, dict[str, Amount]]:
    """Intervals gathered by the period in which each begins."""
    periods, index = np.unique(np.floor_divide(start_s, every_s), return_inverse=True)
    first, last = np.full(len(periods), np.inf), np.full(len(periods), -np.inf)
    np.minimum.at(first, index, start_s)
    np.maximum.at(last, index, end_s)
    return first, last, {name: np.bincount(index, kwh, len(periods)).astype(float) for name, kwh in found.items()}
