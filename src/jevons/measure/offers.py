"""What a start offers, once: to close what an earlier run left open, and to calibrate a host whose processor is modelled.

It is said in the log, from the tracker's own thread, and each thing once a home: what was said is kept in ``offered``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from jevons.measure.home import home
from jevons.measure.journal import host, left_open
from jevons.measure.sensor import Meter
from jevons.measure.sensors.surroundings import is_guest

FILE = "offered"
MOST_KEPT = 1000


@functools.cache
def once(folder: Path | None, meters: tuple[Meter, ...]) -> None:
    """Say what is to be offered to this process; nothing here may fail."""
    with suppress(Exception):
        where = folder or home()
        said = _said(where)
        news = [(key, text) for key, text in _offers(where, meters) if not set(key) <= said]
        for _, text in news:
            _log(text)
        if news:
            kept = [*said, *(word for key, _ in news for word in key)][-MOST_KEPT:]
            (where / FILE).write_text("\n".join(kept) + "\n", encoding="utf-8")


def _offers(where: Path, meters: Sequence[Meter]) -> Iterator[tuple[tuple[str, ...], str]]:
    """(what it is about, what is said)."""
    if cut := left_open(where / "journal"):
        runs = "an earlier run was" if len(cut) == 1 else f"{len(cut)} earlier runs were"
        yield tuple(path.stem for path in cut), f"{runs} cut short; what was measured is kept: jevons recover"
    modelled = any(m.sensor == "model" and m.component == "processor" and m.tier != "calibrated" for m in meters)
    if modelled and not is_guest():  # nobody puts a meter on a virtual machine
        yield (f"calibrate:{host()}",), ("no counter of this processor can be read, so its power is modelled, good to a factor "
                                        "of two; a meter and one minute bring that to some percent: jevons calibrate host")  # fmt: skip


def _said(where: Path) -> set[str]:
    try:
        return set((where / FILE).read_text(encoding="utf-8").split())
    except OSError:
        return set()


def _log(text: str) -> None:
    import logging

    logging.getLogger("jevons").warning("%s", text)
