"""ENTSO-E Transparency Platform: what each kind of plant generated (A75, realised), priced by the table of fuels.

    intensity = Σ net generation of a fuel · its intensity / Σ net generation

Production-based: imports are not in it. Pumped storage is left out on both sides, for its electricity was made by the
others. Plants of no fuel in the table (waste, other) take the mean of the rest while they are few; where they are more than
``MOST_UNKNOWN`` of the generation, the hour stays open.
"""

from __future__ import annotations

import io
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from jevons.core.errors import BadInput, TableError
from jevons.core.source import Source
from jevons.world import catalog
from jevons.world.grid_clients.fetch import Fetch, GridUnavailable, Request
from jevons.world.grid_clients.signal import HOUR_S, Kind, Point, Signal, iso, stamp

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME = "ENTSO-E"
FUELS = {"B01": "bioenergy", "B02": "coal", "B03": "coal", "B04": "gas", "B05": "coal", "B06": "oil", "B07": "oil",
         "B08": "coal", "B09": "other_renewable", "B11": "hydro", "B12": "hydro", "B13": "other_renewable", "B14": "nuclear",
         "B15": "other_renewable", "B16": "solar", "B18": "wind", "B19": "wind"}  # fmt: skip
STORAGE = ("B10", "B25")
MOST_UNKNOWN = 0.05
LATEST_S = 6 * HOUR_S
RESOLUTIONS = {"PT15M": timedelta(minutes=15), "PT30M": timedelta(minutes=30), "PT60M": timedelta(hours=1)}
LARGEST_BYTES = 50_000_000
METHOD = {"lifecycle": "ipcc-ar5", "direct": ""}
SOURCE = Source("entsoe-transparency", "Transparency Platform, actual generation per production type", "ENTSO-E",
                locator="https://transparency.entsoe.eu", licence="terms of the platform", terms="fact")  # fmt: skip
Series = tuple[str, float, float, float]  # production type, start, end, megawatts (negative: consumed)


@dataclass
class Entsoe:
    """A client with a security token; zones are the platform's codes of areas (EIC, "10Y...")."""

    token: str = field(repr=False)
    scope: str = "lifecycle"
    base: str = "https://web-api.tp.entsoe.eu/api"
    fetch: Fetch = field(default_factory=Fetch, repr=False)
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if self.scope not in METHOD:
            raise BadInput("scope", self.scope, "use lifecycle or direct")

    @property
    def kind(self) -> Kind:
        """Average, of the scope asked for."""
        return ("location", "average", self.scope)

    def latest(self, zone: str) -> Signal:
        """The newest step that has a value, of the last six hours."""
        now = self.clock()
        found = self.history(zone, now - LATEST_S, now)
        return Signal(zone, self.kind, (found.last,) if found.last else (), SOURCE)

    def history(self, zone: str, start_s: float, end_s: float) -> Signal:
        """The steps of a span of at most a year."""
        params = {"securityToken": self.token, "documentType": "A75", "processType": "A16", "in_Domain": zone,
                  "periodStart": iso(start_s, "%Y%m%d%H%M"), "periodEnd": iso(end_s, "%Y%m%d%H%M")}  # fmt: skip
        body = self.fetch.body(Request(self.base, params, {}))
        return Signal.of(zone, self.kind, priced(generation(body), intensities(self.scope)), SOURCE)

    def forecast(self, zone: str) -> Signal:
        """It publishes none of intensity."""
        raise GridUnavailable(NAME, "it publishes no forecast of the mix by plant", "ask another provider")


def intensities(scope: str) -> dict[str, float]:
    """g CO2e per kWh by fuel, from the table of fuels."""
    rows = [row for row in catalog.table("grid_fuel") if row["scope"] == scope and row["mix_default"] == "yes"]
    found: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: row["method"] != METHOD["lifecycle"]):
        found.setdefault(row["fuel"], float(row["ci_g_per_kwh"]))
    return found


