"""``jevons registry``: models and what they emitted, side by side, and why they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import options, show
from jevons.cli.options import taking
from jevons.cli.writing import Paper
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.account.registry import Entry

app = typer.Typer()
Files = Annotated[list[Path] | None, typer.Argument(metavar="[FILE...]", show_default=False, help="Model cards (.md), specs or kept "
                  "results (.yaml, .json), or rows (.csv) to stand beside the published accounts.")]  # fmt: skip


@app.command(cls=Paper)
@taking(options.FORM)
def registry(
    files: Files = None,
    search: Annotated[str, typer.Option(metavar="WORDS", help="Only models, hardware or sources with these words.")] = "",
    ledger: Annotated[str | None, typer.Option(metavar="FILE", show_default=False, help="The priced runs of a ledger too: a file, or "
                                               "postgresql://...")] = None,
    published: Annotated[bool, typer.Option("--published/--own", help="With the published accounts, or without them.")] = True,
    html: Annotated[Path | None, typer.Option(metavar="FILE.html", show_default=False, help="Write a page that stands alone.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE.csv", show_default=False, help="Write the rows.")] = None,
    **given: Any,
) -> None:
    """Models as power × time × intensity: published accounts beside your own cards and results.

    jevons registry README.md --search h100 --html registry.html
    """
    from jevons.account.registry import search as found

    entries = found(gathered(files or [], published, kept(ledger)), search)
    told = {"models": [plain(e) for e in entries], "decomposition": taken_apart(entries)}
    write(told, html, csv)
    if show.wants_json(given):
        show.out_json(told)
    else:
        tell(told)


def kept(where: str | None) -> list[dict[str, Any]]:
    """The priced runs of a ledger as rows; none where no ledger is named."""
    from datetime import UTC, datetime

    if where is None:
        return []
    from jevons.cli.ledger.runs import existing

    return [{"model": run.run, "origin": "ledger", "energy_kwh": run.supplied_kwh, "emissions_kg": run.climate_kg,
             "year": datetime.fromtimestamp(run.started_s, UTC).year if run.started_s is not None else None,
             "source": ", ".join(filter(None, (run.project, run.owner))), "note": "changed since it was priced" if run.stale else ""}
            for run in existing(where).runs(None, priced=True)]  # fmt: skip


def gathered(files: Sequence[Path], published: bool, more: Sequence[dict[str, Any]] = ()) -> list[Entry]:
    """The entries of all files, by their endings, and the published ones."""
    from jevons.account import registry as book
    from jevons.account.cards import parse
    from jevons.cli.measured import computed

    cards, footprints, rows = [], {}, list(more)
    for path in each_once(files):
        ending = path.suffix.lower()
        if ending in (".md", ".markdown"):
            cards.append(parse.read(path))
        elif ending in (".yaml", ".yml", ".toml", ".json"):
            outcome = computed(path)
            footprints[outcome.title if outcome.title not in footprints else f"{outcome.title} ({path.name})"] = outcome.footprint
        elif ending == ".csv" and path.is_file():
            rows += book.read_rows(path)
        else:
            raise BadInput("file", str(path), "name a card (.md), a spec or result (.yaml, .json) or rows (.csv) that is there")
    return book.registry(cards, footprints, rows, published)


def each_once(files: Sequence[Path]) -> Sequence[Path]:
    """The files. Errors: BadInput where one is named twice: its models would stand there twice."""
    places = [path.resolve() for path in files]
    for at, place in enumerate(places):
        if place in places[:at]:
            raise BadInput("file", str(files[at]), "name each file once")
    return files


def plain(entry: Entry) -> dict[str, Any]:
    """An entry as plain values, with its product."""
    return {**asdict(entry), "product_kg": entry.product_kg, "derived": list(entry.derived)}


def taken_apart(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """The decomposition, or nothing where too few entries state all factors."""
    from jevons.account.registry import decompose

    try:
        return asdict(decompose(entries))
    except BadInput:
        return None


def write(told: Mapping[str, Any], html: Path | None, csv: Path | None) -> None:
    """The page and the table, where they are asked for."""
    if html is None and csv is None:
        return
    import jevons
    from jevons.report import registry as paper
    from jevons.world import catalog

    if html is not None:
        show.write(html, paper.page(told["models"], told["decomposition"], version=jevons.__version__, factor_set=catalog.version()), "page")
    if csv is not None:
        show.write(csv, paper.csv_text(told["models"]), "table")


def tell(told: Mapping[str, Any]) -> None:
    """A row a model, then what makes them differ."""
    from jevons.core import units

    def say(row: Mapping[str, Any], name: str, unit: str) -> str:
        value = row[name]
        shown = "–" if value is None else units.show(value, unit) if unit else units.significant(value)
        return f"({shown})" if name in row["derived"] else shown

    numbers = ("power W", "hours", "g/kWh", "energy", "emissions")
    cells = [(m["model"], m["hardware"] or "–", say(m, "power_w", ""), say(m, "device_hours", ""), say(m, "intensity_g_per_kwh", ""),
              say(m, "energy_kwh", "kWh"), say(m, "emissions_kg", "kg")) for m in told["models"]]  # fmt: skip
    screen = show.console()
    screen.print(show.rows(("model", "hardware", *numbers), cells, right=numbers))
    screen.print("\nin brackets: not stated, follows from the others", style="dim")
    if told["decomposition"]:
        shares = ", ".join(f"{name.partition('_')[0] if name != 'device_hours' else 'time'} {share:.0%}"
                           for name, share in told["decomposition"]["shares"].items())  # fmt: skip
        screen.print(f"variance of log emissions, over {told['decomposition']['n']} models: {shares}")
