"""A run tells Prometheus and OpenTelemetry what it used, in base units, under the names it promises."""

from __future__ import annotations

import json
import re
import urllib.request
from importlib import resources
from urllib.error import HTTPError

import pytest
from steady import Steady

import jevons
from jevons.core.errors import BadInput, MissingExtra
from jevons.measure import exporter, live_page, start
from jevons.measure.live_report import Budget
from jevons.measure.served import serve
from means import means_missing, needs

PRICED = {"site": jevons.site("France", pue=1.0, intensity="100 g/kWh")}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path))
    made = start(sensors=[Steady(watts=1e6)], period_s=0.05, live=PRICED)
    while made.energy_kwh == 0:
        made.flush()
    yield made
    made.stop()


def values(page):
    """{name{labels}: value} of a page in the text format."""
    rows = (line.rpartition(" ") for line in page.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


def test_energy_is_a_counter_in_joules_with_device_scope_and_method(run):
    run.stop()
    found = values(exporter.Exporter(run).page())
    name = 'jevons_energy_joules_total{device="steady",component="processor",scope="machine",method="counter"}'
    assert found[name] == pytest.approx(run.energy_kwh * 3.6e6)


def test_carbon_water_cost_and_intensity_are_there_where_the_run_is_priced(run):
    run.stop()
    found = values(exporter.Exporter(run).page())
    assert found['jevons_co2e_grams_total{scope="machine",basis="location"}'] == pytest.approx(run.energy_kwh * 100)
    assert found['jevons_water_liters_total{scope="machine"}'] > 0
    assert found['jevons_cost_total{scope="machine",currency="USD"}'] > 0
    assert found['jevons_grid_intensity_grams_per_kwh{zone="France",kind="avg"}'] == pytest.approx(100)


def test_without_a_price_there_is_energy_alone(run):
    run.report = None
    assert {name.partition("{")[0] for name in values(exporter.Exporter(run).page())} <= {
        "jevons_energy_joules_total", "jevons_power_watts"}  # fmt: skip


def test_power_is_the_mean_between_two_scrapes(run, monkeypatch):
    run.stop()
    told, spent = exporter.Exporter(run), iter([100.0, 400.0, 400.0])
    monkeypatch.setattr(exporter.Exporter, "by_device", lambda self: {"steady": next(spent)})
    run.ended_s = run.started_s + 10
    assert told.power_w() == {"steady": 10.0}
    run.ended_s += 60
    assert told.power_w() == {"steady": 5.0}
    assert told.power_w() == {}


def test_every_metric_says_what_it_is_and_counters_end_in_total(run):
    page = exporter.Exporter(run).page()
    for name in {name.partition("{")[0] for name in values(page)}:
        kind, text = exporter.HELP[name]
        assert f"# HELP {name} {text}" in page
        assert f"# TYPE {name} {kind}" in page
        assert (kind == "counter") == name.endswith("_total")


def test_a_label_is_escaped():
    line = exporter._line(exporter.Sample("m", {"device": 'a"b\\c\n'}, 1.0))
    assert line == 'm{device="a\\"b\\\\c\\n"} 1.0'


def test_the_page_is_served_on_this_machine_alone_and_ends(run):
    with serve(run, port=0) as served:
        assert served.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(served.url, timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert "jevons_energy_joules_total" in answer.read().decode()
        with pytest.raises(HTTPError, match="404"):
            urllib.request.urlopen(served.url.replace("/metrics", "/other"), timeout=60)
    with pytest.raises(OSError):
        urllib.request.urlopen(served.url, timeout=60)


def test_a_port_that_is_taken_is_said(run):
    with serve(run, port=0) as served, pytest.raises(BadInput, match="give a free port"):
        serve(run, port=served.server.server_address[1])


def test_prometheus_client_reads_what_we_write(run):
    parser = needs("prometheus_client.parser")
    run.stop()
    families = {f.name: f for f in parser.text_string_to_metric_families(exporter.Exporter(run).page())}
    assert families["jevons_energy_joules"].type == "counter"
    assert families["jevons_power_watts"].type == "gauge"


def test_a_registry_of_prometheus_client_takes_the_run(run):
    client = needs("prometheus_client")
    registry = client.CollectorRegistry()
    registry.register(exporter.collector(run))
    run.stop()
    assert registry.get_sample_value("jevons_co2e_grams_total", {"scope": "machine", "basis": "location"}) > 0
    assert b"jevons_energy_joules_total{" in client.generate_latest(registry)


def test_opentelemetry_gets_hardware_energy_in_joules(run):
    try:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    except ImportError:
        means_missing("opentelemetry-sdk is not installed")
    reader = InMemoryMetricReader()
    exporter.observe(run, MeterProvider([reader]).get_meter("test"))
    run.stop()
    (scoped,) = reader.get_metrics_data().resource_metrics[0].scope_metrics
    found = {metric.name: metric for metric in scoped.metrics}
    assert (found["hw.energy"].unit, found["hw.power"].unit) == ("J", "W")
    (point,) = found["hw.energy"].data.data_points
    assert point.value == pytest.approx(run.energy_kwh * 3.6e6)
    assert (point.attributes["hw.id"], point.attributes["hw.type"]) == ("steady", "cpu")
    assert found["hw.host.energy"].data.data_points[0].value == point.value


@pytest.mark.parametrize(("ask", "module"), [(exporter.collector, "prometheus_client.core"), (exporter.observe, "opentelemetry.metrics")])
def test_a_missing_package_is_named(run, monkeypatch, ask, module):
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match="pip install"):
        ask(run)


def test_the_dashboard_asks_for_metrics_that_are_served():
    board = json.loads(resources.files("jevons.measure").joinpath("deploy/grafana.json").read_text())
    asked = {name for panel in board["panels"] for target in panel["targets"] for name in re.findall(r"jevons_\w+", target["expr"])}
    assert asked == set(exporter.HELP) - {"jevons_power_watts"}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def asked(served, path):
    with urllib.request.urlopen(served.page + path, timeout=60) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def test_a_page_for_people_shows_power_energy_carbon_and_what_is_to_come(run):
    run.report.total, run.report.budget = 10.0, Budget("5 kg")
    for done in range(6):
        run.report._next_s = 0.0
        run.report.step(done)
        run.flush()
    with serve(run, port=0) as served:
        kind, page = asked(served, "")
        assert (kind, "<svg" in page) == ("text/html; charset=utf-8", True)
        now = json.loads(asked(served, "live.json")[1])
        assert 0 < now["energy_j"] <= run.energy_kwh * 3.6e6 * (1 + 1e-9)
        assert 0 < now["power_w"] <= 1.1e6
        assert now["points"][0][0] == 0.0
        best, low, high = now["cost"]["climate"]
        assert low <= best <= high
        assert now["in_all"]["climate"][0] > best
        assert now["budget"] == {"limit": 5.0, "indicator": "climate", "unit": "kg"}
        run.stop()
        assert json.loads(asked(served, "live.json")[1])["over"]


def test_the_page_asks_for_nothing_from_elsewhere_and_knows_what_it_is_told(run):
    text = live_page.page().decode()
    assert set(re.findall(r"""(?:src|href)=["']([^"']+)""", text)) == {"data:,"}
    assert "http" not in text.replace("http-equiv", "")
    told = live_page.LivePage(exporter.Exporter(run)).state()
    assert set(re.findall(r"now\.(\w+)", text)) <= {*told, "in_all", "eta_s", "budget"}


def test_a_run_that_is_not_priced_has_a_page_of_energy_alone(run):
    run.report = None
    assert "cost" not in live_page.LivePage(exporter.Exporter(run)).state()


def test_the_pages_history_stays_small(run):
    page = live_page.LivePage(exporter.Exporter(run))
    for second in range(5000):
        run.ended_s = run.started_s + second + 1
        page.state()
    assert len(page.points) <= live_page.MOST_POINTS
    assert page.points[-1][0] == pytest.approx(5000)
