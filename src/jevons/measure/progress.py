"""How far a command has come, from what it writes: a bar's "37/100", or words of its own by a pattern.

    bar        37%|███▋      | 37/100 [00:12<00:21, 3.1it/s]  (tqdm)      37/100 ━━━━━━━━  (Keras)
    pattern    "step (\\d+) of (\\d+)", two groups: done and in all; or one group, beside a total that is given

The first bar is followed until it is full; another beside it (an evaluation inside a training) is passed over. A bar that
begins again tells of a part, an epoch, so nothing is foreseen of the whole, unless its total is given: then laps add up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jevons.core import units
from jevons.core.errors import BadInput

if TYPE_CHECKING:
    from jevons.measure.live_report import LiveReport

BAR = "bar"
_COUNT = r"(\d[\d.]*[kMGTP]?)/(\d[\d.]*[kMGTP]?)"
_BARS = re.compile(rf"(?<![\w/.]){_COUNT} \[\d+:\d\d|^ *{_COUNT} +(?:\[[=>.]|[━╸╺])", re.MULTILINE)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ENDS = re.compile(r"[\r\n\b]+")
LONGEST = 4096
"""Characters of a line that is not ended yet; more of it is not looked at."""


@dataclass
class Progress:
    """``done`` of ``of`` once ``seen``; ``works`` counts the works begun (a new bar), ``again`` tells of a part only.

    ``pattern``: "bar", or a regular expression with one or two groups. ``total``: the work in all, where the output
    does not say it or says it of a part. Errors: BadInput for a pattern that is none.
    """

    pattern: str = BAR
    total: float | None = None
    done: float = field(default=0.0, init=False)
    of: float | None = field(default=None, init=False)
    seen: bool = field(default=False, init=False)
    again: bool = field(default=False, init=False)
    works: int = field(default=0, init=False)
    _before: float = field(default=0.0, init=False)
    _open: dict[int, str] = field(default_factory=dict, init=False)  # by stream: the line that is not ended yet

    def __post_init__(self) -> None:
        try:
            self._find = _BARS if self.pattern == BAR else re.compile(self.pattern, re.MULTILINE)
        except re.error as trouble:
            raise BadInput("progress", self.pattern, f"give {BAR!r} or a regular expression ({trouble})") from None
        if self._find is not _BARS and self._find.groups not in (1, 2):
            raise BadInput("progress", self.pattern, "give it two groups, done and in all: 'step (\\d+) of (\\d+)'")
        if self.total is not None:
            self.total = units.read(self.total, "", "total", minimum=1e-9)
        elif self._find.groups == 1:
            raise BadInput("total", None, "the pattern has one group, what is done: say the work in all")

    @property
    def now(self) -> tuple[float, float] | None:
        """(done, in all) of the whole work; None while that is not known."""
        whole = self.total or self.of
        if not self.seen or whole is None or (self.again and self.total is None):
            return None
        return min(self._before + self.done, whole), whole

    def read(self, text: str, stream: int = 0) -> None:
        """Take what was written to a stream since the last call ("" where nothing was)."""
        *whole, last = _ENDS.split(_ESCAPES.sub("", self._open.get(stream, "") + text))
        self._open[stream] = last[-LONGEST:]
        for line in whole:
            self._look(line)
        self._look(last, goes_on=bool(text))

    def _look(self, line: str, goes_on: bool = False) -> None:
        for match in self._find.finditer(line):
            if not (goes_on and match.end() == len(line)):  # else its last number may be cut
                self._see(*_counts([group for group in match.groups() if group is not None]))

    def _see(self, done: float | None = None, of: float | None = None) -> None:
        if done is None or (self.total is not None and of is not None and (of == 0 or self.total % of)):
            return  # no number, or a bar of something else
        if self.seen and of != self.of and self.total is None and self.of is not None and self.done < self.of:
            return  # beside one that is not full yet
        if self.seen and of == self.of and done < self.done:
            self._before, self.again = self._before + (of or self.done), True
        elif not self.seen or (of != self.of and self.total is None):
            self._before, self.again, self.works = 0.0, False, self.works + 1
        self.done, self.of, self.seen = done, of, True


def _counts(groups: list[str]) -> Iterator[float]:
    """The numbers of a match; none where one of them is no number."""
    try:
        yield from [units.read(group.replace(",", ""), "", "progress") for group in groups]
    except BadInput:
        return


@dataclass
class Following:
    """Tells a live report how far a command has come, each time it looks. ``written``: what came by stream since."""

    report: LiveReport
    progress: Progress
    written: Callable[[], Mapping[int, str]]
    _works: int = field(default=0, init=False)

    def look(self) -> None:
        """Read on, and tell the report; a bar that turns out to be a part takes back what was foreseen."""
        for stream, text in self.written().items():
            self.progress.read(text, stream)
        now, ticks = self.progress.now, self.report.ticks
        if self.progress.works != self._works or (now is None and ticks):
            self._works = self.progress.works
            self.report.afresh()
        if now is not None and not (ticks and ticks[-1].done == now[0]):
            self.report.step(*now)
