"""What ``jevons report`` writes: the words of a result handed to the standard, and the answer handed out."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.core import units
from jevons.core.errors import BadInput, JevonsError, TableError
from jevons.core.files import put

if TYPE_CHECKING:
    from jevons.cli.report.selected import Selected
    from jevons.core.footprint import Footprint

LARGEST_BILL_BYTES = 500_000_000
MOST_SECTIONS = 12  # of a page; more results are shown together
TRAINS = ("training", "finetuning")
STAGES = {"training": "training", "recorded": "training", "fine-tuning": "finetuning", "distillation": "training",
          "serving": "inference", "request": "inference", "edge": "inference", "generation": "inference"}  # fmt: skip


def leave(made: str | bytes, out: Path | None, what: str) -> None:
    """Text to stdout or a file, there whole or not at all; bytes to a file, or into a pipe."""
    if out is None:
        if isinstance(made, str):
            print(made.rstrip("\n"))
        elif sys.stdout.isatty():
            raise BadInput("--out", None, f"name a file for the {what}")
        else:
            sys.stdout.buffer.write(made)
        return
    try:
        put(out, made if isinstance(made, bytes) else made.rstrip("\n") + "\n")
    except OSError as trouble:
        raise BadInput("--out", str(out), f"name a place that can be written ({trouble.strerror})") from None
    show.say(f"{what} written to {out}")


def tables() -> dict[str, str]:
    """Who computes, by which tables."""
    import jevons
    from jevons.world import catalog

    return {"version": jevons.__version__, "factor_set": catalog.version()}


def ending(out: Path | None) -> str:
    """Of the file asked for; without one, Markdown for a terminal and JSON for a pipe."""
    return out.suffix.lower() if out else ".json" if show.wants_json({}) else ".md"


def boamps(one: Selected, said: Mapping[str, Any], publisher: str) -> str:
    """The BoAmps report, with what the spec knows of the model."""
    import jevons
    from jevons.report.standards import boamps as report

    footprint = one.footprint()
    served = footprint.inventory.served.get("request")
    algorithm = {"algorithmType": "llm" if model_of(one) else "other", "foundationModelName": model_of(one),
                 "quantization": argument(one, "precision"), "parametersNumber": billions(one)}  # fmt: skip
    told = report(footprint, **said, algorithm=algorithm, requests=None if served is None else float(served.reshape(-1)[0]),
                  publisher={"name": publisher}, version=jevons.__version__)  # fmt: skip
    return show.as_text(told)


def card(one: Selected, hardware: str, training: str, whole: bool) -> str:
    """The Hub's block, and with ``whole`` the section after it."""
    from jevons.cli.report import papers

    return papers.card(one.footprint(), one.spec, hardware, training, str(one.site.get("name", "")), whole)


def annex_xi(one: Selected, model: str, flop: float | None, days: float | None, out: Path | None) -> str:
    """The paragraph, into a .json the points; operations and days that are not told are those the training served."""
    from jevons.report.standards import annex_xi as paragraph
    from jevons.report.standards import annex_xi_record

    hours = of_training(one, "wall hour")
    lasted = units.convert(hours, "h", "days") if hours else None
    said = (one.footprint(), model or model_of(one) or "the model", of_training(one, "FLOP") if flop is None else flop,
            lasted if days is None else days)  # fmt: skip
    return show.as_text(annex_xi_record(*said)) if out is not None and out.suffix.lower() == ".json" else paragraph(*said)


def of_training(one: Selected, unit: str) -> float | None:
    """How much of a unit a training served (``FLOP``, ``wall hour``); None where none is told of."""
    served = one.activity.served.get(unit) if stage_of(one) in TRAINS else None
    return None if served is None else float(served.reshape(-1)[0])


def inventory(one: Selected, form: str) -> str | bytes:
    """The inventory before any factor: a sheet for Brightway, a package for openLCA."""
    from jevons.cli.report import papers
    from jevons.report.openlca import archive

    return archive(one.footprint()) if form == "openlca" else papers.inventory(one.footprint())


