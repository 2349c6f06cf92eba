"""Two footprints side by side: what moved, and whether the activity, a factor, its source or its year moved it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KEY = ("indicator", "stage", "component", "flow")
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """One line of a footprint, before and after (None where it was not there).

    impact₂ − impact₁ = (amount₂ − amount₁) × rate₁ + amount₂ × (rate₂ − rate₁): first the activity's part, then the factor's.
    """

    key: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def difference(self) -> float:
        """After − before, in the indicator's unit."""
        return _of(self.after, "impact") - _of(self.before, "impact")

    @property
    def by_activity(self) -> float:
        """What another amount did, at the old factor; all of it where a line came or went."""
        if self.before is None or self.after is None:
            return self.difference
        return float((self.after["amount"] - self.before["amount"]) * self.before["rate"])

    @property
    def by_factor(self) -> float:
        """What another factor did: the rest."""
        return self.difference - self.by_activity

    @property
    def because(self) -> str:
        """In words: which amount, factor, source, year, place."""
        if self.before is None:
            return "new line"
        if self.after is None:
            return "line gone"
        before, after = self.before, self.after
        said = []
        if after["amount"] != before["amount"]:
            said.append(f"amount {before['amount']:.4g} → {after['amount']:.4g}")
        if after["rate"] != before["rate"]:
            said.append(f"factor {before['rate']:.4g} → {after['rate']:.4g}")
        said += [f"{name} {before[name] or 'none'} → {after[name] or 'none'}" for name in ("place", "source", "year", "quality", "method")
                 if before[name] != after[name]]  # fmt: skip
        return ", ".join(said) or "rounding alone"

    def record(self) -> dict[str, Any]:
        """As plain values."""
        return {**dict(zip(KEY, self.key, strict=True)), "difference": self.difference, "by_activity": self.by_activity,
                "by_factor": self.by_factor, "because": self.because, "before": self.before, "after": self.after}  # fmt: skip


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Moved]:
    """The lines that differ between two footprint records, greatest change first within an indicator."""
    pairs = [pair for key, old, new in _grouped(before, after) for pair in _paired(key, old, new)]
    found = [Moved(key, old, new) for key, old, new in pairs if old != new]
    order = list(dict.fromkeys((*before["indicators"], *after["indicators"])))
    return sorted(found, key=lambda m: (order.index(m.key[0]), -abs(m.difference)))


def totals(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Indicator → figures before and after, and the parts of the change owed to the activity and to factors."""
    lines = moved(before, after)
    found = {}
    for name in dict.fromkeys((*before["indicators"], *after["indicators"])):
        own = [line for line in lines if line.key[0] == name]
        found[name] = {"before": before["indicators"].get(name), "after": after["indicators"].get(name),
                       "by_activity": sum(m.by_activity for m in own), "by_factor": sum(m.by_factor for m in own)}  # fmt: skip
    return found


def circumstances(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What else is not the same: factor set, code, place, study, draws."""
    said = [f"{words}: {before.get(name)} → {after.get(name)}" for name, words in
            (("factor_set", "factor set"), ("jevons", "jevons"), ("draws", "draws")) if before.get(name) != after.get(name)]  # fmt: skip
    if before.get("factor_set") == after.get("factor_set") and before.get("factor_hash") != after.get("factor_hash"):
        said.append("factor tables: changed under the same version (an overlay or a pack)")
    if before.get("at") != after.get("at"):
        said.append(f"place: {_place(before)} → {_place(after)}")
    study, other = before.get("study", {}), after.get("study", {})
    said += [f"study, {name}: {study.get(name)} → {other.get(name)}" for name in study if study.get(name) != other.get(name)]
    return said


def _place(kept: Mapping[str, Any]) -> str:
    sites = kept.get("at") or {}
    named = [", ".join(f"{k} {v}" if k != "name" else str(v) for k, v in given.items()) or "the settings' site" for given in sites.values()]
    return "; ".join(named) or "not kept"


def _grouped(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], list[Line], list[Line]]]:
    """The lines of both under each key, in order of first appearance."""
    found: dict[tuple[str, ...], tuple[list[Line], list[Line]]] = {}
    for side, kept in enumerate((before, after)):
        for line in kept["lines"]:
            found.setdefault(tuple(line[name] for name in KEY), ([], []))[side].append(line)
    return ((key, *both) for key, both in found.items())


def _paired(key: tuple[str, ...], old: list[Line], new: list[Line]) -> Iterator[tuple[tuple[str, ...], Line | None, Line | None]]:
    """Lines of one key side by side: first those of the same place and year, then of the same place, then as they come."""
    for same in (("place", "year"), ("place",), ()):
        for line in list(old):
            match = next((other for other in new if all(other[name] == line[name] for name in same)), None)
            if match is not None:
                old.remove(line)
                new.remove(match)
                yield key, line, match
    yield from ((key, line, None) for line in old)
    yield from ((key, None, line) for line in new)


def _of(line: Mapping[str, Any] | None, name: str) -> float:
    return float(line[name]) if line is not None else 0.0
