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


SOURCE = "bloom-lca"
LIFE_CYCLE = (
    Published("computing", 24.69, ("accelerator",), "GPU TDP × hours at 57 g/kWh, no PUE"),
    Published("idle and infrastructure", 14.6, ("host", "facility overhead"),
              "27 + 64 kW over the run; the 27 kW are in the 64 kW already, 10.3 t without them"),
    Published("making the hardware", 11.2, ("accelerator manufacture", "host manufacture"),
              "150 kg a GPU, 2500 kg a server, 6 years at 85 %"),
    Published("together", 50.5, (), "sum of the three"),
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
    from jevons.cli.progress import steps

    with steps("estimating", 2 + len(PLACES) + len(WHAT_IF)) as step:
        bloom = step(carry_out, BLOOM)
        gpt3 = {place: step(carry_out, Spec("training", {}, {"name": place, "year": 2020}).over(GPT3)) for place in PLACES}
        options_ = {label: step(carry_out, change.over(BLOOM)).footprint for label, change in WHAT_IF.items()}
        text = step(page, bloom, gpt3, options_)
    if given.get("json"):
        show.out_json({"bloom": bloom.record(), "gpt-3": {place: found.record() for place, found in gpt3.items()},
                       "published": beside(bloom.footprint)})  # fmt: skip
    else:
        tell(bloom, gpt3)
    show.write(report, text, "report")


def tell(bloom: Outcome, gpt3: Mapping[str, Outcome]) -> None:
    """The two tables."""
    from rich.text import Text

    screen = show.console()
    screen.print(Text("BLOOM-176B: 366 billion tokens on 384 A100, France, 2022", style="bold"))
    screen.print("estimated from architecture and cluster alone, beside the life cycle published after the run\n", style="dim")
    lines = beside(bloom.footprint)
    screen.print(show.rows(("", "estimated", "published", "what the published figure covers"),
                           [tuple(line.values()) for line in lines], right=("published",)))  # fmt: skip
    screen.print("published: Luccioni, Viguier and Ligozat 2023, arXiv 2211.02001\n", style="dim")
    screen.print(Text("GPT-3: 300 billion tokens on 10,000 V100 of 2020, in three places", style="bold"))
    headings, cells = three_places(gpt3)
    screen.print(show.rows(headings, cells))


def beside(footprint: Footprint) -> list[dict[str, str]]:
    """Our figures next to the published ones, in words."""
    hours = {"": "device-hours", "estimated": device_hours(footprint), "published": "1.08 M", "covers": "384 GPUs for 118 days"}
    return [hours, *({"": p.part, "estimated": str(ours(footprint, p.components)), "published": f"{p.tonnes:g} t",
                      "covers": p.boundary} for p in LIFE_CYCLE)]  # fmt: skip


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
    return figure_of("climate", "kg", sum(held[name] for name in components if name in held))


def three_places(gpt3: Mapping[str, Outcome]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells: one row a place."""
    from jevons.report.figures import headlines

    cells = [[place, *map(str, headlines(found.footprint))] for place, found in gpt3.items()]
    names = [figure.label for figure in headlines(next(iter(gpt3.values())).footprint)]
    return ["place", *names], cells


def page(bloom: Outcome, gpt3: Mapping[str, Outcome], what_if: Mapping[str, Footprint]) -> str:
    """The page: BLOOM with its what-if table, then GPT-3 in its places."""
    import jevons
    from jevons.report.page import page as write_page
    from jevons.world import catalog

    title = "BLOOM-176B on 384 A100, France"
    held = {title: bloom.footprint, **{f"GPT-3, {place}": found.footprint for place, found in gpt3.items()}}
    return write_page(held, what_if, {title: beside(bloom.footprint)}, "What two famous runs cost",
                      equivalences=list(catalog.table("equivalences")), version=jevons.__version__,
                      factor_set=catalog.version())  # fmt: skip
