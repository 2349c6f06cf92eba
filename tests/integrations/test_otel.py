"""OpenTelemetry: requests out of existing spans, and footprints as metrics."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

import jevons
from jevons.core.errors import BadInput, TableError, UnknownName
from jevons.estimate.request import request
from jevons.integrations.call_footprint import CallFootprint
from jevons.integrations.llm_adapters import Usage
from jevons.integrations.otel import METRICS, activity, left_out, read_spans, record, requests_of
from means import means_missing

START = 1_717_200_000  # 2024-06-01, UTC


def typed(value):
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def span(**attributes):
    names = {f"gen_ai.{name.replace('__', '.')}": value for name, value in attributes.items()}
    return {"name": "chat", "startTimeUnixNano": str(START * 10**9), "endTimeUnixNano": str((START + 2) * 10**9),
            "attributes": [{"key": k, "value": typed(v)} for k, v in names.items()]}  # fmt: skip


CHAT = span(provider__name="openai", request__model="gpt-4o", usage__input_tokens=500, usage__output_tokens=300,
            usage__cache_read__input_tokens=100, usage__reasoning__output_tokens=20)  # fmt: skip
OLD = span(system="anthropic", response__model="claude-sonnet-4-5-20250929", usage__prompt_tokens=40, usage__completion_tokens=9)
AGENT = span(provider__name="openai", request__model="gpt-4o", usage__input_tokens=500, usage__output_tokens=300, operation__name="invoke_agent")


def otlp(*spans):
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}]}


def written(tmp_path, text):
    path = tmp_path / "traces.jsonl"
    path.write_text(text)
    return path


def test_a_span_tells_provider_model_tokens_and_time(tmp_path):
    (found,) = read_spans(written(tmp_path, json.dumps(otlp(CHAT)))).requests
    assert (found.provider, found.model) == ("openai", "gpt-4o")
    assert found.usage == Usage(500, 300, 100, 20)
    assert (found.start_s, found.end_s) == (START, START + 2)


def test_older_names_are_read_too(tmp_path):
    (found,) = read_spans(written(tmp_path, json.dumps(otlp(OLD)))).requests
    assert (found.provider, found.usage) == ("anthropic", Usage(40, 9))


def test_an_agents_span_is_passed_over_for_it_sums_others(tmp_path):
    found = read_spans(written(tmp_path, json.dumps(otlp(CHAT, AGENT, {"name": "GET /", "attributes": []}))))
    assert len(found.requests) == 1
    assert found.passed_over == 2


def test_one_document_a_line_is_read_and_broken_lines_are_told_by_number(tmp_path):
    found = read_spans(written(tmp_path, f"{json.dumps(otlp(CHAT))}\nnot json\n\n{json.dumps(otlp(OLD))}\n"))
    assert len(found.requests) == 2
    assert found.broken_lines == (2,)


def test_spans_as_an_sdk_prints_them_are_read():
    plain = {"attributes": {"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 5},
             "start_time": "2024-06-01T00:00:00Z", "end_time": "2024-06-01T00:00:02Z"}  # fmt: skip
    (found,), over = requests_of([plain])
    assert found.start_s == START
    assert over == 0


def test_the_requests_cost_what_they_would_one_by_one(tmp_path):
    run = activity(read_spans(written(tmp_path, json.dumps(otlp(CHAT, CHAT, OLD)))), draws=50)
    once = request("openai", "gpt-4o", 500, 300, cached_tokens=100, reasoning_tokens=20, draws=50)
    other = request("anthropic", "claude-sonnet-4-5-20250929", 40, 9, draws=50)
    assert run.total() == pytest.approx(2 * once.total() + other.total())
    assert run.served["request"] == pytest.approx([3])


def test_the_rows_are_dated_into_the_year_of_the_span():
    (found,), _ = requests_of([CHAT])
    run = activity([found], draws=0)
    assert (run.start_s <= START).all()
    assert (run.end_s > START).all()
    assert jevons.footprint(run, at="FRA").best() > 0


def test_more_cached_tokens_than_input_lie_beside_it():
    (found,), _ = requests_of([span(provider__name="anthropic", request__model="m", usage__input_tokens=5, usage__cache_read__input_tokens=50)])
    assert found.usage == Usage(55, 0, 50, 0)


def test_a_model_without_a_row_is_named():
    (found,), _ = requests_of([span(provider__name="openai", request__model="gpt-99", usage__input_tokens=5)])
    with pytest.raises(UnknownName, match="gpt-99"):
        activity([found])


def test_requests_to_whom_no_row_knows_are_left_out_counted_and_named():
    """One provider that is not in the table must not cost a team the figures of all others."""
    strange = span(provider__name="somebody.else", request__model="m-1", usage__input_tokens=5)
    found, _ = requests_of([CHAT, strange, OLD, strange])
    run, alone = activity(found, draws=50), activity(requests_of([CHAT, OLD])[0], draws=50)
    assert run.total() == pytest.approx(alone.total())
    (said,) = left_out(run)
    assert said.startswith("requests not priced: 2 of 4, somebody.else m-1")
    assert not left_out(alone)


@pytest.mark.parametrize("tokens", [-5, "-1", float("nan"), float("inf")])
def test_a_span_whose_tokens_are_no_count_is_passed_over(tokens):
    assert requests_of([span(provider__name="openai", request__model="gpt-4o", usage__input_tokens=tokens)]) == ([], 1)


def test_no_request_at_all_is_refused():
    with pytest.raises(BadInput, match=r"gen_ai\.usage\.input_tokens"):
        activity([])


def test_a_file_that_is_no_json_names_its_first_line(tmp_path):
    with pytest.raises(TableError, match="row 1"):
        read_spans(written(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(BadInput, match="path"):
        read_spans(tmp_path / "none.json")


# ---- out


class Heard:
    """A meter that remembers."""

    def __init__(self):
        self.counters = {}

    def create_counter(self, name, unit, description):
        self.counters[name] = []
        return SimpleNamespace(add=lambda value, who: self.counters[name].append((value, unit, who)))


def test_a_footprint_raises_the_counters_in_their_units():
    meter, found = Heard(), CallFootprint("openai", "gpt-4o", Usage(500, 300), "FRA")
    assert record(found, meter)
    assert list(meter.counters) == list(METRICS)
    ((joules, unit, who),) = meter.counters["jevons.gen_ai.client.energy"]
    assert (unit, who["gen_ai.request.model"]) == ("J", "gpt-4o")
    assert joules == pytest.approx(found.energy_kwh * 3.6e6)


def test_a_footprint_without_numbers_raises_nothing():
    meter = Heard()
    assert not record(CallFootprint("openai", "gpt-4o", None), meter)
    assert meter.counters == {}


def test_the_metrics_arrive_in_a_real_sdk():
    try:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    except ImportError:
        means_missing("the package opentelemetry-sdk is not installed")
    reader = InMemoryMetricReader()
    record(CallFootprint("openai", "gpt-4o", Usage(500, 300), "FRA"), MeterProvider([reader]).get_meter("test"))
    metrics = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    assert {m.name for m in metrics} == set(METRICS)
