"""The page, the card and the inventory of a result: what ``--report`` writes by the ending of its name, and ``jevons report`` too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.cli.outcome import Outcome, carry_out
from jevons.core.errors import BadInput, JevonsError
from jevons.world.spec import Spec

if TYPE_CHECKING:
    from jevons.core.footprint import Footprint

PLACES = ("Sweden", "France", "United States", "India", "Poland")  # of the what-if table: from clean grids to dirty
SHIFTS_H = (-12, -6, 6, 12)
DEVICES = ("v100-sxm2-32gb", "a100-sxm4-80gb", "h100-sxm5-80gb")


TRAINING_TYPES = {"training": "pre-training", "recorded": "pre-training", "fine-tuning": "fine-tuning", "distillation": "fine-tuning"}


def answer(outcome: Outcome, given: Mapping[str, Any]) -> None:
    """Write the files asked for, then print the estimate."""
    if given.get("save"):
        show.write(given["save"], show.as_text(outcome.record()) + "\n", "result")
    if given.get("report"):
        write(given["report"], outcome)
    unit = given.get("per")
    if show.wants_json(given):
        show.out_json({**outcome.record(), **({"per": shares(outcome, unit)} if unit else {})})
    else:
        show.show_outcome(outcome if not unit else replace(outcome, footprint=outcome.footprint.per(unit)), f", per {unit}" if unit else "")


def shares(outcome: Outcome, unit: str) -> dict[str, Any]:
    """The indicators for so much served: best, low and high."""
    from jevons.cli.outcome import spread

    part = outcome.footprint.per(unit)
    return {unit: {name: spread(part.total(name)) for name in part.indicators}}


def write(path: Path, outcome: Outcome) -> None:
    """Write the report of an estimate. Errors: BadInput for an ending that names no format."""
    if path.suffix.lower() not in WRITERS:
        raise BadInput("report", str(path), f"end its name in {', '.join(WRITERS)}")
    show.write(path, WRITERS[path.suffix.lower()](outcome), "report")


def page(footprints: Mapping[str, Footprint], spec: Spec | None = None) -> str:
    """The HTML page; where one spec stands behind it, with what it would be in other places and on other devices."""
    import jevons
    from jevons.report.page import page as write_page
    from jevons.world import catalog

    title = next(iter(footprints)) if len(footprints) == 1 else "Footprints"
    return write_page(footprints, elsewhere(spec) if spec else {}, title=title, version=jevons.__version__,
                      equivalences=list(catalog.table("equivalences")), factor_set=catalog.version())  # fmt: skip


def card(footprint: Footprint, spec: Spec | None = None, hardware: str = "", training: str = "", where: str = "",
         whole: bool = True) -> str:  # fmt: skip
    """The Hub's block, and with ``whole`` the section after it; the section alone where neither spec nor reporter tells of a training."""
    import jevons
    from jevons.report.card import metadata, section
    from jevons.world import catalog

    on = hardware or str(spec.arguments.get("on", "") if spec else "")
    kind = training or (TRAINING_TYPES.get(spec.kind, "") if spec else "")
    told = section(footprint, on, version=jevons.__version__, factor_set=catalog.version()) if whole else ""
    if whole and not training and not (kind and on):
        return told
    front = metadata(footprint, kind, on, where, jevons.__version__)
    return f"---\n{front}---\n\n{told}" if whole else front


def inventory(footprint: Footprint) -> str:
    """The life-cycle inventory as Brightway reads it."""
    from jevons.report.inventory import brightway_csv

    return brightway_csv(footprint)


def elsewhere(spec: Spec) -> dict[str, Footprint]:
    """What-if: the same activity in other places, the same training on other devices; what cannot be priced is left out."""
    changes = {f"zone: {name}": Spec(spec.kind, {}, {"name": name}) for name in PLACES if "intensity" not in spec.site}
    if spec.kind in ("training", "fine-tuning", "distillation") and "layout" not in spec.arguments:
        changes |= {f"device: {name}": Spec(spec.kind, {"on": name}) for name in DEVICES}
    if spec.kind in ("training", "fine-tuning") and "precision" not in spec.arguments and "batch" in spec.arguments:
        changes["precision: fp8"] = Spec(spec.kind, {"precision": "fp8"})
    if "series" in spec.site and "start" in spec.arguments:
        changes |= {f"hour: {shift:+d} h": Spec(spec.kind, {"start": later(str(spec.arguments["start"]), shift)})
                    for shift in SHIFTS_H}  # fmt: skip
    found = {label: tried(change.over(spec)) for label, change in changes.items()}
    return {label: footprint for label, footprint in found.items() if footprint is not None}


def later(start: str, hours: int) -> str:
    """An ISO time so many hours later."""
    return (datetime.fromisoformat(start) + timedelta(hours=hours)).isoformat()


def tried(spec: Spec) -> Footprint | None:
    """The footprint of a spec, None where it cannot be had."""
    try:
        return carry_out(spec).footprint
    except JevonsError:
        return None


WRITERS: dict[str, Callable[[Outcome], str]] = {
    ".html": lambda told: page({told.title: told.footprint}, told.spec),
    ".md": lambda told: card(told.footprint, told.spec, where=str(told.spec.site.get("name", ""))),
    ".csv": lambda told: inventory(told.footprint),
}  # fmt: skip
