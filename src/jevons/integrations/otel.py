"""OpenTelemetry: requests from GenAI spans that exist already, and what they cost as metrics.

    spans = read_spans("traces.jsonl")            OTLP JSON (one document, or one a line), or spans as SDKs print them
    run = activity(spans)                         price it: jevons.footprint(run, at="us-east-1")

Attributes follow the GenAI semantic conventions (github.com/open-telemetry/semantic-conventions, docs/gen-ai), the
older names too. Reading needs no SDK; ``record`` emits through opentelemetry's API, if that is installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.core.errors import BadInput, MissingExtra, TableError, UnknownName
from jevons.core.source import Assumption
from jevons.integrations.llm_adapters import Usage

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.integrations.call_footprint import CallFootprint

NAMES: Mapping[str, tuple[str, ...]] = {
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "model": ("gen_ai.response.model", "gen_ai.request.model"),
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cached_tokens": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cached_tokens"),
    "reasoning_tokens": ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
    "seen_tokens": ("gen_ai.usage.audio.input_tokens", "gen_ai.usage.image.input_tokens", "llm.token_count.prompt_details.audio"),
}
"""Our fields, and the attributes that hold them, the newest name first."""
OPERATION = "gen_ai.operation.name"
SUMS = ("invoke_agent", "create_agent", "execute_tool", "invoke_workflow")
"""Operations whose spans hold the requests of others, which have spans of their own."""

METRICS: Mapping[str, tuple[str, str]] = {
    "jevons.gen_ai.client.energy": ("J", "Energy of the provider's facility for the request"),
    "jevons.gen_ai.client.co2e": ("g", "Greenhouse gases of the request, hardware included"),
    "jevons.gen_ai.client.water": ("L", "Water of the request, on site and for electricity"),
}
"""Counters under our own namespace: no convention names them yet. Units in UCUM, the names without."""
NANO = 1e-9
LEFT_OUT = "requests not priced"


@dataclass(frozen=True, slots=True)
class Request:
    """One request that a span tells of. ``start_s`` and ``end_s`` in UTC seconds (NaN: not dated)."""

    provider: str
    model: str
    usage: Usage
    start_s: float = float("nan")
    end_s: float = float("nan")
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spans:
    """Requests found, spans passed over (no model, no tokens, or a sum of others) and lines that could not be read."""

    requests: tuple[Request, ...]
    passed_over: int = 0
    broken_lines: tuple[int, ...] = ()


def read_spans(path: str | Path) -> Spans:
    """The GenAI requests of an export of traces.

    Errors: BadInput where there is no such file; TableError where not one line of it is JSON.
    """
    file = Path(path)
    if not file.is_file():
        raise BadInput("path", str(path), "give a file of spans in OTLP JSON")
    text = file.read_text(encoding="utf-8", errors="replace")
    documents, broken = _documents(text)
    if not documents and broken:
        raise TableError(file.name, broken[0], None, "a line that is no JSON", "export the traces as OTLP JSON")
    requests, over = requests_of(span for document in documents for span in _spans(document))
    return Spans(tuple(requests), over, tuple(broken))


def requests_of(spans: Iterable[Mapping[str, Any]]) -> tuple[list[Request], int]:
    """Requests among spans (mappings with ``attributes``), and how many spans were not such."""
    requests, over = [], 0
    for span in spans:
        found = _request(span)
        if found is None:
            over += 1
        else:
            requests.append(found)
    return requests, over


def activity(spans: Spans | Sequence[Request], draws: int = 1000, seed: int = 0) -> Activity:
    """What the requests consumed: rows by provider, model and year.

    Requests to a provider or model without deployment row are left out and counted in an assumption (`left_out`).
    Errors: UnknownName naming the model where there are no others; BadInput where there is no request.
    """
    import numpy as np

    from jevons.core.activity import joined
    from jevons.estimate.request import request

    requests = spans.requests if isinstance(spans, Spans) else spans
    if not requests:
        raise BadInput("spans", 0, "no span tells of a model and its tokens (gen_ai.usage.input_tokens and the like)")
    groups: dict[tuple[str, str, int | None], list[Usage]] = {}
    for one in requests:
        groups.setdefault((one.provider, one.model, _year(one.start_s)), []).append(one.usage)
    parts, unknown = [], {}
    for (provider, model, year), used in groups.items():
        columns = {name: np.array([getattr(u, name) for u in used], float) for name in Usage.__dataclass_fields__}
        try:
            parts.append(request(provider, model, **columns, summed=True, year=year, draws=draws, seed=seed))
        except UnknownName as trouble:
            unknown[f"{provider} {model}"] = (unknown.get(f"{provider} {model}", (0, trouble))[0] + len(used), trouble)
    if not parts:
        raise next(trouble for _, trouble in unknown.values())
    found = joined(parts)
    if not unknown:
        return found
    said = [Assumption(f"{LEFT_OUT}: {n} of {len(requests)}", name, f"no {trouble.kind} of that name", "stated")
            for name, (n, trouble) in unknown.items()]  # fmt: skip
    return replace(found, assumptions=(*found.assumptions, *said))


def left_out(found: Activity) -> list[str]:
    """In words, the requests that an activity of spans leaves out, by provider and model."""
    return [f"{a.what}, {a.value}: {a.why}" for a in found.assumptions if a.what.startswith(LEFT_OUT)]


def record(footprint: CallFootprint, meter: Any = None) -> bool:
    """Raise the counters of METRICS by a call's footprint; False where it has no numbers.

    ``meter``: an OpenTelemetry meter (default: the global one). Errors: MissingExtra without opentelemetry's API.
    """
    from jevons.core import units

    if footprint.energy_kwh is None or footprint.climate_kg is None:
        return False
    values = {"jevons.gen_ai.client.energy": footprint.energy_kwh * units.JOULES_PER_KWH,
              "jevons.gen_ai.client.co2e": units.convert(footprint.climate_kg, "kg", "g"),
              "jevons.gen_ai.client.water": footprint.water_l}  # fmt: skip
    who = {"gen_ai.provider.name": footprint.provider, "gen_ai.request.model": footprint.model}
    for name, counter in _counters(meter).items():
        if values[name] is not None:
            counter.add(values[name], who)
    return True


_made: dict[int, tuple[Any, dict[str, Any]]] = {}


def _counters(meter: Any) -> dict[str, Any]:
    """The counters of a meter, created once."""
    if meter is None:
        try:
            from opentelemetry import metrics
        except ImportError:
            raise MissingExtra("opentelemetry-api", "otel", "emitting metrics") from None
        meter = metrics.get_meter("jevons")
    if id(meter) not in _made:
        made = {name: meter.create_counter(name, unit=unit, description=said) for name, (unit, said) in METRICS.items()}
        _made[id(meter)] = (meter, made)
    return _made[id(meter)][1]


def _documents(text: str) -> tuple[list[Any], list[int]]:
    """The JSON of a file: one document, or one a line; and the lines that are none."""
    try:
        whole = json.loads(text)
        return (whole if isinstance(whole, list) else [whole]), []
    except ValueError:
        pass
    documents, broken = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                documents.append(json.loads(line))
            except ValueError:
                broken.append(number)
    return documents, broken


def _spans(document: Any) -> Iterator[Mapping[str, Any]]:
    """The spans of an OTLP document, or the document itself where it is one span."""
    if not isinstance(document, Mapping):
        return
    resources = document.get("resourceSpans") or document.get("resource_spans")
    if resources is None:
        if "attributes" in document:
            yield document
        return
    for resource in resources:
        for scope in resource.get("scopeSpans") or resource.get("scope_spans") or []:
            yield from scope.get("spans") or []


def _request(span: Mapping[str, Any]) -> Request | None:
    attributes = _plain(span.get("attributes"))
    found = {name: next((attributes[key] for key in keys if attributes.get(key) is not None), None) for name, keys in NAMES.items()}
    counted = found["input_tokens"] is not None or found["output_tokens"] is not None
    if attributes.get(OPERATION) in SUMS or not found["model"] or not found["provider"] or not counted:
        return None
    try:
        tokens = {name: float(found[name] or 0) for name in Usage.__dataclass_fields__}
        if not all(0 <= each < float("inf") for each in tokens.values()):
            return None
        usage = _usage(tokens)
    except (TypeError, ValueError):
        return None
    start, end = (_seconds(span.get(camel) or span.get(snake)) for camel, snake in
                  (("startTimeUnixNano", "start_time"), ("endTimeUnixNano", "end_time")))  # fmt: skip
    return Request(str(found["provider"]), str(found["model"]), usage, start, end, attributes)


def _usage(tokens: Mapping[str, float]) -> Usage:
    """Tokens as Usage. The conventions count cached ones among the inputs; more of them than inputs lie beside them."""
    taken, made, cached, reasoning, seen = (tokens[name] for name in Usage.__dataclass_fields__)
    taken, made = taken + (cached if cached > taken else 0.0), made + (reasoning if reasoning > made else 0.0)
    return Usage(taken, made, cached, reasoning, min(seen, taken))


def _plain(attributes: Any) -> dict[str, Any]:
    """Attributes as a mapping, from OTLP's list of typed values or from a plain one."""
    if isinstance(attributes, Mapping):
        return dict(attributes)
    pairs = attributes if isinstance(attributes, list) else []
    return {pair.get("key", ""): _value(pair.get("value")) for pair in pairs if isinstance(pair, Mapping)}


def _value(typed: Any) -> Any:
    """An OTLP value: ``{"intValue": "12"}`` is 12."""
    if not isinstance(typed, Mapping) or not typed:
        return typed
    kind, value = next(iter(typed.items()))
    return int(value) if kind == "intValue" else value


def _seconds(stamp: Any) -> float:
    """UTC seconds from nanoseconds or from ISO 8601; NaN for neither."""
    if isinstance(stamp, (int, float)) or (isinstance(stamp, str) and stamp.isdigit()):
        return float(stamp) * NANO
    from datetime import datetime

    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except ValueError:
        return float("nan")


def _year(start_s: float) -> int | None:
    from datetime import UTC, datetime

    return None if start_s != start_s else datetime.fromtimestamp(start_s, UTC).year
