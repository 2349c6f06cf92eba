"""``jevons audit``: does a published card or table hold together?"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import exits, options, show
from jevons.cli.options import taking
from jevons.core.errors import BadInput

app = typer.Typer()
File = Annotated[str, typer.Argument(metavar="FILE", help="A model card (.md), YAML, CSV or JSON; - for stdin.",
                                     show_default=False)]  # fmt: skip
COLOUR = {"contradiction": "red", "implausible": "yellow", "note": "dim"}


@app.command()
@taking(options.FORM)
def audit(file: File, **given: Any) -> None:
    """Derive what a card or row implies (intensity, PUE, power, MFU, hours) and flag what contradicts itself.

    Exit code 1 where something is wrong; notes alone are no fault.
    """
    from jevons.cli.cards.card_text import kind_of, records
    from jevons.estimate.audit import audit_table, implied

    text, name = text_of(file)
    rows = records(text, name)
    findings = audit_table(rows, name, 2 if kind_of(text, name) == "csv" else 1)
    told = {"findings": [asdict(found) for found in findings],
            "implied": {str(row.get("name") or row.get("model") or place): [asdict(x) for x in implied(row)]
                        for place, row in enumerate(rows, start=1)}}  # fmt: skip
    if show.wants_json(given):
        show.out_json(told)
    else:
        tell(told)
    raise typer.Exit(exits.FINDING if any(found.accuses for found in findings) else exits.OK)


def text_of(file: str) -> tuple[str, str]:
    """A file's text and name; stdin for ``-``."""
    if file == "-":
        return sys.stdin.read(), "stdin"
    try:
        return Path(file).read_text(encoding="utf-8"), Path(file).name
    except OSError as trouble:
        raise BadInput("file", file, f"name a file that can be read ({trouble.strerror})") from None
    except UnicodeDecodeError:
        raise BadInput("file", file, "save it as UTF-8") from None


def tell(told: Mapping[str, Any]) -> None:
    """What is wrong, then what follows from what is stated (of one record; of many only the faults)."""
    from rich.text import Text

    screen = show.console()
    for found in told["findings"]:
        screen.print(Text.assemble((f"{found['severity']:<14}", COLOUR[found["severity"]]), (found["record"], "bold"),
                                   f": {found['message']}\n", (f"{'':14}{found['arithmetic']}", "dim")))  # fmt: skip
    if not told["findings"]:
        screen.print("nothing contradicts itself")
    for name, lines in told["implied"].items():
        if lines and len(told["implied"]) == 1:
            screen.print(f"\nwhat {name} implies", style="bold")
            cells = [(x["name"], f"{x['value']:.4g} {x['unit']}", x["arithmetic"]) for x in lines]
            screen.print(show.rows(("", "", "from"), cells, right=("",)))
