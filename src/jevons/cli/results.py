"""``jevons rerun``, ``explain`` and ``compare``: what can be done with a result that was kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import exits, options, show
from jevons.cli.measured import computed, result_of
from jevons.cli.options import taking
from jevons.cli.outcome import Outcome, kept, load
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.core.footprint import Footprint

rerun_app, explain_app, compare_app = typer.Typer(), typer.Typer(), typer.Typer()
RUNS = ("recorded", "measured")
ABOUT = ("jevons", "factor_set")  # who computed: told apart, not compared
Result = Annotated[Path, typer.Argument(metavar="RESULT.json", help="A result kept with --save.", show_default=False)]


@rerun_app.command()
@taking(options.FORM)
def rerun(result: Result, **given: Any) -> None:
    """Compute a kept result again, and say what moved.

    Bit for bit the same where the tables are: exit code 0. Otherwise every number that moved, and exit code 1.
    """
    before = kept(result)
    after = {**before, **json.loads(show.as_text(computed(result).record()))}
    moved = list(differences(before, after))
    told = {"identical": not moved, "factor_set": {"kept": before.get("factor_set"), "now": after["factor_set"]},
            "moved": [dict(zip(("field", "kept", "now"), line, strict=True)) for line in moved]}  # fmt: skip
    if show.wants_json(given):
        show.out_json(told)
    else:
        tell_rerun(told)
    raise typer.Exit(exits.FINDING if moved else exits.OK)


def tell_rerun(told: Mapping[str, Any]) -> None:
    """The verdict, then what moved."""
    screen, factors = show.console(), told["factor_set"]
    same = f"factor set {factors['now']}"
    changed = f"factor set {factors['kept']} then, {factors['now']} now"
    tables = same if factors["kept"] == factors["now"] else changed
    if told["identical"]:
        screen.print(f"identical to the last bit ({tables})")
        return
    screen.print(f"{len(told['moved'])} values moved ({tables})\n")
    screen.print(show.rows(("what", "kept", "now"), [tuple(map(str, line.values())) for line in told["moved"]],
                           right=("kept", "now")))  # fmt: skip


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two results differ: (field, kept, now), floats compared exactly, leaf by leaf."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            if key not in ABOUT:
                yield from differences(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{path}[{place}]")
    elif before != after:
        yield path, before, after


@explain_app.command()
@taking(options.FORM)
def explain(
    result: Annotated[Path, typer.Argument(metavar="RESULT.json", help="A kept result, or a spec.", show_default=False)],
    indicator: Annotated[str, typer.Option(help="Which number: climate, energy, cost, ... or all.")] = "climate",
    **given: Any,
) -> None:
    """Every line behind a number: amount × factor = impact, with its source, year and quality."""
    footprint = result_of(result)["footprint"]
    held = footprint["explain"]
    if indicator != "all" and indicator not in held:
        raise BadInput("indicator", indicator, f"this result holds {', '.join(held)}; or say all")
    wanted = {name: lines for name, lines in held.items() if indicator in (name, "all")}
    assumed, sources = grounds_of(footprint, wanted)
    if show.wants_json(given):
        show.out_json({"explain": wanted, "assumptions": assumed, "sources": sources})
        return
    for name, lines in wanted.items():
        tell_lines(name, lines, footprint["indicators"][name])
    tell_grounds(assumed, sources)


def grounds_of(footprint: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """The assumptions and sources on which the indicators' figures rest; older results do not tell assumptions apart."""
    cited = {line["source"] for lines in wanted.values() for line in lines}
    assumed = [a for a in footprint["assumptions"] if "indicators" not in a or set(a["indicators"]) & set(wanted)]
    return assumed, [s for s in footprint["sources"] if s["id"] in cited]


def tell_lines(name: str, lines: list[Mapping[str, Any]], total: Mapping[str, Any]) -> None:
    """One indicator: the total, then impact = amount × factor for each stage, component and factor, and what says so."""
    from rich.text import Text

    from jevons.core import units

    screen = show.console()
    screen.print(Text(f"{label(name)}: {units.show(total['best'], total['unit'], 4)}", style="bold"))
    for line in lines:
        impact, amount = units.show(line["impact"], line["unit"], 4), units.significant(line["amount"], 4)
        product = f"{amount} {line['amount_unit']} × {line['rate']:.4g} {line['unit']}/{line['amount_unit']}"
        what = " / ".join(word for word in (line["stage"], line["component"]) if word)
        screen.print(Text.assemble(f"{impact:>12} = {product:<34} {what}\n", (f"{'':15}{grounds(line)}", "dim")))
    screen.print()


def grounds(line: Mapping[str, Any]) -> str:
    """Source, year, place and quality of a factor, and how the amount is known."""
    factor = " ".join(str(line[key]) for key in ("source", "year", "place") if line[key])
    return ", ".join(x for x in (factor, f"quality {line['quality']}" if line["quality"] else "", line["method"]) if x)


