"""OpenTelemetry, outwards: what a request cost as attributes of its span, wherever the span is.

    client = wrap(OpenAI(), on_footprint=annotate)                       on the span that is current around the call
    BatchSpanProcessor(FootprintExporter(OTLPSpanExporter(), at="FRA"))  on every GenAI span, by whoever it was made
    annotated("traces.jsonl", "priced.jsonl", at="FRA")                  in an export that exists already

Names lie under our own namespace: no convention gives them yet. Units are in UCUM, of metrics as of attributes: J, g, L.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput, MissingExtra
from jevons.core.files import put
from jevons.integrations.call_footprint import CallFootprint
from jevons.integrations.otel import Request, _documents, _spans, requests_of

ENERGY, CO2E, WATER, NOTE = (f"jevons.gen_ai.client.{name}" for name in ("energy", "co2e", "water", "note"))
BOUNDS = {"energy_kwh": (ENERGY, "kWh", "J"), "climate_kg": (CO2E, "kg", "g"), "water_l": (WATER, "L", "L")}


def attributes(footprint: CallFootprint) -> dict[str, float | str]:
    """The attributes of a call: best estimates, the energy's and climate's 10 and 90 % bounds; or the note why there are none."""
    if footprint.note:
        return {NOTE: footprint.note}
    found: dict[str, float | str] = {}
    for name, (key, unit, to) in BOUNDS.items():
        value = getattr(footprint, name)
        if value is None:
            continue
        found[key] = units.convert(value, unit, to)
        if key != WATER and (bounds := footprint.interval(name)) is not None:
            found[f"{key}.p10"], found[f"{key}.p90"] = (units.convert(end, unit, to) for end in bounds)
    return found


def annotate(footprint: CallFootprint, span: Any = None) -> bool:
    """Put a call's attributes on a span (default: the current one); False where none is recording.

    Errors: MissingExtra without opentelemetry's API.
    """
    if span is None:
        try:
            from opentelemetry import trace
        except ImportError:
            raise MissingExtra("opentelemetry-api", "otel", "annotating spans") from None
        span = trace.get_current_span()
    if not span.is_recording():
        return False
    for key, value in attributes(footprint).items():
        span.set_attribute(key, value)
    return True


class FootprintExporter:
    """A span exporter before another: GenAI spans gain their footprint, all others pass as they are.

    ``at``: where the providers' servers stand; ``deployment``: as `jevons.estimate.request` takes it. What cannot be priced
    carries a note; nothing here raises into the application.
    """

    def __init__(self, inner: Any, at: Any = None, deployment: Mapping[str, Any] | None = None) -> None:
        self._inner, self._at, self._deployment = inner, at, deployment

    def export(self, spans: Sequence[Any]) -> Any:
        """Export the spans, priced."""
        return self._inner.export([self._priced(span) for span in spans])

    def shutdown(self) -> None:
        """Shut down the exporter behind."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have the exporter behind send what it holds."""
        return bool(self._inner.force_flush(timeout_millis))

    def _priced(self, span: Any) -> Any:
        (found, _) = requests_of([{"attributes": dict(span.attributes or {})}])
        if not found:
            return span
        from opentelemetry.sdk.trace import ReadableSpan

        more = attributes(priced(found[0], self._at, self._deployment))
        return ReadableSpan(
            name=span.name, context=span.context, parent=span.parent, resource=span.resource, events=span.events, links=span.links,
            attributes={**(span.attributes or {}), **more}, kind=span.kind, status=span.status, start_time=span.start_time,
            end_time=span.end_time, instrumentation_scope=span.instrumentation_scope,
        )  # fmt: skip


def priced(request: Request, at: Any = None, deployment: Mapping[str, Any] | None = None) -> CallFootprint:
    """The footprint of a request that a span tells of."""
    return CallFootprint(request.provider, request.model, request.usage, at, deployment=deployment)


def annotated(path: str | Path, out: str | Path, at: Any = None, deployment: Mapping[str, Any] | None = None) -> tuple[int, int]:
    """Copy an export of traces with the footprint on its GenAI spans; how many were priced, and how many others there were.

    Lines that are no JSON are left out. Errors: BadInput where there is no such file, or where it would overwrite itself.
    """
    file, target = Path(path), Path(out)
    if not file.is_file():
        raise BadInput("path", str(path), "give a file of spans in OTLP JSON")
    if target.exists() and target.resolve() == file.resolve():
        raise BadInput("out", str(out), "name another file than the one that is read")
    documents, _ = _documents(file.read_text(encoding="utf-8", errors="replace"))
    done = [_mark(span, lambda r: priced(r, at, deployment)) for document in documents for span in _spans(document)]
    put(target, "".join(json.dumps(d, ensure_ascii=False) + "\n" for d in documents))
    return sum(done), len(done) - sum(done)


def _mark(span: Any, price: Callable[[Request], CallFootprint]) -> bool:
    """Add the attributes to a span of an export, in the form its own have."""
    (found, _) = requests_of([span])
    if not found:
        return False
    more = attributes(price(found[0]))
    if isinstance(span["attributes"], dict):
        span["attributes"].update(more)
    else:
        span["attributes"] += [{"key": k, "value": {"stringValue" if isinstance(v, str) else "doubleValue": v}} for k, v in more.items()]
    return ENERGY in more
