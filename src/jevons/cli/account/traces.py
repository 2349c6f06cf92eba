"""``jevons traces``: what requests cost that OpenTelemetry saw, from an export of its spans or metrics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jevons.cli import options, show
from jevons.cli.options import chosen, taking
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.core.activity import Activity

app = typer.Typer()


@app.command(no_args_is_help=True)
@taking(options.SITE, options.FORM)
def traces(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="OTLP JSON, one document or one a line: spans, or metrics.")],
    metrics: Annotated[bool, typer.Option("--metrics", help="The file holds metrics (gen_ai.client.token.usage).")] = False,
    write: Annotated[Path | None, typer.Option(metavar="FILE.jsonl", help="Copy the spans there, each with its footprint.", show_default=False)] = None,
    **given: Any,
) -> None:
    """What GenAI requests cost that OpenTelemetry saw.

    jevons traces spans.jsonl --at us-east-1 --write priced.jsonl
    """
    import jevons

    if metrics and write:
        raise BadInput("--write", str(write), "spans are copied with their footprint; metrics are only read")
    site = chosen(given, options.SITE)
    place = jevons.site(site.pop("at", ""), **site)
    tell(jevons.footprint(seen(file, metrics), place), f"Requests in {file.name}", given)
    if write:
        from jevons.integrations.otel_out import annotated

        done, others = annotated(file, write, at=place)
        show.say(f"{write.name}: {done} spans with a footprint, {others} without")


def seen(file: Path, metrics: bool) -> Activity:
    """What the requests of an export consumed; lines and spans that were passed over are said."""
    from jevons.integrations import otel, otel_metrics

    if metrics:
        return otel_metrics.activity(otel_metrics.read_metrics(file))
    spans = otel.read_spans(file)
    if spans.broken_lines:
        show.say(f"lines that are no JSON, left out: {', '.join(map(str, spans.broken_lines[:12]))}"
                 f"{' …' if len(spans.broken_lines) > 12 else ''} ({len(spans.broken_lines)})")  # fmt: skip
    if spans.passed_over:
        show.say(f"{spans.passed_over} spans tell of no request with tokens")
    found = otel.activity(spans)
    for said in otel.left_out(found):
        show.say(said)
    return found


def tell(footprint: Any, title: str, given: Any) -> None:
    """The footprint as JSON or as tables."""
    import jevons
    from jevons.report.record import as_json
    from jevons.report.table import table
    from jevons.world import catalog

    if show.wants_json(given):
        show.out_json(as_json(footprint, jevons.__version__, catalog.version(), title))
    else:
        show.console().print(table(footprint, title, catalog.version()))
