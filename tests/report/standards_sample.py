"""A run priced three ways by factors that know their study, for the tests of the standards; from the core alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from report_sample import GRID, SamplePlace, run

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.factor import Factor
from jevons.core.footprint import Footprint
from jevons.core.study import Study
from jevons.core.uncertain import Draws, Uncertain
from jevons.report.standards import Sides

KG_PER_KWH = {("location", "lifecycle"): 0.35, ("location", "direct"): 0.31, ("market", "direct"): 0.12}
SHORT = ("energy", "climate")
SHORT_STUDY = Study(indicators=SHORT)


@dataclass(frozen=True)
class Place(SamplePlace):
    """The sample's place, whose climate factor is that of the study asked."""

    study: Study = SHORT_STUDY
    rates: Mapping[tuple[str, str], float] | None = None

    def supply(self, demand: Activity, draws: Draws) -> Activity:
        return replace(super().supply(demand, draws), served=demand.served)

    def factors(self, study: Study) -> Place:
        return replace(self, study=study)

    def of(self, flow: str, when: object) -> Mapping[str, Factor]:
        found = dict(super().of(flow, when))
        if flow == "electricity":
            rate = (self.rates or KG_PER_KWH)[self.study.accounting, self.study.scope]
            spread = Uncertain.lognormal(1.0, 1.08, f"grid intensity of {self.name}", "grid method")
            found["climate"] = Factor(flow, "climate", rate, GRID, 2022, self.name, self.study.kind, spread, "21211")
        return found


def priced(accounting: str = "location", scope: str = "lifecycle", activity: Activity | None = None,
           rates: Mapping[tuple[str, str], float] | None = None, name: str = "north") -> Footprint:  # fmt: skip
    """The sample run under one accounting and scope."""
    study = Study(accounting=accounting, scope=scope, indicators=SHORT, reference_year=2023)
    return assess(run() if activity is None else activity, Place(name, rates=rates), study)


def sides(title: str = "run", tenure: str = "owned", market: bool = True, activity: Activity | None = None,
          rates: Mapping[tuple[str, str], float] | None = None, name: str = "north") -> Sides:  # fmt: skip
    """The sample run priced life-cycle, direct and market-based."""
    given = {"activity": activity, "rates": rates, "name": name}
    return Sides(title, priced(**given), priced(scope="direct", **given),
                 priced("market", "direct", **given) if market else None, tenure)  # fmt: skip
