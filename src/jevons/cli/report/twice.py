"""What a report would count twice: copies of a file, a run that stands in two, meters that nothing tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from filecmp import cmp
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from jevons.core.activity import joined
from jevons.core.errors import BadInput
from jevons.core.overlap import may_overlap, repeated
from jevons.core.source import Assumption

if TYPE_CHECKING:
    from jevons.cli.report.selected import Selected


def doubts(one: Selected, earlier: Sequence[Selected]) -> list[Assumption]:
    """That meters of two files at one site and time count different joules, which nothing in them shows, is an assumption."""
    return [Assumption(f"meters of {one.title} and {other.title}", "count different energy", "they ran at one site at one time, and "
                       "no label tells them apart; keep one of them if they do not", one.name)
            for other in filter(is_log, earlier if is_log(one) else ())
            if one.file != other.file and may_overlap(one.activity, other.activity)]  # fmt: skip


def is_log(one: Selected) -> bool:
    """Whether it was read from a file of another tool: no spec, and no run of the ledger, which counts each window once."""
    return one.spec is None and one.file is not None


def refuse_copies(chosen: Sequence[Selected]) -> None:
    """BadInput where a source holds no rows, or where two hold the same: the same bytes, or a run that stands in both."""
    for one in chosen:
        if not len(one.activity):
            raise BadInput("result", one.path, "it holds no rows: nothing ran, or nothing was read")
    for first, second in combinations([one for one in chosen if one.file], 2):
        if first.file != second.file and same_bytes(first.file, second.file):
            raise BadInput("results", second.path, f"it is a copy of {first.path}: it would be counted twice")
    read: dict[tuple[Path | None, bytes | None], list[Selected]] = {}
    for one in chosen:
        read.setdefault((one.file, one.data), []).append(one)  # the sites of one file are one source
    if twice := repeated([joined([one.activity for one in sites]) for sites in read.values()]):
        names = [list(read.values())[at][0].path for at in twice]
        raise BadInput("results", names[1], f"rows of it stand in {names[0]} too, of the same run, time and amount: count them once")


def same_bytes(first: Path | None, second: Path | None) -> bool:
    """Whether two files hold the same bytes."""
    return first is not None and second is not None and cmp(first, second, shallow=False)