def priced(series: Iterator[Series], of_fuel: dict[str, float]) -> list[Point]:
    """Points from generation by plant, by the module's equation."""
    steps: dict[tuple[float, float], dict[str, float]] = {}
    for plant, start, end, power_mw in series:
        mix = steps.setdefault((start, end), {})
        mix[plant] = mix.get(plant, 0.0) + power_mw
    return [Point(start, end, _mean(mix, of_fuel)) for (start, end), mix in steps.items()]


def _mean(mix: dict[str, float], of_fuel: dict[str, float]) -> float | None:
    net = {plant: max(power, 0.0) for plant, power in mix.items() if plant not in STORAGE}
    known = {plant: power for plant, power in net.items() if FUELS.get(plant) in of_fuel}
    whole, priced_mw = sum(net.values()), sum(known.values())
    if whole <= 0 or priced_mw < whole * (1 - MOST_UNKNOWN):
        return None
    return sum(power * of_fuel[FUELS[plant]] for plant, power in known.items()) / priced_mw


def generation(body: bytes) -> Iterator[Series]:
    """Megawatts by plant and step from a reply (XML, or a ZIP of several); consumption is negative.

    Errors: GridUnavailable where the platform says it has no data; TableError for a reply of another shape.
    """
    for text in _documents(body):
        root = _parsed(text)
        if root.tag.endswith("Acknowledgement_MarketDocument"):
            said = next((e.text for e in root.iter() if e.tag.endswith("}text")), "no data")
            raise GridUnavailable(NAME, f"{said}", "check zone and times")
        for series in (e for e in root if e.tag.endswith("}TimeSeries")):
            yield from _series(series)


def _series(series: Element) -> Iterator[Series]:
    sign = -1.0 if _find(series, "outBiddingZone_Domain.mRID") is not None else 1.0
    plant, unit = _text(series, "psrType"), _text(series, "quantity_Measure_Unit.name")
    if unit != "MAW":
        raise TableError(NAME, None, "quantity_Measure_Unit.name", unit, "megawatts (MAW) were expected")
    repeats = _find(series, "curveType") is not None and _text(series, "curveType") == "A03"
    for period in (e for e in series if e.tag.endswith("}Period")):
        for start, end, power in _points(period, repeats):
            yield plant, start, end, sign * power


def _points(period: Element, repeats: bool) -> Iterator[tuple[float, float, float]]:
    """Steps of a period. Where the curve leaves out what repeats (A03), a value stands until the next; else it is missing."""
    begin, until = (stamp(_text(period, name), NAME) for name in ("start", "end"))
    step = _text(period, "resolution")
    if step not in RESOLUTIONS:
        raise TableError(NAME, None, "resolution", step, f"one of {', '.join(RESOLUTIONS)} was expected")
    step_s = RESOLUTIONS[step].total_seconds()
    given = {int(_text(e, "position")): float(_text(e, "quantity")) for e in period if e.tag.endswith("}Point")}
    last = None
    for position in range(1, round((until - begin) / step_s) + 1):
        last = given.get(position, last if repeats else None)
        if last is not None:
            yield begin + (position - 1) * step_s, begin + position * step_s, last


def _documents(body: bytes) -> list[bytes]:
    if not body.startswith(b"PK"):
        return [body]
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if sum(file.file_size for file in archive.infolist()) > LARGEST_BYTES:
                raise TableError(NAME, None, None, "a ZIP of over 50 MB", "ask for a shorter span")
            return [archive.read(name) for name in archive.namelist() if name.endswith(".xml")]
    except zipfile.BadZipFile:
        raise TableError(NAME, None, None, "a broken ZIP", "ask again") from None


def _parsed(text: bytes) -> Element:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise TableError(NAME, None, None, "a document type", "no reply of the platform has one")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as trouble:
        raise TableError(NAME, None, None, str(trouble), "the reply is no XML") from None


def _find(element: Element, name: str) -> Element | None:
    return next((e for e in element.iter() if e.tag.rpartition("}")[2] == name), None)


def _text(element: Element, name: str) -> str:
    found = _find(element, name)
    if found is None or not found.text:
        raise TableError(NAME, None, name, "missing", "the reply has another shape than documented")
    return found.text.strip()
