"""Commands that read files and write others: what is read is evidence, and is not written over."""

from __future__ import annotations

from collections.abc import Mapping
from os import environ
from os.path import exists, isfile, samefile
from typing import Any

from typer.core import TyperCommand

from jevons.core.errors import BadInput

WRITTEN = ("out", "html", "csv", "figures")  # options that name a file to be written


class Paper(TyperCommand):
    """A command whose answer goes into a file that is none of those it reads."""

    def invoke(self, ctx: Any) -> Any:
        """Run. Errors: BadInput where a file to be written is one that is read."""
        refuse_overwriting(ctx.params)
        return super().invoke(ctx)


def refuse_overwriting(typed: Mapping[str, Any]) -> None:
    """BadInput where an option of WRITTEN names a file among the other values typed (``service:`` before it or not), or the ledger."""
    values = [value for name, value in typed.items() if name not in WRITTEN]
    words = [str(word) for value in values for word in (value if isinstance(value, (list, tuple)) else [value])]
    read = [place for word in words for place in (word, word.partition(":")[2]) if isfile(place)]
    read += [place for place in ledger_files() if isfile(place)]
    for name in WRITTEN:
        out = typed.get(name)
        if out and exists(out) and any(samefile(place, out) for place in read):
            raise BadInput(f"--{name}", str(out), "it is one of the files this is made from; name another")


def ledger_files() -> list[str]:
    """Where the ledger lies, if it is a file, and what its database keeps beside it."""
    from jevons.world.home import home

    place = environ.get("JEVONS_LEDGER", "") or str(home() / "ledger.db")
    return [place + ending for ending in ("", "-wal", "-shm")]
