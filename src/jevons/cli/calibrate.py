"""``jevons calibrate``: a few measured steps of your own cluster sharpen the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jevons.cli import show

app = typer.Typer(no_args_is_help=True, help="Sharpen the engine with measured steps of your own cluster.")


@app.callback()
def room() -> None:
    """Sharpen the engine with measured steps of your own cluster."""


@app.command()
def training(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Three to five measured steps, in a layout of "
                                         "`validate step-time`.", show_default=False)],  # fmt: skip
    save: Annotated[Path | None, typer.Option(metavar="PACK.json", help="Keep the pack here; else it is printed.",
                                              show_default=False)] = None,  # fmt: skip
) -> None:
    """Fit the step-time engine to a cluster; the coefficient pack holds date, rows and residuals."""
    pack: Any = fitting()(file)
    if save is None:
        show.out_json(pack)
    else:
        show.write(save, show.as_text(pack) + "\n", "pack")


def fitting() -> Any:
    """The function that fits."""
    from jevons.estimate.calibrate import calibrate_training

    return calibrate_training
