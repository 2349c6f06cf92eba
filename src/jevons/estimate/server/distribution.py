"""How long requests are: not a number but a distribution, as points of equal or unequal weight.

    "500 sd 400"                  mean and standard deviation of a lognormal (24 Gauss-Hermite points, moments exact)
    "p50 300, p90 1200"           percentiles, ln length linear in the normal quantile between and beyond them (64 points)
    a sample, or a file of requests: its rows as they are, prompt and answer of a request together

Reading the cache of a prompt I to make O tokens costs in the mean of O · (I + O/2), attention among a prompt of I in the
mean of I²/2: lengths that spread cost more than as many tokens in requests of one length, except where a sliding window
stops the reading.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.errors import BadInput, TableError

GAUSS_POINTS, QUANTILE_POINTS = 24, 64
COLUMNS = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
MOST_ROWS = 1_000_000
FORMS = "give a number, '500 sd 400', 'p50 300, p90 1200', or lengths=FILE.csv (or .jsonl)"
_SD = re.compile(r"^\s*(?P<mean>[^±]+?)\s*(?:±|\+-|\+/-|\bsd\b)\s*(?P<sd>\S.*?)\s*$", re.IGNORECASE)
_PERCENTILE = re.compile(r"^\s*p\s*(?P<p>\d+(?:\.\d+)?)\s*[ =:]\s*(?P<value>\S.*?)\s*$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Distribution:
    """Lengths of one kind of token: ``points`` and their ``weights``, which sum to 1."""

    points: Any
    weights: Any

    @property
    def mean(self) -> float:
        """Mean length."""
        return float(self.points @ self.weights)

    def said(self) -> str:
        """In words: the mean, the middle and what one in a hundred exceeds."""
        middle, long = self.quantile(np.array([0.5, 0.99]))
        return f"mean {self.mean:.0f}, p50 {middle:.0f}, p99 {long:.0f}"

    def quantile(self, share: Any) -> Any:
        """The length that a share of the requests do not exceed, linear between the middles of the weights."""
        order = np.argsort(self.points)
        weights = self.weights[order]
        return np.interp(share, np.cumsum(weights) - weights / 2.0, self.points[order])


def lognormal(mean: float, sd: float, field: str = "tokens") -> Distribution:
    """The lognormal of that mean and standard deviation: ln σ² = ln(1 + (sd/mean)²). Errors: BadInput."""
    if not mean > 0:
        raise BadInput(field, f"{mean:g} sd {sd:g}", "give a mean above 0")
    sigma = np.sqrt(np.log1p((sd / mean) ** 2))
    nodes, weights = np.polynomial.hermite.hermgauss(GAUSS_POINTS)
    points = mean * np.exp(np.sqrt(2.0) * sigma * nodes - sigma**2 / 2)
    return Distribution(points, weights / weights.sum())


def percentiles(marks: Mapping[float, float], field: str = "tokens") -> Distribution:
    """Lengths by two percentiles or more, {50: 300, 90: 1200}. Errors: BadInput for fewer, or where they fall."""
    found = sorted(marks.items())
    if len(found) < 2 or not 0 < found[0][0] < found[-1][0] < 100:
        raise BadInput(field, dict(found), "give two percentiles or more, each between 0 and 100: 'p50 300, p90 1200'")
    values = np.array([value for _, value in found], float)
    if np.any(values <= 0) or np.any(np.diff(values) < 0):
        raise BadInput(field, dict(found), "percentiles are above 0 and do not fall")
    normal = NormalDist()
    z = np.array([normal.inv_cdf(p / 100.0) for p, _ in found])
    at = np.array([normal.inv_cdf((k + 0.5) / QUANTILE_POINTS) for k in range(QUANTILE_POINTS)])
    segment = np.clip(np.searchsorted(z, at) - 1, 0, len(z) - 2)
    slope = np.diff(np.log(values)) / np.diff(z)
    points = np.exp(np.log(values)[segment] + slope[segment] * (at - z[segment]))
    return Distribution(points, np.full(QUANTILE_POINTS, 1.0 / QUANTILE_POINTS))


def sample(values: Any, field: str = "tokens") -> Distribution:
    """The lengths as they were seen, each as likely. Errors: BadInput where there are none."""
    points = np.asarray(units.read(np.asarray(values, float), "", field), float).ravel()
    if not points.size:
        raise BadInput(field, values, "give at least one length")
    return Distribution(points, np.full(points.size, 1.0 / points.size))


def read_tokens(value: Any, field: str) -> Any:
    """A number, an array of scenarios, or a Distribution from its text. Errors: BadInput naming the forms."""
    if isinstance(value, Distribution) or not isinstance(value, str):
        return value
    if found := _SD.match(value):
        return lognormal(units.read(found["mean"], "", field), units.read(found["sd"], "", field), field)
    if value.lstrip()[:1] in ("p", "P"):
        marks = [_PERCENTILE.match(part) for part in re.split(r"[,;]", value)]
        if not all(marks):
            raise BadInput(field, value, FORMS)
        return percentiles({float(m["p"]): units.read(m["value"], "", field) for m in marks if m}, field)
    return value


def read_requests(source: Any) -> Mapping[str, Any]:
    """Columns of tokens a request: of a CSV or JSONL (path), a mapping or a data frame of columns, or (input, output) pairs.

    A CSV has the columns input_tokens and output_tokens, may have cached_tokens and reasoning_tokens, and a row a request;
    a line of a JSONL is an object of those names, or a pair [input, output]. Either may be gzipped.
    Errors: BadInput; TableError naming file, row and column.
    """
    if isinstance(source, (str, Path)):
        return _of_file(Path(source))
    if isinstance(source, Mapping) or hasattr(source, "columns"):
        columns = {name: np.asarray(source[name], float) for name in COLUMNS if name in source}
    else:
        pairs = np.asarray(source, float)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise BadInput("lengths", source, "give (input, output) pairs, columns by name, or a CSV's path")
        columns = {"input_tokens": pairs[:, 0], "output_tokens": pairs[:, 1]}
    for name in COLUMNS[:2]:
        if name not in columns or not columns[name].size:
            raise BadInput("lengths", name, f"give {name} of at least one request")
        if columns[name].size != columns["input_tokens"].size:
            raise BadInput("lengths", name, "give as many answers as prompts")
    return {name: np.asarray(units.read(column, "", name), float) for name, column in columns.items()}


def _of_file(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise BadInput("lengths", str(file), "name a CSV or JSONL of requests that exists")
    found: dict[str, list[float]] = {}
    for count, (number, row) in enumerate(_rows(file), start=1):
        if count > MOST_ROWS:
            raise TableError(file.name, number, None, "more rows", f"give a sample of at most {MOST_ROWS:,} requests")
        for name in COLUMNS:
            if name in row:
                found.setdefault(name, []).append(_cell(file, number, name, row[name]))
            elif name in COLUMNS[:2]:
                raise TableError(file.name, number if _is_jsonl(file) else 1, name, ", ".join(row), f"it lacks {name}")
            if len(found.get(name, ())) not in (0, count):
                raise TableError(file.name, number, name, ", ".join(row), f"give {name} of every request, or of none")
    if not found:
        raise TableError(file.name, None, None, "no rows", "give at least one request")
    return {name: np.array(column) for name, column in found.items()}


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The requests of a file, each with the number of its line. Errors: TableError."""
    from jevons.world.catalog import read_csv

    if not _is_jsonl(file):
        yield from enumerate(read_csv(file), start=2)
        return
    with gzip.open(file, "rb") if file.name.lower().endswith(".gz") else file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _object(file, number, line)


def _is_jsonl(file: Path) -> bool:
    return file.name.lower().endswith((".jsonl", ".jsonl.gz", ".ndjson"))


def _object(file: Path, number: int, line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as trouble:
        raise TableError(file.name, number, None, line[:60].decode(errors="replace"), f"no JSON: {trouble}") from None
    if isinstance(found, list) and len(found) == 2:
        return dict(zip(COLUMNS, found))
    if not isinstance(found, dict):
        raise TableError(file.name, number, None, found, 'give {"input_tokens": 500, "output_tokens": 300}, or [500, 300]')
    return found


def _cell(file: Path, number: int, name: str, cell: Any) -> float:
    try:
        return float(units.read(cell, "", name))
    except BadInput:
        raise TableError(file.name, number, name, cell, "give a count of tokens, at least 0") from None
