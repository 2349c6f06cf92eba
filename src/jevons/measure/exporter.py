"""A run's energy, power, carbon, water and cost for Prometheus and OpenTelemetry, in base units, as counters.

    jevons_energy_joules_total{device,component,scope,method}      jevons_power_watts{device,component,scope,method}
    jevons_co2e_grams_total{scope,basis}   jevons_water_liters_total{scope}   jevons_cost_total{scope,currency}
    jevons_grid_intensity_grams_per_kwh{zone,kind}

`served` serves the metrics, and a page for people, on 127.0.0.1; ``collector`` joins a registry of prometheus-client, and ``observe`` a meter of OpenTelemetry (``hw.energy``,
``hw.power``, ``hw.host.energy``). Carbon, water and cost are there where the run is priced as it goes (``live=True``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jevons.core import units
from jevons.core.errors import MissingExtra

if TYPE_CHECKING:
    from jevons.measure.tracker import Run

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HELP = {
    "jevons_energy_joules_total": ("counter", "Energy used since the run began."),
    "jevons_power_watts": ("gauge", "Mean power since the last scrape."),
    "jevons_co2e_grams_total": ("counter", "Greenhouse gases as CO2 equivalent since the run began."),
    "jevons_water_liters_total": ("counter", "Water consumed on site and for power generation since the run began."),
    "jevons_cost_total": ("counter", "Money spent since the run began."),
    "jevons_grid_intensity_grams_per_kwh": ("gauge", "Intensity of the electricity used, mean over the run."),
}
HARDWARE = {"processor": "cpu", "accelerator": "gpu", "memory": "memory", "storage": "physical_disk", "network": "network"}
"""Components as ``hw.type`` of the OpenTelemetry hardware conventions names them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one metric."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass
class Exporter:
    """What a run has to say when asked; it remembers the last asking, for power is a mean in between."""

    run: Run
    _before: dict[str, tuple[float, float]] = field(default_factory=dict)

    def samples(self) -> list[Sample]:
        """Every metric now."""
        return [*self._energy(), *self._priced()]

    def page(self) -> str:
        """The samples in the text format of Prometheus."""
        found: dict[str, list[Sample]] = {}
        for sample in self.samples():
            found.setdefault(sample.name, []).append(sample)
        lines = []
        for name, samples in found.items():
            kind, text = HELP[name]
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *map(_line, samples)]
        return "\n".join(lines) + "\n"

    def by_device(self) -> dict[str, float]:
        """Joules so far by device."""
        totals = self.run.cells.totals()
        return {meter.device: totals.get(meter.device, 0) / units.UJ_PER_J for meter in self.run.meters}

    def power_w(self, reader: str = "") -> dict[str, float]:
        """Mean watts by device since this reader last asked (the first time: since the run began)."""
        with self.run._lock:  # a sample in between would give one interval's energy to another
            now, joules = self.run.ended_s, self.by_device()
        power = {}
        for device, energy in joules.items():
            then, before = self._before.get(reader + device, (self.run.started_s, 0.0))
            if now > then:
                power[device] = max(energy - before, 0.0) / (now - then)
                self._before[reader + device] = now, energy
        return power

    def _energy(self) -> Iterator[Sample]:
        joules, power = self.by_device(), self.power_w()
        for meter in self.run.meters:
            labels = {"device": meter.device, "component": meter.component, "scope": scope(self.run),
                      "method": meter.method}  # fmt: skip
            yield Sample("jevons_energy_joules_total", labels, joules[meter.device])
            if meter.device in power:
                yield Sample("jevons_power_watts", labels, power[meter.device])

    def _priced(self) -> Iterator[Sample]:
        report = self.run.report
        if report is None or not self.run.energy_kwh:
            return
        now, here = report.footprint, {"scope": scope(self.run)}
        best = {name: float(now.best(name)) for name in now.indicators}
        if "climate" in best:
            yield Sample("jevons_co2e_grams_total", {**here, "basis": report.study.accounting}, best["climate"] * units.G_PER_KG)
        if water := [best[name] for name in ("water_on_site", "water_off_site") if name in best]:
            yield Sample("jevons_water_liters_total", here, sum(water))
        if "cost" in best:
            yield Sample("jevons_cost_total", {**here, "currency": "USD"}, best["cost"])
        if best.get("climate") and best.get("energy"):
            kind = "marg" if report.study.grid == "marginal" else "avg"
            yield Sample("jevons_grid_intensity_grams_per_kwh", {"zone": report.site.name, "kind": kind},
                         best["climate"] * units.G_PER_KG / best["energy"])  # fmt: skip


def scope(run: Run) -> str:
    """machine, process or cgroup."""
    return "machine" if run.share == "whole" else run.share


def _line(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_escaped(word)}"' for name, word in sample.labels.items())
    return f"{sample.name}{{{labels}}} {sample.value!r}"


def _escaped(word: str) -> str:
    return word.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def collector(run: Run) -> Any:
    """The run as a collector of prometheus-client: ``REGISTRY.register(collector(run))``.

    Errors: MissingExtra where prometheus-client is not installed.
    """
    try:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    except ImportError:
        raise MissingExtra("prometheus-client", "server", "a collector for its registry") from None
    exporter = Exporter(run)

    class Collector:
        def collect(self) -> Iterable[Any]:
            families: dict[str, Any] = {}
            for sample in exporter.samples():
                kind, text = HELP[sample.name]
                family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
                names = list(sample.labels)
                made = families.setdefault(sample.name, family(sample.name.removesuffix("_total"), text, labels=names))
                made.add_metric([sample.labels[name] for name in names], sample.value)
            return list(families.values())

    return Collector()


def observe(run: Run, meter: Any = None) -> None:
    """The run as OpenTelemetry metrics: hw.energy (J), hw.power (W) by device, hw.host.energy (J), on ``meter`` or the
    application's own. Errors: MissingExtra where opentelemetry-api is not installed."""
    try:
        from opentelemetry.metrics import Observation, get_meter
    except ImportError:
        raise MissingExtra("opentelemetry-api", "server", "metrics of OpenTelemetry") from None
    exporter, kinds = Exporter(run), {m.device: m for m in run.meters}

    def told(amounts: Mapping[str, float]) -> Iterable[Any]:
        return [Observation(amount, _attributes(kinds[device], run)) for device, amount in amounts.items()]

    meter = meter or get_meter("jevons")
    meter.create_observable_counter("hw.energy", [lambda options: told(exporter.by_device())], "J", "Energy used")
    meter.create_observable_gauge("hw.power", [lambda options: told(exporter.power_w("otel "))], "W", "Mean power")
    if scope(run) == "machine":
        host = [lambda options: [Observation(sum(exporter.by_device().values()), {})]]
        meter.create_observable_counter("hw.host.energy", host, "J", "Energy used by the machine's metered devices")


def _attributes(meter: Any, run: Run) -> dict[str, str]:
    kind = HARDWARE.get(meter.component.removesuffix(" idle"), meter.component)
    return {"hw.id": meter.device, "hw.type": kind, "hw.name": meter.note or meter.device, "jevons.method": meter.method,
            "jevons.scope": scope(run), "jevons.run": run.id}  # fmt: skip

