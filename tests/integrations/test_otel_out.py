"""Footprints on spans: the current one, those that pass an exporter, those of an export; and requests out of metrics."""

from __future__ import annotations

import json

import pytest

from jevons.core.errors import BadInput, TableError, UnknownName
from jevons.estimate.request import request
from jevons.integrations import otel_metrics
from jevons.integrations.call_footprint import CallFootprint
from jevons.integrations.llm_adapters import Usage
from jevons.integrations.otel import read_spans
from jevons.integrations.otel_out import (
    CO2E,
    ENERGY,
    NOTE,
    WATER,
    FootprintExporter,
    annotate,
    annotated,
    attributes,
)
from means import means_missing

GENAI = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 500, "gen_ai.usage.output_tokens": 300}
CALL = CallFootprint("openai", "gpt-4o", Usage(500, 300), "FRA")


@pytest.fixture
def sdk():
    try:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    except ImportError:
        means_missing("the package opentelemetry-sdk is not installed")
    memory, provider = InMemorySpanExporter(), TracerProvider()
    return provider, memory, SimpleSpanProcessor


def test_a_footprint_is_told_in_joules_grams_and_litres_with_its_bounds():
    told = attributes(CALL)
    assert told[ENERGY] == pytest.approx(CALL.energy_kwh * 3.6e6)
    assert told[CO2E] == pytest.approx(CALL.climate_kg * 1e3)
    assert told[WATER] == CALL.water_l
    assert told[f"{ENERGY}.p10"] < told[ENERGY] < told[f"{ENERGY}.p90"]


def test_a_footprint_without_numbers_is_a_note_and_never_a_zero():
    assert list(attributes(CallFootprint("openai", "gpt-4o", None))) == [NOTE]


def test_the_current_span_is_annotated(sdk):
    provider, memory, simple = sdk
    provider.add_span_processor(simple(memory))
    assert not annotate(CALL)
    with provider.get_tracer("t").start_as_current_span("chat"):
        assert annotate(CALL)
    (span,) = memory.get_finished_spans()
    assert span.attributes[ENERGY] == attributes(CALL)[ENERGY]


def test_every_genai_span_that_passes_the_exporter_is_priced_and_others_pass_as_they_are(sdk):
    provider, memory, simple = sdk
    provider.add_span_processor(simple(FootprintExporter(memory, at="FRA")))
    tracer = provider.get_tracer("t")
    with tracer.start_as_current_span("GET /"), tracer.start_as_current_span("chat", attributes=GENAI) as chat:
        chat.add_event("token")
    inner, outer = memory.get_finished_spans()
    assert inner.attributes[ENERGY] == attributes(CALL)[ENERGY]
    assert inner.attributes["gen_ai.request.model"] == "gpt-4o"
    assert (inner.parent.span_id, inner.events[0].name) == (outer.context.span_id, "token")
    assert dict(outer.attributes) == {}


def test_a_model_nobody_knows_gets_a_note_and_the_export_goes_on(sdk):
    provider, memory, simple = sdk
    provider.add_span_processor(simple(FootprintExporter(memory)))
    with provider.get_tracer("t").start_as_current_span("chat", attributes={**GENAI, "gen_ai.request.model": "gpt-99"}):
        pass
    (span,) = memory.get_finished_spans()
    assert "gpt-99" in span.attributes[NOTE]
    assert ENERGY not in span.attributes


def test_an_export_of_traces_is_copied_with_footprints_and_read_again(tmp_path):
    listed = [{"key": k, "value": {"stringValue": v} if isinstance(v, str) else {"intValue": str(v)}} for k, v in GENAI.items()]
    spans = [{"name": "chat", "attributes": listed}, {"name": "GET /", "attributes": []}]
    file, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    file.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}) + "\n" + json.dumps({"attributes": GENAI}) + "\nbroken\n")
    assert annotated(file, out, at="FRA") == (2, 1)
    first, second = (json.loads(line) for line in out.read_text().splitlines())
    keys = {a["key"]: a["value"] for a in first["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]}
    assert keys[ENERGY]["doubleValue"] == second["attributes"][ENERGY] == attributes(CALL)[ENERGY]
    assert len(read_spans(out).requests) == 2
    with pytest.raises(BadInput, match="another file"):
        annotated(file, file)
    with pytest.raises(BadInput, match="path"):
        annotated(tmp_path / "none", out)


# ---- metrics in


def point(kind, count, total, model="gpt-4o", start=1, end=1_717_200_000 * 10**9):
    attributes = {"gen_ai.provider.name": "openai", "gen_ai.request.model": model, "gen_ai.token.type": kind}
    return {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()], "count": str(count), "sum": total,
            "startTimeUnixNano": str(start), "timeUnixNano": str(end)}  # fmt: skip


def exported(tmp_path, *points, temporality=2, name=otel_metrics.TOKENS):
    file = tmp_path / "metrics.jsonl"
    metric = {"name": name, "histogram": {"aggregationTemporality": temporality, "dataPoints": list(points)}}
    file.write_text(json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}))
    return file


def test_cumulative_metrics_count_by_their_last_point_and_deltas_by_their_sum(tmp_path):
    points = [point("input", 2, 900), point("input", 5, 2500), point("output", 5, 1000)]
    (last,) = otel_metrics.read_metrics(exported(tmp_path, *points))
    assert (last.requests, last.input_tokens, last.output_tokens) == (5, 2500, 1000)
    (added,) = otel_metrics.read_metrics(exported(tmp_path, *points, temporality="AGGREGATION_TEMPORALITY_DELTA"))
    assert (added.requests, added.input_tokens, added.output_tokens) == (7, 3400, 1000)


def test_metrics_cost_what_requests_of_their_mean_length_would(tmp_path):
    found = otel_metrics.activity(otel_metrics.read_metrics(exported(tmp_path, point("input", 5, 2500), point("output", 5, 1000))), draws=50)
    assert found.total() == pytest.approx(request("openai", "gpt-4o", 500, 200, requests=5, draws=50).total())
    assert any(a.what == "lengths of requests" for a in found.assumptions)


def test_embeddings_have_no_output_and_two_models_are_kept_apart(tmp_path):
    found = otel_metrics.read_metrics(exported(tmp_path, point("input", 3, 30, "text-embedding-3-small"), point("input", 1, 5)))
    assert {u.model: (u.requests, u.output_tokens) for u in found} == {"text-embedding-3-small": (3, 0), "gpt-4o": (1, 0)}


def test_metrics_that_tell_nothing_are_refused(tmp_path):
    with pytest.raises(BadInput, match="histogram"):
        otel_metrics.read_metrics(exported(tmp_path, point("input", 1, 5), name="http.server.duration"))
    with pytest.raises(BadInput, match="path"):
        otel_metrics.read_metrics(tmp_path / "none")
    (tmp_path / "x.json").write_text("a,b\n")
    with pytest.raises(TableError, match="row 1"):
        otel_metrics.read_metrics(tmp_path / "x.json")
    with pytest.raises(UnknownName, match="gpt-99"):
        otel_metrics.activity(otel_metrics.read_metrics(exported(tmp_path, point("input", 1, 5, "gpt-99"))))
