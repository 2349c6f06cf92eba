"""A made-up but plausible training run, built from the core alone, for the tests of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jevons.core.activity import Activity
from jevons.core.assess import assess
from jevons.core.factor import Factor
from jevons.core.footprint import Footprint
from jevons.core.source import Assumption, Source
from jevons.core.study import DEFAULT_INDICATORS, Study
from jevons.core.uncertain import Draws, Uncertain

GRID = Source("grid-test", "Yearly grid factors <of nowhere>", "Grid Office", 2023, "doi:10.0000/grid", "CC-BY-4.0",
              "open")  # fmt: skip
MAKER = Source("maker-test", "Product carbon footprint of a server", "A Maker", 2024, "maker.example/pcf", "all rights")
METER = Source("facility-test", "Site disclosure", "A Cloud", 2022, "cloud.example/report")
STUDY = Study(indicators=(*DEFAULT_INDICATORS, "water_embodied"), reference_year=2023)


@dataclass(frozen=True)
class SamplePlace:
    """A site with overhead, cooling water and sourced factors."""

    name: str = "north"
    climate: float = 0.35
    pue: float = 1.12

    def supply(self, demand: Activity, draws: Draws) -> Activity:
        electricity = demand.where(flow="electricity")
        overhead = (electricity * (self.pue - 1)).label(component="facility overhead", boundary="facility",
                                                        method="modelled")
        water = (electricity * draws.of(Uncertain(0.2, 0.5, 0.9, "water use of the site"))).label(
            component="cooling", boundary="facility", flow="water/on_site", method="modelled")
        pue = Assumption("PUE", str(self.pue), "no PUE given; the operator's fleet mean", METER.id)
        return (demand + overhead + water).assume(pue)

    def factors(self, study: Study) -> SamplePlace:
        return self

    def of(self, flow: str, when: object) -> Mapping[str, Factor]:
        if flow == "electricity":
            grid = Uncertain.lognormal(1.0, 1.08, f"grid intensity of {self.name}", "grid method")
            water = Uncertain.lognormal(1.0, 1.5, f"water of power in {self.name}")
            return {
                "climate": Factor(flow, "climate", self.climate, GRID, 2022, self.name, study_kind(), grid, "21211"),
                "water_off_site": Factor(flow, "water_off_site", 1.8, GRID, 2022, self.name, (), water, "32322"),
                "water_scarcity": Factor(flow, "water_scarcity", 9.0, GRID, 2022, self.name, (), water, "32322"),
                "cost": Factor(flow, "cost", 0.11, METER, 2022, self.name),
            }
        if flow.startswith("device_hours"):
            made = Uncertain(0.6, 1.0, 1.9, "embodied carbon of an A100", "embodied")
            return {"climate": Factor(flow, "climate", 0.0065, MAKER, 2024, "", (), made, "33323"),
                    "water_embodied": Factor(flow, "water_embodied", 0.03, MAKER, 2024, "", (), made, "44424")}
        return {"water_on_site": Factor(flow, "water_on_site", 1.0, METER, 2022, self.name),
                "water_scarcity": Factor(flow, "water_scarcity", 4.0, METER, 2022, self.name)}


def study_kind() -> tuple[str, str, str]:
    return STUDY.kind


def run(scale: float = 1.0, metered: bool = True) -> Activity:
    """Training and trial runs on 384 devices; the accelerators' electricity is metered, the rest is modelled."""
    draws = Draws(400, seed=7)
    hours = draws.of(Uncertain(0.9e6, 1.08e6, 1.3e6, "device-hours of training"))
    watts = draws.of(Uncertain(0.30, 0.335, 0.38, "power of an A100"))
    host = draws.of(Uncertain(0.06, 0.09, 0.14, "power of the host's share"))
    rows = []
    for stage, part in (("training", 1.0), ("experimentation", 0.41), ("evaluation", 0.012)):
        common = {"stage": stage, "model": "sample-176b"}
        method = "counter" if metered and stage == "training" else "modelled"
        tier = "" if method == "counter" else "physics"
        rows += [
            {**common, "component": "accelerator", "amount": hours * watts * part, "method": method, "tier": tier},
            {**common, "component": "host", "amount": hours * host * part, "tier": "physics"},
            {**common, "component": "manufacture", "flow": "device_hours/a100-80", "amount": hours * part,
             "tier": "physics"},
        ]
    guess = Assumption("trial runs", "0.41 of the training", "no count of trial runs given", "")
    activity = Activity.of(rows, served={"token": 366e9}, assumptions=(guess,), drivers=draws.drivers, seed=7)
    return activity * scale


def sample(place: SamplePlace | None = None, scale: float = 1.0, metered: bool = True,
           study: Study = STUDY) -> Footprint:
    """The footprint of ``run`` at a place."""
    return assess(run(scale, metered), place or SamplePlace(), study)
