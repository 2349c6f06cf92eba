"""OpenTelemetry metrics, inwards: requests from `gen_ai.client.token.usage`, where only metrics were kept.

The histogram counts requests and sums their tokens by `gen_ai.token.type`. Their lengths are then known by the mean alone,
which the result says. Cumulative points are read by their last, deltas are added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, TableError
from jevons.core.source import Assumption
from jevons.integrations.otel import NAMES, OPERATION, SUMS, _documents, _plain, _seconds, _year

if TYPE_CHECKING:
    from jevons.core.activity import Activity

TOKENS = "gen_ai.client.token.usage"
KIND = "gen_ai.token.type"
CUMULATIVE = (2, "AGGREGATION_TEMPORALITY_CUMULATIVE")


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests of one model: how many, and the tokens of them all; ``end_s`` of the last point, UTC seconds."""

    provider: str
    model: str
    requests: float
    input_tokens: float
    output_tokens: float
    end_s: float


def read_metrics(path: str | Path) -> list[Usage]:
    """Usage by provider and model from an export of metrics in OTLP JSON (one document, or one a line).

    Errors: BadInput where there is no such file or no such metric in it; TableError where not one line is JSON.
    """
    file = Path(path)
    if not file.is_file():
        raise BadInput("path", str(path), "give a file of metrics in OTLP JSON")
    documents, broken = _documents(file.read_text(encoding="utf-8", errors="replace"))
    if not documents and broken:
        raise TableError(file.name, broken[0], None, "a line that is no JSON", "export the metrics as OTLP JSON")
    sums: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, float("nan")])
    for key, (count, tokens, end) in _points(documents).items():
        into = sums[key[:3]]
        into[0], into[1], into[2] = into[0] + count, into[1] + tokens, max(into[2], end) if into[2] == into[2] else end
    if not sums:
        raise BadInput("path", str(path), f"it holds no histogram {TOKENS} with provider and model")
    return [_of(who, model, sums) for who, model in dict.fromkeys(key[:2] for key in sums)]


def activity(found: list[Usage], draws: int = 1000, seed: int = 0) -> Activity:
    """What they consumed, each as requests of mean length. Errors: UnknownName naming the model."""
    from jevons.core.activity import joined
    from jevons.estimate.request import request

    parts = [request(u.provider, u.model, u.input_tokens / u.requests, u.output_tokens / u.requests, requests=u.requests,
                     year=_year(u.end_s), draws=draws, seed=seed) for u in found]  # fmt: skip
    return joined(parts).assume(Assumption("lengths of requests", "the mean of each model", "metrics keep no single request", "stated"))


def _of(provider: str, model: str, sums: Mapping[tuple[str, str, str], list[float]]) -> Usage:
    taken, made = (sums.get((provider, model, kind), [0.0, 0.0, float("nan")]) for kind in ("input", "output"))
    return Usage(provider, model, max(taken[0], made[0]), taken[1], made[1], taken[2] if taken[2] == taken[2] else made[2])


def _points(documents: list[Any]) -> dict[tuple[Any, ...], tuple[float, float, float]]:
    """(count, tokens, end) by provider, model, kind and series: the last of a cumulative one, the sum of deltas."""
    found: dict[tuple[Any, ...], tuple[float, float, float]] = {}
    for histogram, point in _histograms(documents):
        attributes = _plain(point.get("attributes"))
        who, model = (next((attributes[n] for n in NAMES[name] if attributes.get(n)), "") for name in ("provider", "model"))
        if not who or not model or attributes.get(OPERATION) in SUMS or attributes.get(KIND) not in ("input", "output"):
            continue
        values = float(point.get("count") or 0), float(point.get("sum") or 0), _seconds(point.get("timeUnixNano"))
        rest = tuple(sorted((k, str(v)) for k, v in attributes.items()))
        key = (str(who), str(model), attributes[KIND], rest, str(point.get("startTimeUnixNano")))
        if histogram.get("aggregationTemporality") in CUMULATIVE:
            found[key] = max(found.get(key, values), values, key=lambda v: v[0])
        else:
            before = found.get(key, (0.0, 0.0, values[2]))
            found[key] = before[0] + values[0], before[1] + values[1], values[2]
    return found


def _histograms(documents: list[Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for document in documents:
        for resource in (document.get("resourceMetrics") or []) if isinstance(document, Mapping) else []:
            for scope in resource.get("scopeMetrics") or []:
                for metric in scope.get("metrics") or []:
                    histogram = metric.get("histogram") or {}
                    if metric.get("name") == TOKENS:
                        yield from ((histogram, point) for point in histogram.get("dataPoints") or [])