def focus(footprints: Mapping[str, Footprint], bill: Path | None) -> str:
    """Our columns alone, or added to a bill."""
    from jevons.report.rows import as_csv
    from jevons.report.standards import focus as standard
    from jevons.world import catalog

    ours = [row for footprint in footprints.values() for row in standard.rows(footprint, catalog.version())]
    made = standard.beside(billed(bill), ours) if bill else ours
    return as_csv(made, dict.fromkeys(name for row in made for name in row))


def billed(path: Path) -> list[dict[str, str]]:
    """The rows of a bill. Errors: BadInput for a file that cannot be read or is too large, TableError for no CSV."""
    try:
        if path.stat().st_size > LARGEST_BILL_BYTES:
            raise BadInput("--bill", str(path), "larger than 500 MB; give it by month or account")
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True)
        for name in ("ResourceId", "EffectiveCost"):
            if name not in (table.fieldnames or ()):
                raise TableError(path.name, 1, name, "no such column", "give a bill with the columns of FOCUS")
        return [whole_row(path.name, table.line_num, row) for row in table]
    except OSError as trouble:
        raise BadInput("--bill", str(path), f"name a file that can be read ({trouble.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as trouble:
        raise TableError(path.name, None, None, str(trouble), "give a CSV in UTF-8") from None


def whole_row(name: str, line: int, row: dict[str, str]) -> dict[str, str]:
    """The row itself. Errors: TableError where it has more or fewer cells than the table has columns."""
    if None in row or None in row.values():
        raise TableError(name, line, None, "too many or too few cells", "give every column, empty where unknown")
    return row


def page(chosen: Sequence[Selected]) -> str:
    """The HTML page; of one result that has a spec, with what it would be elsewhere."""
    from jevons.cli.report import papers

    return papers.page(shown(chosen), chosen[0].spec if len(chosen) == 1 else None)


def shown(chosen: Sequence[Selected]) -> dict[str, Footprint]:
    """Title → Footprint of what a page shows: each result, or all together where they are too many to read."""
    from jevons.cli.report.selected import together

    held = chosen if len(chosen) <= MOST_SECTIONS else [together(chosen, f"{len(chosen)} results together")]
    return {one.title: one.footprint() for one in held}


def pdf(chosen: Sequence[Selected], by: str) -> tuple[bytes, str]:
    """The PDF and who made it."""
    import jevons
    from jevons.report.pdf import pdf as make
    from jevons.world import catalog

    footprints = shown(chosen)
    return make(footprints, page(chosen), title(footprints), by, jevons.__version__, catalog.version())


def table(footprints: Mapping[str, Footprint], form: str) -> str | bytes:
    """The rows in a form: csv, parquet, json."""
    from jevons.report import rows
    from jevons.world import catalog

    found = rows.rows(footprints, catalog.version())
    return rows.as_csv(found) if form == "csv" else rows.as_parquet(found) if form == "parquet" else show.as_text(found)


def title(footprints: Mapping[str, Footprint]) -> str:
    """One footprint's own title, else a word for all."""
    return next(iter(footprints)) if len(footprints) == 1 else "Footprints"


def argument(one: Selected, name: str) -> Any:
    """What the spec says under a name, None where it says nothing."""
    return one.spec.arguments.get(name) if one.spec else None


def model_of(one: Selected) -> str:
    """The model's name, empty where there is none."""
    return str(argument(one, "model") or argument(one, "student") or "")


def billions(one: Selected) -> float | None:
    """Parameters of the model in billions, None where the tables do not know it."""
    from jevons.world import models

    if not model_of(one):
        return None
    try:
        return models.find(model_of(one)).params / units.COUNT_SUFFIX["B"]
    except JevonsError:
        return None


def stage_of(one: Selected) -> str:
    """The stage a spec is of; empty for files of other tools, whose reporter says it."""
    return STAGES.get(one.spec.kind, "") if one.spec else ""


def country_of(one: Selected) -> str:
    """ISO 3166 alpha-3 code of the site, empty where it is the world."""
    from jevons.world.place import locate

    return locate(str(one.site["name"])).country if one.site.get("name") else ""
