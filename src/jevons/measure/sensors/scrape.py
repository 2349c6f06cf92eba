"""Other people's exporters as sensors: Kepler, DCGM, CEEMS, node_exporter, Scaphandre, read as Prometheus text.

What a metric means (unit, boundary, what it meters) is a row of world/data/meters.csv. Rows of one ``overlap_group``
count the same joules: of each group the metric of the lowest ``rank`` that is present is used, and no other. Metrics
of workloads (containers, pods, processes) are parts of the node's and are given only where ``scope`` asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jevons.core.errors import BadInput, MissingExtra
from jevons.measure.counter import Counter, Integrator
from jevons.measure.sensor import Meter
from jevons.measure.sensors.channel import Channel, Channels
from jevons.world import catalog

TO_UJ = {"J": 1e6, "mJ": 1e3, "uJ": 1.0, "kWh": 3.6e12}
TO_W = {"W": 1.0, "mW": 1e-3, "uW": 1e-6}


@dataclass(frozen=True, slots=True)
class Series:
    """One series that a row of the table explains: its row, its device and its value in microjoules or watts."""

    row: catalog.Row
    device: str
    value: float

    @property
    def counts(self) -> bool:
        """True for energy, False for power."""
        return self.row["unit"] in TO_UJ


def scrape(source: str, scope: str = "node") -> Channels:
    """A sensor over an exporter's page (http address) or a text file; BadInput where no row explains any series."""
    read = _reader(source)
    first = series(read(), scope)
    if not first:
        raise BadInput("scrape", source, "name an exporter whose metrics are rows of meters.csv (or add rows to it)")
    page = _Page(read, scope)
    channels = [_channel(one, page.ask(one)) for one in first]
    return Channels([Channel(c.meter, c.ask, c.into) for c in channels])


def series(text: str, scope: str = "node") -> list[Series]:
    """The series of a page that the table explains and that count no joule twice."""
    explained = [one for one in _explained(text) if one.row["scope"] == scope]
    best: dict[str, float] = {}
    for one in explained:
        rank = catalog.number(one.row, "rank") or 0.0
        best[one.row["overlap_group"]] = min(rank, best.get(one.row["overlap_group"], rank))
    return [one for one in explained if (catalog.number(one.row, "rank") or 0.0) == best[one.row["overlap_group"]]]


def _explained(text: str) -> Iterator[Series]:
    rows: dict[str, list[catalog.Row]] = {}
    for row in catalog.table("meters"):
        rows.setdefault(row["metric"], []).append(row)
    for name, labels, value in _samples(text):
        for row in rows.get(name, []):
            if all(labels.get(key) == wanted for key, wanted in _conditions(row)):
                scale = TO_UJ.get(row["unit"]) or TO_W[row["unit"]]
                yield Series(row, _device(row, labels), value * scale)


def _samples(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        raise MissingExtra("prometheus-client", "scrape", "reading an exporter") from None
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def _conditions(row: catalog.Row) -> list[tuple[str, str]]:
    """"zone=package;state=active" as pairs."""
    pairs = [word.partition("=") for word in row["where"].split(";") if word]
    return [(key, value) for key, _, value in pairs]


def _device(row: catalog.Row, labels: Mapping[str, str]) -> str:
    told = [labels[name] for name in row["device_labels"].split(";") if labels.get(name)]
    return ":".join([row["id"], *told])


class _Page:
    """A page read once a second at most, however many series are asked of it."""

    def __init__(self, read: Callable[[], str], scope: str):
        self._read, self._scope = read, scope
        self._values: dict[str, float] = {}
        self._t_ns = 0

    def ask(self, one: Series) -> Callable[[], float | None]:
        """A reader of one series: microjoules or watts, None where the page or the series is gone."""
        return lambda: self._now().get(one.device)

    def _now(self) -> Mapping[str, float]:
        import time

        if time.monotonic_ns() - self._t_ns > 500_000_000:
            self._t_ns = time.monotonic_ns()
            try:
                self._values = {one.device: one.value for one in series(self._read(), self._scope)}
            except Exception:
                self._values = {}
        return self._values


def _channel(one: Series, ask: Callable[[], float | None]) -> Channel:
    method = "counter" if one.counts else "integrated"
    meter = Meter(one.device, one.row["component"], one.row["boundary"], method, f"scrape {one.row['tool']}")
    return Channel(meter, _whole(ask) if one.counts else ask, Counter() if one.counts else Integrator())


def _whole(ask: Callable[[], float | None]) -> Callable[[], int | None]:
    return lambda: None if (value := ask()) is None else int(value)


def _reader(source: str) -> Callable[[], str]:
    if not source.startswith(("http://", "https://")):
        return lambda: Path(source).read_text(encoding="utf-8")

    def read() -> str:
        import urllib.request

        with urllib.request.urlopen(source, timeout=2) as reply:
            return str(reply.read().decode())

    return read


