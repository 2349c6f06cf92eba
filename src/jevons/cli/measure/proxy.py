"""``jevons proxy``: an OpenAI-compatible proxy that says what each answer cost."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jevons.cli import show

app = typer.Typer()


@app.command()
def proxy(
    upstream: Annotated[str, typer.Option(metavar="URL", help="The server to ask: http://127.0.0.1:8000/v1.")],
    port: Annotated[int, typer.Option(metavar="PORT", help="Where to listen.")] = 8790,
    host: Annotated[str, typer.Option(metavar="HOST", help="On which address.")] = "127.0.0.1",
    provider: Annotated[str, typer.Option(metavar="NAME", help="Whose deployment prices the answers.")] = "",
    at: Annotated[str, typer.Option(metavar="SITE", help="Where the upstream runs.")] = "",
) -> None:
    """Pass requests on untouched; footprint headers on each answer, counters under /metrics. Ctrl-C ends it."""
    from jevons.integrations.proxy import proxy as serve

    given: dict[str, Any] = {name: value for name, value in (("provider", provider), ("at", at)) if value}
    try:
        serve(upstream, told=lambda here: show.say(f"listening on {here}, upstream {upstream}"), host=host, port=port, **given)
    except KeyboardInterrupt:
        show.say("ended")
