"""``jevons estimate frontier``: energy against latency of a deployment, before it is rented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from jevons.cli import show
from jevons.cli.options import chosen
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.cli.options import Group
    from jevons.estimate.frontier import Point

COLUMNS = ("batch", "J/output token", "5–95 %", "ms/token", "first token ms", "tokens/s", "best")


def draw(batches: str, report: Path | None, given: Mapping[str, Any], *groups: Group) -> None:
    """The points as a table or JSON, and as a drawing where one is asked for."""
    from jevons.estimate.frontier import BATCHES, frontier

    if report is not None and report.suffix != ".svg":
        raise BadInput("--report", report.name, "end the name in .svg")
    arguments = chosen(given, *groups)
    points = frontier(**arguments, batches=sizes(batches) if batches else BATCHES)
    if show.wants_json(given):
        show.out_json({"schema": "jevons.frontier/1", **arguments, "points": [asdict(p) for p in points]})
    else:
        show.console().print(show.rows(COLUMNS, [line(p, points) for p in points], right=COLUMNS))
    if report is not None:
        from jevons.measure.bench.plot import svg

        show.write(report, svg(as_bench(str(arguments.get("model", "the model")), points)), "drawing")  # type: ignore[arg-type]


def sizes(text: str) -> list[float]:
    """Batches from text: 1,8,64."""
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise BadInput("--batches", text, "give numbers with commas: 1,8,64") from None


def line(point: Point, points: Sequence[Point]) -> list[str]:
    """A point as cells; the star marks those that no other beats in both."""
    beaten = any(p.energy_per_output_token_j <= point.energy_per_output_token_j and p.per_token_s < point.per_token_s for p in points)
    return [f"{point.batch:g}", f"{point.energy_per_output_token_j:.3g}", f"{point.low_j:.3g}–{point.high_j:.3g}",
            f"{1000 * point.per_token_s:.3g}", f"{1000 * point.first_token_s:.3g}", f"{point.tokens_per_s:.4g}", "" if beaten else "*"]  # fmt: skip


def as_bench(model: str, points: Sequence[Point]) -> Any:
    """The points in the shape of a bench, for whoever draws one."""
    from jevons.measure.bench.window import Level, mark_frontier

    levels = [Level(int(p.batch), 0, {}, energy_per_output_token_j=p.energy_per_output_token_j, s_per_token={"median": p.per_token_s})
              for p in points]  # fmt: skip
    mark_frontier(levels)
    return SimpleNamespace(plan=SimpleNamespace(model=f"{model}, estimated"), levels=levels, method="modelled", notes=[])
