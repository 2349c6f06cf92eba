"""``jevons export``: a kept result in the form that somebody asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import reports, show
from jevons.cli.outcome import Outcome, carry_out
from jevons.core import units
from jevons.core.errors import BadInput
from jevons.world import spec as specs

export_app = typer.Typer()


@export_app.command()
def export(
    result: Annotated[Path, typer.Argument(metavar="RESULT.json", help="A kept result, or a spec.", show_default=False)],
    form: Annotated[str, typer.Option("--as", metavar="FORM", help="page, card, hf, sci, annex-xi, ghg, brightway, "
                                      "openlca.")] = "card",
    per: Annotated[str, typer.Option(metavar="UNIT", help="Functional unit of SCI: '1k tokens', '1 run'.")] = "1 run",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write here; openlca makes a zip.",
                                             show_default=False)] = None,
) -> None:
    """The result as a report page, a model card, Hugging Face metadata, a standard's figures, or an inventory."""
    if form not in FORMS:
        raise BadInput("--as", form, f"choose one of {', '.join(FORMS)}")
    outcome = carry_out(specs.read(result))
    made = FORMS[form](outcome, per)
    if isinstance(made, bytes):
        keep(made, out)
    elif out is not None:
        show.write(out, made, form)
    else:
        print(made)


def keep(package: bytes, out: Path | None) -> None:
    """A package that is no text goes to a file."""
    if out is None:
        raise BadInput("--out", None, "name a file for the package, e.g. --out inventory.zip")
    try:
        out.write_bytes(package)
    except OSError as trouble:
        raise BadInput("--out", str(out), f"name a place that can be written ({trouble.strerror})") from None
    show.say(f"package written to {out}")


def hub(outcome: Outcome, per: str) -> str:
    """The ``co2_eq_emissions`` block of a Hugging Face card, grams."""
    import jevons
    from jevons.report.card import metadata

    kind = reports.TRAINING_TYPES.get(outcome.spec.kind, "")
    where = str(outcome.spec.site.get("name", ""))
    return metadata(outcome.footprint, kind, str(outcome.spec.arguments.get("on", "")), where, jevons.__version__)


def sci(outcome: Outcome, per: str) -> str:
    """Software Carbon Intensity, ISO/IEC 21031."""
    from jevons.report.standards import sci as rate

    return show.as_text(rate(outcome.footprint, per))


def annex_xi(outcome: Outcome, per: str) -> str:
    """The energy paragraph of the EU AI Act's Annex XI."""
    from jevons.report.standards import annex_xi as paragraph

    served = outcome.activity.served
    flop, hours = (float(served[unit].flat[0]) if unit in served else None for unit in ("FLOP", "wall hour"))
    model = str(outcome.spec.arguments.get("model", "the model"))
    return paragraph(outcome.footprint, model, flop, units.convert(hours, "h", "days") if hours else None)


def ghg(outcome: Outcome, per: str) -> str:
    """The climate figure by scope of the GHG Protocol."""
    from jevons.report.standards import ghg_lines

    return show.as_text(ghg_lines(outcome.footprint))


def openlca(outcome: Outcome, per: str) -> bytes:
    """A JSON-LD package that openLCA reads."""
    from jevons.report.openlca import archive

    return archive(outcome.footprint)


FORMS: dict[str, Callable[[Outcome, str], Any]] = {
    "page": lambda outcome, per: reports.page(outcome), "card": lambda outcome, per: reports.card(outcome),
    "hf": hub, "sci": sci, "annex-xi": annex_xi, "ghg": ghg,
    "brightway": lambda outcome, per: reports.inventory(outcome), "openlca": openlca,
}  # fmt: skip
