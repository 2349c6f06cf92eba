"""``jevons reproduce``: a bundle computed again, bit for bit or why not."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import exits, show
from jevons.cli.ledger.tables import counted
from jevons.cli.options import FORM, taking

app = typer.Typer()


@app.command()
@taking(FORM)
def reproduce(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Written by jevons ledger export FILE.zip.", show_default=False)],
    **given: Any,
) -> None:
    """Price every run of a bundle again, and make its estimates again.

    Bit for bit the same: exit code 0. Otherwise what moved and why (factors, code, machine), and exit code 1.
    """
    from jevons.account.ledger import bundle as bundles
    from jevons.account.ledger import reproduce as again

    found = bundles.read(bundle)
    verdicts, changed = again.reproduced(found, estimated), again.circumstances(found)
    if show.wants_json(given):
        show.out_json({"identical": all(v.identical for v in verdicts), "changed": changed, "results": [asdict(v) for v in verdicts]})
    else:
        tell(found, verdicts, changed)
    raise typer.Exit(exits.OK if all(v.identical for v in verdicts) else exits.FINDING)


def estimated(spec: Any) -> Any:
    """The activity of a spec."""
    from jevons.cli.outcome import carry_out
    from jevons.world import spec as specs

    return carry_out(specs.of(spec)).activity


def tell(found: Any, verdicts: list[Any], changed: list[str]) -> None:
    """The verdict, then each result that is another."""
    same = sum(v.identical for v in verdicts)
    runs, results = counted(len(found.runs), "run"), counted(len(verdicts), "result")
    print(f"{runs}, {results} computed again, {same} identical to the last bit")
    for line in changed:
        print(f"  {line}")
    for verdict in (v for v in verdicts if not v.identical):
        print(f"\n{verdict.run}, entry {verdict.position}, {verdict.what}: {'; '.join(verdict.why)}")
        for line in verdict.moved[:20]:
            print(f"  {line['indicator']} / {line['stage'] or line['component'] or line['flow']}: {line['because']}")
