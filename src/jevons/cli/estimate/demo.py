"""``jevons demo``: two famous runs, estimated from what was known before they began."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from jevons.cli import options, show
from jevons.cli.options import taking
from jevons.cli.outcome import Outcome, carry_out
from jevons.world.spec import Spec

if TYPE_CHECKING:
    from jevons.core.footprint import Footprint
    from jevons.report.figures import Figure

app = typer.Typer()

BLOOM = Spec("training", {"model": "bloom-176b", "tokens": 366e9, "on": "a100-sxm4-80gb", "n": 384, "year": 2022},
             {"name": "France", "year": 2022, "pue": 1.2})  # fmt: skip
PAPER = Spec("training", {}, {"intensity": "57 g/kWh", "life": 6, "utilisation": 0.85})  # what the authors took
GPT3 = Spec("training", {"model": "gpt-3-175b", "tokens": 300e9, "on": "v100", "n": 10_000, "year": 2020})
PLACES = ("us-central1", "France", "India")
WHAT_IF = {
    "zone: Sweden": Spec("training", {}, {"name": "Sweden"}),
    "zone: United States": Spec("training", {}, {"name": "United States"}),
    "zone: Poland": Spec("training", {}, {"name": "Poland"}),
    "device: H100": Spec("training", {"on": "h100-sxm", "year": 2023}),
    "device: V100": Spec("training", {"on": "v100-sxm2-32gb"}),
    "facility: PUE 1.54": Spec("training", {}, {"pue": 1.54}),
}


class Published(NamedTuple):
    """One line of the published life cycle, the components of ours that stand for it, and what its boundary was."""

    part: str
    tonnes: float
    components: tuple[str, ...]
    boundary: str


CITED = "published: Luccioni, Viguier and Ligozat 2023, arXiv 2211.02001"
CITED_GPT3 = "published: 1,287 MWh and 552 t at 429 g/kWh, the mean of the US (Patterson et al. 2021, arXiv 2104.10350)"
DEVICE_HOURS = 1_082_990
LIFE_CYCLE = (
    Published("computing", 24.69, ("accelerator",), "published as TDP of the GPUs × hours × 57 g/kWh, without PUE"),
    Published("idle and infrastructure", 14.6, ("host", "facility overhead"),
              "published as 27 + 64 kW over the run, though the 64 kW hold the 27: 10.3 t without them; ours is the hosts "
              "at work, and PUE 1.2"),
    Published("making the hardware", 11.2, ("accelerator manufacture", "host manufacture"),
              "published as 150 kg a GPU and 2500 kg a server over 6 years; ours by default over 4, parts by method"),
    Published("together", 50.5, (), "published as the sum of the three"),
)  # fmt: skip


@app.command()
@taking(options.FORM)
def demo(
    report: Annotated[Path, typer.Option(help="Where the page goes.", metavar="FILE.html")] = Path("report.html"),
    **given: Any,
) -> None:
    """Estimate BLOOM-176B and set it beside its published life cycle; GPT-3 in three places; write a page.

    Nothing of the runs' measured efficiency, power or hours goes in. No network. Tables even into a pipe, JSON with --json.
    """
    bloom, paper, gpt3, what_if = estimated()
    lines = beside(bloom.footprint, paper.footprint)
    if given.get("json"):
        show.out_json({"bloom": bloom.record(), "bloom_at_the_papers_grid_and_life": paper.record(), "beside": lines,
                       "gpt-3": {place: found.record() for place, found in gpt3.items()}})  # fmt: skip
    else:
        tell(lines, gpt3)
    show.write(report, page(bloom, gpt3, what_if, lines), "report")


def estimated() -> tuple[Outcome, Outcome, dict[str, Outcome], dict[str, Footprint]]:
    """BLOOM, BLOOM at the paper's grid and life, GPT-3 by place, and BLOOM's footprint under each what-if."""
    from jevons.cli.progress import steps

    places = {place: Spec("training", {}, {"name": place, "year": 2020}).over(GPT3) for place in PLACES}
    changed = {label: change.over(BLOOM) for label, change in WHAT_IF.items()}
    with steps("estimating", len([BLOOM, PAPER, *places, *changed])) as step:
        bloom, paper = step(carry_out, BLOOM), step(carry_out, PAPER.over(BLOOM))
        gpt3 = {place: step(carry_out, spec) for place, spec in places.items()}
        return bloom, paper, gpt3, {label: step(carry_out, spec).footprint for label, spec in changed.items()}


def tell(lines: list[dict[str, str]], gpt3: Mapping[str, Outcome]) -> None:
    """The two tables."""
    from rich.padding import Padding
    from rich.text import Text

    screen = show.console()
    screen.print(Text("BLOOM-176B: 366 billion tokens on 384 A100, France, 2022", style="bold"))
    screen.print("From architecture and cluster alone, beside the life cycle published after the run.\n", style="dim")
    columns = list(lines[0])[:-1]
    screen.print(show.rows(columns, [[line[c] for c in columns] for line in lines], right=("published",)))
    screen.print()
    for line in lines:
        screen.print(Padding(Text(f"{line['']}: {line['boundary']}", style="dim"), (0, 0, 0, 2)))
    screen.print(Padding(Text(CITED, style="dim"), (0, 0, 1, 2)))
    screen.print(Text("GPT-3: 300 billion tokens on 10,000 V100 of 2020, in three places\n", style="bold"))
    screen.print(show.rows(*three_places(gpt3)))
    screen.print(Padding(Text(CITED_GPT3, style="dim"), (1, 0, 1, 2)))


def beside(estimated: Footprint, paper: Footprint) -> list[dict[str, str]]:
    """Our figures next to the published ones, in words: a line a part."""
    from jevons.core.units import significant

    columns = {"estimated": estimated, "at the paper's grid and life": paper}
    hours = {"": "device-hours", **{name: device_hours(found) for name, found in columns.items()},
             "published": significant(DEVICE_HOURS, 4), "boundary": "published for 384 GPUs over 118 days"}  # fmt: skip
    return [hours, *({"": p.part, **{name: str(ours(found, p.components)) for name, found in columns.items()},
                      "published": f"{p.tonnes:g} t CO₂e", "boundary": p.boundary} for p in LIFE_CYCLE)]  # fmt: skip


def device_hours(footprint: Footprint) -> str:
    """Device-hours with their interval."""
    from jevons.core.uncertain import interval
    from jevons.core.units import significant

    hours = footprint.inventory.served["device hour"]
    low, high = interval(hours)
    return f"{significant(float(hours[0]))} [{significant(float(low))}–{significant(float(high))}]"


def ours(footprint: Footprint, components: tuple[str, ...]) -> Figure:
    """Climate of some components together, of all where none is named."""
    from jevons.report.figures import figure, figure_of

    if not components:
        return figure(footprint, "climate")
    held = footprint.by("component", "climate")
    first, *others = (held[name] for name in components if name in held)
    return figure_of("climate", "kg", sum(others, first))


def three_places(gpt3: Mapping[str, Outcome]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells: one row a place."""
    from jevons.report.figures import headlines

    cells = [[place, *map(str, headlines(found.footprint))] for place, found in gpt3.items()]
    names = [figure.label for figure in headlines(next(iter(gpt3.values())).footprint)]
    return ["place", *names], cells


def page(bloom: Outcome, gpt3: Mapping[str, Outcome], what_if: Mapping[str, Footprint], lines: list[dict[str, str]]) -> str:
    """The page: BLOOM with its what-if table, then GPT-3 in its places."""
    import jevons
    from jevons.report.page import page as write_page
    from jevons.world import catalog

    title = "BLOOM-176B on 384 A100, France"
    held = {title: bloom.footprint, **{f"GPT-3, {place}": found.footprint for place, found in gpt3.items()}}
    return write_page(held, what_if, {title: lines}, "What two famous runs cost",
                      equivalences=list(catalog.table("equivalences")), version=jevons.__version__,
                      factor_set=catalog.version())  # fmt: skip
