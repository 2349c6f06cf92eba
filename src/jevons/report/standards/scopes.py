"""Whose emissions, and in which scope: one activity priced by several factors, sorted as the GHG Protocol sorts it.

    part                     own machines            leased, not controlled    bought as a service
    electricity, direct      scope 2                 3.8 (lessor's scope 2)    3.1
    electricity, upstream    3.3                     3.8                       3.1
    making the hardware      3.2 (leased: 3.8)       3.8                       3.1
    transfer, storage        3.1                     3.1                       3.1
    travel                   3.6                     3.6                       3.6

Direct is what leaves the stacks of power plants (a factor of scope ``direct``); upstream is the life-cycle factor less
the direct one: fuel supply, building the plants. Both are location-based. Losses on the lines are in neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jevons.core.errors import BadInput, StudyMismatch
from jevons.core.footprint import Footprint
from jevons.report import figures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Amount = NDArray[np.float64]

APPROACHES = ("operational control", "financial control", "equity share")
TENURES = {
    "owned": "machines of your own (or on a finance lease)",
    "leased": "machines on an operating lease, colocation included",
    "service": "machines of a provider: a cloud, an API",
}
NAMES = {
    "1": "direct emissions", "2": "purchased electricity", "3.1": "purchased goods and services",
    "3.2": "capital goods", "3.3": "fuel- and energy-related activities", "3.6": "business travel",
    "3.8": "upstream leased assets",
}  # fmt: skip
ISO_14064_1 = {"1": "1 direct", "2": "2 imported energy", "3.1": "4 products used", "3.2": "4 products used",
               "3.3": "4 products used", "3.6": "3 transport", "3.8": "4 products used"}  # fmt: skip
UNTOUCHED = {"transfer": "3.1", "storage": "3.1", "travel": "3.6"}  # flow family -> category under every tenure
UNKNOWN_UPSTREAM = "not known: no life-cycle and direct factor of the place that belong together"
HELD_UPSTREAM = "held in scope 2: only a life-cycle factor is known for the place"
NO_LOSSES = "fuel supply and power plants; losses on the lines are not in it"
BELOW_DIRECT = ("not known: the life-cycle factor lies below the direct one, they come from sources that "
                "contradict each other")  # fmt: skip


@dataclass(frozen=True)
class Sides:
    """One activity priced by the factors the papers need; every Footprint of the same rows.

    ``lifecycle`` and ``direct``: location-based; one of them may be None where no such factor exists. ``market``:
    contracts and residual mix, direct. ``tenure``: a word of TENURES. ``year``: of rows that are not dated. Errors: BadInput, StudyMismatch.
    """

    title: str
    lifecycle: Footprint | None
    direct: Footprint | None
    market: Footprint | None = None
    tenure: str = "owned"
    year: int | None = None

    def __post_init__(self) -> None:
        if self.tenure not in TENURES:
            raise BadInput(f"{self.title}: tenure", self.tenure, f"use one of {', '.join(TENURES)}")
        wanted = {"lifecycle": ("location", "lifecycle"), "direct": ("location", "direct"), "market": ("market", "direct")}
        for name, (accounting, scope) in wanted.items():
            priced = getattr(self, name)
            if priced is not None and (priced.study.accounting, priced.study.scope) != (accounting, scope):
                raise StudyMismatch(f"{self.title}: {name} must be priced {accounting}-based with {scope} factors; assess "
                                    f"it under Study(accounting={accounting!r}, scope={scope!r})")  # fmt: skip
            if priced is not None:
                figures.single(priced)
        self.any  # noqa: B018 - says when there is none

    @property
    def any(self) -> Footprint:
        """The location-based footprint that says most."""
        held = self.lifecycle or self.direct
        if held is None:
            raise BadInput(self.title, "no location-based footprint", "price it by a life-cycle or a direct factor")
        return held


@dataclass(frozen=True)
class Boundary:
    """Which operations count, and how much of them. ``share``: 0 to 1, with equity share alone."""

    approach: str = "operational control"
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.approach not in APPROACHES:
            raise BadInput("consolidation approach", self.approach, f"use one of {', '.join(APPROACHES)}")
        if not 0 < self.share <= 1:
            raise BadInput("share", self.share, "give your equity as a share above 0 and up to 1, or '40 %'")
        if self.share != 1 and self.approach != "equity share":
            raise BadInput("share", self.share, f"{self.approach} counts an operation wholly or not at all; "
                           "a percentage belongs to equity share")  # fmt: skip

    def owns(self, tenure: str) -> bool:
        """Whether the electricity of machines so held is this organisation's scope 2."""
        return tenure == "owned" or (tenure == "leased" and self.approach == "operational control")

    def counts(self, tenure: str) -> float:
        """The share of an operation that is reported; what is bought is reported wholly."""
        return self.share if tenure == "owned" else 1.0


