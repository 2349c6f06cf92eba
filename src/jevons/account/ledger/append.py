"""Windows appended: each (run, sequence) once; the same again is nothing new, another content is a correction and says why."""

from __future__ import annotations

import functools
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from jevons.account.ledger import canonical, rows
from jevons.account.ledger.pen import Pen
from jevons.account.ledger.periods import Locks
from jevons.account.ledger.schema import MARK, entry
from jevons.core.errors import BadInput
from jevons.core.units import whole
from jevons.world import catalog

if TYPE_CHECKING:
    from jevons.core.activity import Activity


GREW = "its source has grown"
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of a run. What is None keeps what the run has; ``tags`` are all of them; ``estimate``: planned, not run.

    ``spec``: how an estimate was asked for; ``environment``: on what it ran (by default this Python, machine and jevons).
    """

    run: str
    sequence: int
    activity: Activity
    project: str | None = None
    owner: str | None = None
    tags: Sequence[str] | None = None
    spec: Mapping[str, Any] | None = None
    environment: Mapping[str, Any] | None = None
    estimate: bool = False
    why: str = ""
    growing: bool = False
    """Read from a source that may have grown since: then the longer one supersedes, and the shorter one is no news."""


@dataclass
class Appended:
    """What a batch came to: windows that were new, the same as before (or an older state of them), or corrected; ``runs`` it
    was of."""

    new: int = 0
    same: int = 0
    corrected: int = 0
    runs: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.new} new, {self.same} known already, {self.corrected} corrected"


def append(connection: Any, windows: Iterable[Window]) -> Appended:
    """Append windows in one transaction. Errors: BadInput naming run and sequence, and then nothing of the batch is kept."""
    asked = list(map(_checked, windows))
    pen = Pen(connection, {w.run for w in asked})
    known, locks, done = _known(pen, asked), Locks.of(connection), Appended()
    done.runs = list(dict.fromkeys(w.run for w in asked))
    for window in asked:
        if not (window.growing and pen.state(window.run).entries):  # a file read again does not take back what was tagged since
            label(pen, window.run, window.project, window.owner, window.tags, opening=window)
        _one(pen, window, known, locks, done)
    pen.put()
    return done


def _one(pen: Pen, window: Window, known: dict[tuple[str, int], tuple[int, str]], locks: Locks, done: Appended) -> None:
    body = rows.body_of(window.activity, pen.spreads)
    text, key = canonical.text(body), (window.run, window.sequence)
    version, before = known.get(key, (0, ""))
    if text == before:
        done.same += 1
        return
    state, why = pen.state(window.run), window.why
    if before and window.growing and not why:
        newer = growth(rows.summary_of(canonical.read(before)), rows.summary_of(body))
        done.same, why = done.same + (newer is False), GREW if newer else ""
        if newer is False:
            return
    if before and not why:
        raise BadInput(f"{window.run}, sequence {window.sequence}", "kept already with other content",
                       "say why, and it supersedes what stands: why=... or --why")  # fmt: skip
    if state.closed and not why:
        raise BadInput(window.run, "a closed run", "say why to open it again (why=... or --why), or use another run")
    locks.admit(window.run, state.project, body)
    if before:
        locks.admit(window.run, state.project, canonical.read(before))
    pen.add(window.run, "activity", body, text=text, sequence=window.sequence, version=version + 1, why=why)
    known[key] = version + 1, text
    done.new, done.corrected = done.new + (not before), done.corrected + bool(before)


def growth(before: rows.Summary, after: rows.Summary) -> bool | None:
    """Whether a window is a later state of the one before (True), an earlier one (False), or neither (None)."""
    spans = before.ended_s or 0.0, after.ended_s or 0.0
    if spans[1] >= spans[0] and after.energy_kwh >= before.energy_kwh * (1 - ROUNDING):
        return True
    return False if spans[1] <= spans[0] and after.energy_kwh <= before.energy_kwh * (1 + ROUNDING) else None


def label(pen: Pen, run: str, project: str | None, owner: str | None, tags: Sequence[str] | None,
          opening: Window | None = None) -> None:  # fmt: skip
    """Open a run that is new; add an entry where what was given differs from what it has."""
    state = pen.state(run)
    given: dict[str, Any] = {"project": project, "owner": owner, "tags": sorted(set(tags)) if tags is not None else None}
    given = {key: value for key, value in given.items() if value is not None}
    if not state.entries and opening is not None:
        facts = {"environment": dict(opening.environment if opening.environment is not None else environment())}
        if opening.spec is not None:
            facts["spec"] = dict(opening.spec)
        pen.add(run, "open", {**given, **facts, "estimate": opening.estimate})
        return
    if opening is not None and opening.estimate != (state.kind == "estimate"):
        raise BadInput(run, f"kept as {state.kind}", "keep what is planned and what ran under different names")
    has = {"project": state.project, "owner": state.owner, "tags": sorted(state.tags)}
    changed = {key: value for key, value in given.items() if has[key] != value}
    if "project" in changed:
        locks = Locks.of(pen.connection)
        for own in (state.project, changed["project"]):
            locks.refuse(run, own, state.started_s, state.ended_s)
    if changed:
        pen.add(run, "label", changed)


@functools.lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """On what this runs: versions of jevons, its tables and Python, and the kind of machine."""
    return {"jevons": canonical.code_version(), "factor_set": catalog.version(), "python": platform.python_version(),
            "system": platform.system(), "machine": platform.machine()}  # fmt: skip


def _checked(window: Window) -> Window:
    if canonical.name("run", window.run).startswith(MARK):
        raise BadInput("run", window.run, f"names that begin with {MARK} are the ledger's own")
    if not 0 < whole(window.sequence, "sequence") < 2**31:
        raise BadInput("sequence", window.sequence, "count the windows of a run from 1")
    check_labels(window.project, window.owner, window.tags)
    return window


def check_labels(project: str | None, owner: str | None, tags: Sequence[str] | None) -> None:
    """Raise BadInput for a word that no list could show, or tags that are no list."""
    if isinstance(tags, str):
        raise BadInput("tags", tags, "give a list of words")
    for field_, word in (("project", project), ("owner", owner), *(("tag", t) for t in tags or ())):
        if word or field_ == "tag":
            canonical.name(field_, word)


def _known(pen: Pen, asked: Sequence[Window]) -> dict[tuple[str, int], tuple[int, str]]:
    """(run, sequence) → (version, body) of what stands, for those of the batch that may be there already."""
    sequences: dict[str, list[int]] = {}
    for window in asked:
        if (state := pen.states.get(window.run)) and window.sequence <= state.last_sequence:
            sequences.setdefault(window.run, []).append(window.sequence)
    found: dict[tuple[str, int], tuple[int, str]] = {}
    for run, own in sequences.items():
        told = pen.connection.execute(
            select(entry.c.sequence, entry.c.version, entry.c.body)
            .where(entry.c.run == run, entry.c.kind == "activity", entry.c.sequence.between(min(own), max(own)))
            .order_by(entry.c.sequence, entry.c.version))  # fmt: skip
        found |= {(run, sequence): (version, body) for sequence, version, body in told}
    return found
