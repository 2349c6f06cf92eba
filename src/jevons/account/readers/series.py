"""Series of samples as Prometheus holds them: a name, labels, seconds and values, from each of its forms.

    query_range, query     {"status": "success", "data": {"resultType": "matrix", "result": [{"metric", "values"}]}}
    text                   name{label="word"} value [milliseconds]       (promtool's OpenMetrics dump: seconds)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jevons.account.readers.documents import documents
from jevons.account.readers.lines import physical_lines
from jevons.core.errors import TableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][\w:.]*)?\s*(?:\{(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s+(?P<value>\S+)(?:\s+(?P<t>\S+))?\s*(?:#.*)?$'
)
LABEL = re.compile(r'\s*([a-zA-Z_][\w.]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
ESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
MILLISECONDS_FROM = 1e11
"""A stamp from here on is in milliseconds: in seconds it would lie beyond the year 5000."""
NAME = "__name__"


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """One series in order of time; ``t_s`` NaN where a sample is not stamped."""

    name: str
    labels: Mapping[str, str]
    t_s: NDArray[np.float64]
    value: NDArray[np.float64]


def from_json(path: Path) -> list[Series]:
    """The series of one or several answers of the query API. TableError for an answer that holds none by name."""
    return merged(one for number, answer in enumerate(documents(path), 1) for one in _answered(path.name, number, answer))


def _answered(file: str, number: int, answer: Any) -> Iterator[Series]:
    answers = answer if isinstance(answer, list) else [answer]
    for each in answers:
        if not isinstance(each, Mapping) or each.get("status") != "success":
            said = each.get("error", each.get("status")) if isinstance(each, Mapping) else type(each).__name__
            raise TableError(file, number, "status", said, "give a successful answer of /api/v1/query_range")
        for result in each.get("data", {}).get("result", ()):
            labels = dict(result.get("metric", {}))
            if NAME not in labels:
                raise TableError(file, number, NAME, labels, "query the bare metric: functions such as rate() drop its name")
            points = result.get("values") or [result["value"]]
            yield _series(file, labels.pop(NAME), labels, points)


def _series(file: str, name: str, labels: Mapping[str, str], points: Iterable[Any]) -> Series:
    try:
        t_s, value = np.array([(float(t), float(v)) for t, v in points]).reshape(-1, 2).T
    except (TypeError, ValueError):
        raise TableError(file, None, name, points, "give pairs of seconds and a number") from None
    return Series(name, labels, t_s, value)


def from_text(path: Path) -> list[Series]:
    """The series of text, as exporters show it and ``promtool tsdb dump`` prints it."""
    points: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[float, float]]] = {}
    for row, line in enumerate(physical_lines(path), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = SAMPLE.match(stripped)
        if not found or not (found["name"] or found["labels"]):
            raise TableError(path.name, row, None, stripped, 'give name{label="word"} value [stamp]')
        labels = _labels(path.name, row, found["labels"] or "")
        name = found["name"] or labels.pop(NAME, "")
        try:
            point = (_stamp_s(found["t"]), float(found["value"]))
        except ValueError:
            raise TableError(path.name, row, name, found["value"], "give a number, and a stamp if there is one") from None
        points.setdefault((name, tuple(sorted(labels.items()))), []).append(point)
    return merged(_series(path.name, name, dict(labels), pairs) for (name, labels), pairs in points.items())


def _stamp_s(word: str | None) -> float:
    if word is None:
        return float("nan")
    stamp = float(word)
    return stamp / 1000 if stamp >= MILLISECONDS_FROM else stamp


def _labels(file: str, row: int, words: str) -> dict[str, str]:
    found, at = {}, 0
    while words[at:].strip(" ,"):
        label = LABEL.match(words, at)
        if not label:
            raise TableError(file, row, None, words[at:], 'give labels as name="word"')
        found[label[1]] = re.sub(r'\\[\\"n]', lambda m: ESCAPED[m[0]], label[2])
        at = label.end()
    return found


def merged(parts: Iterable[Series]) -> list[Series]:
    """One series a name and labels: samples in order of time, one a stamp, those that are no number left out."""
    same: dict[tuple[str, tuple[tuple[str, str], ...]], list[Series]] = {}
    for part in parts:
        same.setdefault((part.name, tuple(sorted(part.labels.items()))), []).append(part)
    whole = []
    for (name, labels), those in same.items():
        t_s, value = (np.concatenate([getattr(one, column) for one in those]) for column in ("t_s", "value"))
        known = np.isfinite(value)
        t_s, value = t_s[known], value[known]
        stamped = ~np.isnan(t_s)
        _, first = np.unique(t_s[stamped], return_index=True)
        keep = np.flatnonzero(stamped)[first] if stamped.any() else np.arange(len(t_s))[-1:]
        whole.append(Series(name, dict(labels), t_s[keep], value[keep]))
    return [one for one in whole if len(one.value)]