@dataclass(frozen=True, eq=False)
class Part:
    """kg CO2e of one scope or category, best estimate and draws; None where it is not known, and why."""

    scope: str
    what: str
    location: Amount | None
    market: Amount | None
    note: str = ""


def parts(sides: Sides, boundary: Boundary) -> list[Part]:
    """The activity's emissions by scope and category, as far as they are known."""
    share, own = boundary.counts(sides.tenure), boundary.owns(sides.tenure)
    found = _electricity(sides, own)
    for flow, amount in by_family(sides.any).items():
        if flow != "electricity":
            scope, what, note = _other(flow, sides.tenure, own)
            found.append(Part(scope, what, amount, amount, note))
    return [Part(p.scope, p.what, *(None if a is None else a * share for a in (p.location, p.market)), p.note) for p in found]


def by_family(footprint: Footprint) -> dict[str, Amount]:
    """kg CO2e (1 + draws,) by family of flow: electricity, device_hours, transfer ..."""
    sums: dict[str, Amount] = {}
    for flow, amount in footprint.by("flow", "climate").items():
        family = flow.split("/")[0]
        sums[family] = sums.get(family, 0.0) + amount.reshape(-1, amount.shape[-1]).sum(axis=0)
    return sums


def _electricity(sides: Sides, own: bool) -> list[Part]:
    life, direct, market = (None if f is None else by_family(f).get("electricity")
                            for f in (sides.lifecycle, sides.direct, sides.market))  # fmt: skip
    if life is None and direct is None:
        return []
    if not own:
        scope = "3.1" if sides.tenure == "service" else "3.8"
        note = "" if life is not None else "direct emissions alone: no life-cycle factor is known for the place"
        whole = direct if life is None else life
        return [Part(scope, "electricity", whole, whole, note)]
    if direct is None:
        return [Part("2", "electricity", life, market, HELD_UPSTREAM), Part("3.3", "electricity, upstream", None, None, HELD_UPSTREAM)]
    upstream, note = (None, UNKNOWN_UPSTREAM) if life is None else (life - direct, NO_LOSSES)
    if upstream is not None and upstream[0] < 0:
        upstream, note = None, BELOW_DIRECT
    return [Part("2", "electricity", direct, market), Part("3.3", "electricity, upstream", upstream, upstream, note)]


def _other(family: str, tenure: str, own: bool) -> tuple[str, str, str]:
    if family == figures.EMBODIED:
        amortised = ("the part of its life that was used; the Scope 3 Standard counts all of what was bought in the year "
                     "of purchase: report that from the purchases")  # fmt: skip
        if tenure == "owned":
            return "3.2", "making the hardware", amortised
        return ("3.1" if tenure == "service" else "3.8"), "making the hardware", "the part of its life that was used"
    return UNTOUCHED.get(family, "3.1"), family, ""


def named(scope: str) -> str:
    """``3.3 fuel- and energy-related activities``; scopes 1 and 2 keep their number alone."""
    return scope if scope in ("1", "2") else f"{scope} {NAMES[scope]}"