def tell_grounds(assumed: list[Any], sources: list[Any]) -> None:
    """Assumptions and sources, once."""
    screen = show.console()
    screen.print("Assumed", style="bold")
    screen.print(show.bullets((f"{a['what']} = {a['value']}", a["why"]) for a in assumed))
    screen.print("\nSources", style="bold")
    screen.print(show.bullets((s["id"], f"{s['title']}, {s['locator']}") for s in sources))


@compare_app.command()
@taking(options.FORM)
def compare(
    first: Annotated[Path, typer.Argument(metavar="A.json", help="A kept result, or a spec.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="Another; or the run itself, kept or as its journal.", show_default=False)],
    **given: Any,
) -> None:
    """B against A, draw by draw, so that what both share cancels out; a recorded run against its estimate.

    Two results that answer different questions (accounting, scope, indicators ...) refuse to be compared.
    """
    a = priced_anew(first)
    b = priced_anew(second, str(a.spec.site.get("name", "")))
    if b.spec.kind in RUNS and a.spec.kind not in RUNS:
        beside_run(a, b, given)
    else:
        against(a, b, given)


def priced_anew(path: Path, at: str = "") -> Outcome:
    """A kept result or a spec, computed now, so that draws pair; a word where it was kept under other tables. ``at``: where a
    run was that does not tell."""
    found = computed(path, at)
    was, now = factor_sets(path)
    if was != now:
        show.say(f"{path.name} was kept under factor set {was}; it is priced anew under {now}")
    return found


def factor_sets(path: Path) -> tuple[str, str]:
    """The factor set a result was kept under (the present one where it is a spec), and the present one."""
    from jevons.world import catalog

    record = load(path) if path.suffix == ".json" else {}
    return record.get("factor_set", catalog.version()), catalog.version()


def against(a: Outcome, b: Outcome, given: Mapping[str, Any]) -> None:
    """Two estimates: the paired difference by indicator."""
    lines = paired(a.footprint, b.footprint)
    if show.wants_json(given):
        show.out_json({"a": a.spec.record(), "b": b.spec.record(), "difference": lines})
        return
    tell_both(a, b)
    cells = [(label(name), figure(name, x["a"]), figure(name, x["b"]), figure(name, x["difference"]), x["verdict"])
             for name, x in lines.items()]  # fmt: skip
    show.console().print(show.rows(("", "A", "B", "B − A", ""), cells))
    show.console().print("\nopen: the 5–95 % interval of the difference holds 0", style="dim")


def beside_run(estimate: Outcome, run: Outcome, given: Mapping[str, Any]) -> None:
    """An estimate and the run it was of: both values, their ratio, and whether the interval held the truth."""
    from jevons.estimate.compare import compare as beside

    lines = beside(estimate.footprint, run.footprint)
    if show.wants_json(given):
        show.out_json({"estimate": estimate.spec.record(), "run": run.spec.record(), "compared": [asdict(x) for x in lines]})
        return
    tell_both(estimate, run)
    cells = [(label(x.indicator), figure(x.indicator, {"best": x.estimated, "low": x.low, "high": x.high}),
              figure(x.indicator, {"best": x.measured, "low": x.measured, "high": x.measured}), f"{x.ratio:.2f}",
              "inside" if x.inside else "outside") for x in lines]  # fmt: skip
    show.console().print(show.rows(("", "A, estimated", "B, the run", "A / B", "interval"), cells, right=("A / B",)))


def paired(a: Footprint, b: Footprint) -> dict[str, dict[str, Any]]:
    """Indicator → both totals and B − A, each with its 5–95 % interval, and what the interval says."""
    from jevons.cli.outcome import spread

    lines = {}
    for name, amounts in (b - a).items():
        difference = spread(amounts)
        lines[name] = {"a": spread(a.total(name)), "b": spread(b.total(name)), "difference": difference,
                       "verdict": verdict(difference["low"], difference["high"])}  # fmt: skip
    return lines


def verdict(low: float, high: float) -> str:
    """What an interval of B − A says."""
    if low == high == 0:
        return "equal"
    return "B less" if high < 0 else "B more" if low > 0 else "open"


def tell_both(a: Outcome, b: Outcome) -> None:
    """A and B by name and place."""
    for letter, found in (("A", a), ("B", b)):
        places = dict.fromkeys(found.footprint.inventory.column("site"))
        show.console().print(f"{letter}  {found.title}, {', '.join(places)}")
    show.console().print()


def label(indicator: str) -> str:
    """An indicator for a reader."""
    from jevons.report.figures import LABELS

    return LABELS.get(indicator, indicator)


def figure(indicator: str, values: Mapping[str, float]) -> str:
    """Best and interval in the unit that reads well."""
    from jevons.core.study import INDICATORS
    from jevons.report.figures import Figure

    return str(Figure(indicator, INDICATORS[indicator][0], values["best"], values["low"], values["high"]))
