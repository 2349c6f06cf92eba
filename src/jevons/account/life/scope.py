"""The scope of a life cycle: its phases, and the rule that nothing is counted twice.

Two parts overlap where one says that it includes the other, where their meters count the same joule (``core.overlap``),
or where the making of the same devices stands in the phase "hardware" and once more beside the work that used them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import combinations

import numpy as np

from jevons.account.life.parts import Part
from jevons.core.activity import BOUNDARIES, Activity, joined
from jevons.core.errors import BadInput, OverlappingMeters
from jevons.core.overlap import EVERYTHING, refuse_overlap

PHASES = ("data", "experimentation", "final training", "fine-tuning", "inference", "storage", "network", "travel",
          "hardware", "end of life")  # fmt: skip
ALSO = {"training": "final training", "development": "experimentation", "embodied": "hardware", "fine tuning": "fine-tuning"}


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two parts that count the same thing: the wider, the narrower, and how that is known."""

    wide: str
    narrow: str
    why: str

    def __str__(self) -> str:
        return f"{self.narrow} is counted twice: {self.why}"


def phase_of(name: object) -> str:
    """The phase a person means; BadInput with the nearest, or with all."""
    plain = str(name).strip().lower().replace("_", " ")
    if plain in PHASES:
        return plain
    if plain in ALSO:
        return ALSO[plain]
    near = get_close_matches(plain, PHASES, 1)
    raise BadInput("phase", name, f"did you mean {near[0]!r}?" if near else f"choose among {', '.join(PHASES)}")


def key(part: Part) -> str:
    """What a part is called: ``phase/name``."""
    return f"{part.phase}/{part.name}"


def require_distinct(parts: Sequence[Part]) -> None:
    """BadInput where two parts of a phase share a name, or one includes what is not there."""
    keys = [key(part) for part in parts]
    for name in {k for k in keys if keys.count(k) > 1}:
        raise BadInput("parts", name, "give each part of a phase its own name")
    known = {part.name for part in parts}
    for part in parts:
        for name in part.includes:
            if name not in known or name == part.name:
                raise BadInput(f"{key(part)}: includes", name, f"name another part: {', '.join(sorted(known))}")


def overlaps(parts: Sequence[Part]) -> list[Overlap]:
    """Every pair of parts that counts something twice, each once. Errors: OverlappingMeters within one part."""
    found = {(o.wide, o.narrow): o for o in (*_same_joule(parts), *_made_twice(parts), *_declared(parts))}
    return list(found.values())


def _declared(parts: Sequence[Part]) -> Iterator[Overlap]:
    for wide in parts:
        for narrow in parts:
            if narrow.name in wide.includes and narrow is not wide:
                yield Overlap(key(wide), key(narrow), f"{wide.name} already includes {narrow.name}")


def _same_joule(parts: Sequence[Part]) -> Iterator[Overlap]:
    """Pairs that core.overlap refuses; asked in pairs only where the whole is refused."""
    for part in parts:
        refuse_overlap(joined_up(part.activity))
    if not parts or _refused(parts) is None:
        return
    for pair in combinations(parts, 2):
        if (why := _refused(pair)) is not None:
            wide, narrow = sorted(pair, key=_width, reverse=True)
            yield Overlap(key(wide), key(narrow), why)


def _refused(parts: Sequence[Part]) -> str | None:
    """Why the meters of these parts cannot stand side by side, or None."""
    try:
        refuse_overlap(joined([_as_meter(part) for part in parts]))
    except OverlappingMeters as trouble:
        return str(trouble)
    return None


def _as_meter(part: Part) -> Activity:
    """Its rows as meters: a part's name tells no meters apart, and a meter of everything is of no one phase."""
    rows = part.activity
    text = {name: column for name, column in rows.text.items() if name != "part"}
    whole = [component in EVERYTHING for component in text["component"]]
    text["stage"] = np.where(whole, "", text["stage"]).astype(object)
    return joined_up(replace(rows, text=text, amount=rows.amount[..., :1], served={}, drivers={}))


def joined_up(activity: Activity) -> Activity:
    """Rows of one meter that follow each other without a gap as one row, so that a year of hours is not asked hour by hour.

    Rows that overlap stay apart, and are found to. Amounts are not summed: only what a row covers is looked at.
    """
    columns = list(activity.text.values())
    keys = list(zip(*columns, strict=True))
    order = sorted(range(len(keys)), key=lambda i: (keys[i], activity.start_s[i]))
    kept: list[int] = []
    end_s = np.array(activity.end_s)
    for i in order:
        if kept and keys[kept[-1]] == keys[i] and end_s[kept[-1]] == activity.start_s[i]:
            end_s[kept[-1]] = activity.end_s[i]
        else:
            kept.append(i)
    return replace(activity, end_s=end_s).take(np.array(sorted(kept), np.int64))


def _width(part: Part) -> tuple[int, bool]:
    electricity = part.activity.take(part.activity.flow_mask("electricity").nonzero()[0])
    if not len(electricity):
        return -1, False
    widest = max(BOUNDARIES.index(b) for b in electricity.text["boundary"])
    return widest, any(c in EVERYTHING for c in electricity.text["component"])


def _made_twice(parts: Sequence[Part]) -> Iterator[Overlap]:
    made = {key(part): {f for f in part.activity.text["flow"] if f.startswith("device_hours/")} for part in parts}
    for one in parts:
        for other in parts:
            if one.phase == "hardware" != other.phase and (same := made[key(one)] & made[key(other)]):
                devices = ", ".join(sorted(f.partition("/")[2] for f in same))
                yield Overlap(key(one), key(other), f"making {devices} stands in both; keep it in one phase")
