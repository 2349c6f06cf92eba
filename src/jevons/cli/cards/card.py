"""``jevons card``: model cards written, audited, compared; tables of cards labelled and tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import options, show
from jevons.cli.options import taking
from jevons.cli.report import options as o
from jevons.cli.writing import Paper

app = typer.Typer(no_args_is_help=True, help="Model cards: write, audit and compare them; label and test tables of them.")
Table = Annotated[Path, typer.Argument(metavar="FILE.csv", show_default=False, help="A row a model: modelId, "
                  "co2_eq_emissions (grams), size, datasets_size, downloads, performance_score.")]  # fmt: skip
Tables = Annotated[list[Path], typer.Argument(metavar="FILE.csv...", show_default=False, help="Tables of that layout; "
                   "p values are corrected over all of them.")]  # fmt: skip


Cards = Annotated[list[Path], typer.Argument(metavar="README.md...", show_default=False, help="Model cards.")]
One = Annotated[Path, typer.Argument(metavar="README.md", show_default=False, help="A model card.")]
Into = Annotated[Path | None, typer.Option(metavar="README.md", show_default=False, help="Put both into this card; the rest "
                 "of it stays as it is.")]  # fmt: skip


@app.command()
def write(result: o.Result, into: Into = None, hardware: o.Hardware = "", training: o.Training = "", at: o.At = "",
          year: o.Year = None) -> None:  # fmt: skip
    """The metadata and the section "Environmental Impact" of a result, printed, or put into a card that exists."""
    from jevons.cli.cards import card_audit
    from jevons.cli.report import forms as report_forms
    from jevons.cli.report.sources import single

    made = report_forms.card(single(result, at, year), hardware, training, True)
    if into is None:
        print(made.rstrip("\n"))
    else:
        card_audit.put(into, made)


@app.command()
@taking(options.FORM)
def audit(
    files: Cards,
    write: Annotated[bool, typer.Option("--write", help="Make every sure mend in place, then audit.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="What is missing is a fault too.")] = False,
    **given: Any,
) -> None:
    """Check model cards: units, fields and their place, contradictions, and what a reader should be told.

    Exit code 1 where something is wrong.
    """
    from jevons.cli.cards import card_audit

    if write:
        card_audit.mend(files)
    told = [card_audit.audited(file) for file in files]
    if show.wants_json(given):
        show.out_json(told if len(told) > 1 else told[0])
    else:
        for one in told:
            card_audit.tell(one)
    raise typer.Exit(card_audit.exit_code(any(card_audit.is_faulty(one, strict) for one in told)))


@app.command()
@taking(options.FORM)
def diff(before: One, after: One, **given: Any) -> None:
    """What changed between two cards in what they say of their emissions; exit code 1 where anything did."""
    from jevons.cli.cards import card_audit

    told = card_audit.compared(before, after)
    if show.wants_json(given):
        show.out_json(told)
    else:
        card_audit.tell_difference(told)
    raise typer.Exit(card_audit.exit_code(not told["same"]))


@app.command()
@taking(options.FORM)
def labels(
    file: Table,
    reference: Annotated[str, typer.Option(metavar="MODEL", show_default=False,
                                             help="The model that all are compared with; unsaid, distilgpt2, or the table's medians where it lacks that.")] = "",
    rows: Annotated[bool, typer.Option("--rows", help="The label of each model too.")] = False,
    **given: Any,
) -> None:
    """Efficiency labels A to E and reporting classes of the Hugging Face mining study (arXiv 2305.11164).

    The edges of the classes are percentiles of the table given.
    """
    from jevons.account.cards import mined
    from jevons.account.cards.labels import labels as labelled

    table = mined.read(file)
    told = told_labels(table, labelled(table, reference), rows)
    if show.wants_json(given):
        if told["reference"]["model"] is None:
            show.say("distilgpt2 is not in the table: its medians stand in for the reference; another: --reference MODEL")
        show.out_json(told)
    else:
        tell_labels(told)


def told_labels(table: Any, found: Any, rows: bool) -> dict[str, Any]:
    """Counts, edges and reference as plain values."""
    from jevons.account.cards.classes import reporting

    each = {"rows": [{"model": n, "label": x or None} for n, x in zip(found.names, found.letters, strict=True)]} if rows else {}
    known = {name: [e if abs(e) < float("inf") else None for e in edges] for name, edges in found.edges.items()}
    return {"n": len(table), "labels": found.counts, "unlabelled": len(table) - sum(found.counts.values()),
            "reporting": reporting(table), "reference": {"model": found.model or None, **{k: v if v == v else None for k, v in found.reference.items()}},
            "edges": known, "not_given": list(found.not_given), **each}  # fmt: skip


def tell_labels(told: Mapping[str, Any]) -> None:
    """The two classifications as tables."""
    screen = show.console()
    for title, counts in (("label", told["labels"]), ("reporting class", told["reporting"])):
        cells = [(name, f"{n:,}", f"{n / told['n']:.1%}") for name, n in counts.items()]
        screen.print(show.rows((title, "models", "share"), cells, right=("models", "share")))
        screen.print()
    if told["not_given"]:
        screen.print("not in the table, so not weighed: " + ", ".join(told["not_given"]), style="yellow")
    screen.print(f"{told['n']:,} models against {told['reference']['model'] or 'the medians of this table, which lacks distilgpt2'}; edges are percentiles of this table", style="dim")
    for row in told.get("rows", ()):
        screen.print(f"{row['label'] or '–'}  {row['model']}", markup=False)


@app.command(cls=Paper)
@taking(options.FORM)
def statistics(
    files: Tables,
    figures: Annotated[Path | None, typer.Option(metavar="FILE.html", show_default=False, help="Draw them on a page that stands alone.")] = None,
    **given: Any,
) -> None:
    """What goes with emissions in tables of models: the mining study's tests, with p corrected by Holm's method."""
    from jevons.account.cards import mined
    from jevons.account.cards.statistics import statistics as tested

    tables = [mined.read(file) for file in files]
    found = tested(tables)
    told = [{**asdict(test), "remains": test.remains} for test in found]
    if figures is not None:
        draw(figures, told, tables)
    if show.wants_json(given):
        show.out_json(told)
    else:
        tell_tests(found)


def draw(path: Path, told: Any, tables: Any) -> None:
    """The page of the tests and their drawings."""
    import jevons
    from jevons.report import mined_cards

    columns = {t.file: {"modelId": t.words("modelId"), "grams": t.numbers("co2_eq_emissions"), "size": t.numbers("size"),
                        "datasets_size": t.numbers("datasets_size"), "domain": t.words("domain"),
                        "training_type": t.words("training_type")} for t in tables}  # fmt: skip
    show.write(path, mined_cards.page(told, columns, version=jevons.__version__), "page")


def tell_tests(found: Any) -> None:
    """A row a test, the surest first."""
    cells = [(t.what, f"{t.name} {t.statistic:,.5g}", f"{t.n:,}", f"{t.p:.3g}", f"{t.p_corrected:.3g}",
              "yes" if t.remains else "no", ", ".join(f"{n} {g:.3g} g" for n, g in t.medians_g.items())) for t in found]  # fmt: skip
    screen = show.console()
    screen.print(show.rows(("emissions with", "statistic", "n", "p", "p, Holm", "remains", "medians"), cells,
                           right=("n", "p", "p, Holm")))  # fmt: skip
    screen.print("\nNo figure here predicts a model's emissions: its card's other fields cannot.", style="dim")
