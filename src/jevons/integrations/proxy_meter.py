"""What passes a proxy, read and counted: usage in replies and events, totals for Prometheus."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from jevons.core import units
from jevons.core.errors import JevonsError
from jevons.integrations.call_footprint import NO_PROVIDER, place, priced_at, summed
from jevons.integrations.llm_adapters import Usage, counts, follow, usage_of

MODELS_AT_MOST = 200  # labels of their own; further models are counted together
PACKED = (b"gzip", b"deflate", b"x-gzip")
UNPACKED_AT_MOST = 256 * 1024 * 1024  # bytes of a reply that is unpacked to be read
LINE_AT_MOST = 16 * 1024 * 1024  # bytes of a line of a stream, beyond which it is not read
MODEL = re.compile(rb'"model"\s*:\s*"([^"\\]{1,200})"')
HELP = {
    "jevons_requests_total": "Requests that passed, by outcome.",
    "jevons_tokens_total": "Tokens by kind; input holds cached and seen, output holds reasoning.",
    "jevons_energy_joules_total": "Energy of the provider's facility, estimated from tokens.",
    "jevons_co2e_grams_total": "Greenhouse gases, hardware included, location-based.",
    "jevons_water_liters_total": "Water on site and for electricity.",
}


class Totals:
    """Counters that only rise, as Prometheus reads them."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self._models: set[str] = set()

    def add(self, name: str, value: float, **labels: str) -> None:
        """Raise a counter; ``model`` is one of at most 200."""
        if "model" in labels:
            labels["model"] = self._model(labels["model"])
        key = (name, tuple(labels.items()))
        self._sums[key] = self._sums.get(key, 0.0) + value

    def text(self) -> str:
        """All counters in the text format, version 0.0.4."""
        lines: list[str] = []
        for name, said in HELP.items():
            rows = [(labels, value) for (counter, labels), value in self._sums.items() if counter == name]
            if rows:
                lines += [f"# HELP {name} {said}", f"# TYPE {name} counter"]
            lines += [f"{name}{{{','.join(f'{k}={_quoted(v)}' for k, v in labels)}}} {value!r}" for labels, value in rows]
        return "\n".join(lines) + "\n"

    def _model(self, name: str) -> str:
        if name not in self._models and len(self._models) >= MODELS_AT_MOST:
            return "other"
        self._models.add(name)
        return name


class Meter:
    """Prices usage at one provider and site, and keeps the totals."""

    def __init__(self, provider: str, at: Any, deployment: tuple[tuple[str, Any], ...] | None, year: int | None) -> None:
        self.provider, self.at, self.deployment, self.year = provider, at, deployment, year
        self.totals = Totals()

    def check(self) -> None:
        """Errors: UnknownName for a provider or site that no table holds: not one answer could be priced."""
        from jevons.world.deployments import provider_id

        place(self.at, self.year)
        if self.provider and self.deployment is None:
            provider_id(self.provider)

    def price(self, found: Mapping[str, float], model: str, encoding: bytes = b"") -> tuple[dict[str, float], str]:
        """Energy, climate and water of counts, and the note where there are none; the totals rise."""
        usage = usage_of(found)
        if usage is None:
            return {}, unread(encoding) or "no usage in the reply"
        self._count(usage, model)
        if not (self.provider or self.deployment):
            return {}, NO_PROVIDER
        try:
            tariff = priced_at(self.provider, model, self.at, self.deployment, self.year, 0)
        except JevonsError as trouble:
            return {}, str(trouble)
        values: dict[str, float] = summed(
            tariff.best(usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens, usage.seen_tokens)
        )
        self._sum(values, model)
        return values, ""

    def _count(self, usage: Usage, model: str) -> None:
        for kind in ("input", "output", "cached", "reasoning", "seen"):
            self.totals.add("jevons_tokens_total", getattr(usage, f"{kind}_tokens"), provider=self.provider, model=model, kind=kind)

    def _sum(self, values: Mapping[str, float], model: str) -> None:
        who = {"provider": self.provider, "model": model, "method": "modelled"}
        self.totals.add("jevons_energy_joules_total", values["energy_kwh"] * units.JOULES_PER_KWH, scope="facility", **who)
        self.totals.add("jevons_co2e_grams_total", values["climate_kg"] * units.G_PER_KG, basis="location", **who)
        if "water_l" in values:
            self.totals.add("jevons_water_liters_total", values["water_l"], **who)


class Events:
    """Reads server-sent events as they pass, for the usage and the model they carry."""

    def __init__(self, encoding: bytes = b"") -> None:
        self._rest = b""
        self._unpack = zlib.decompressobj(47) if encoding in PACKED else None
        self.counts: dict[str, float] = {}
        self.model = ""

    def feed(self, payload: bytes) -> None:
        """Take in payload; only lines with usage or the first model are parsed."""
        if self._unpack is not None:
            try:
                payload = self._unpack.decompress(payload, LINE_AT_MOST)
            except zlib.error:  # what is passed on is not for us to judge
                payload = b""
        *lines, self._rest = (self._rest + payload).split(b"\n")
        self._rest = self._rest if len(self._rest) <= LINE_AT_MOST else b""
        for line in lines:
            if line.startswith(b"data:") and (b"sage" in line or not self.model):
                self._read(line[5:])

    def _read(self, text: bytes) -> None:
        try:
            event = json.loads(text)
        except ValueError:
            return  # "[DONE]", or a stream that is not JSON
        self.counts.update(counts(event))
        self.model = self.model or model_in(event)


def usage_in(body: bytes, encoding: bytes) -> tuple[dict[str, float], str]:
    """Counts and model of a whole reply; ({}, "") for what is no JSON."""
    try:
        reply = json.loads(unpacked(body, encoding))
    except (ValueError, zlib.error):
        return {}, ""
    return (counts(reply), model_in(reply)) if isinstance(reply, dict) else ({}, "")


def unpacked(body: bytes, encoding: bytes) -> bytes:
    """A body without gzip or deflate, empty where it would be huge; as it came for other encodings."""
    if encoding not in PACKED:
        return body
    unpack = zlib.decompressobj(47)
    plain = unpack.decompress(body, UNPACKED_AT_MOST)
    return b"" if unpack.unconsumed_tail else plain


def unread(encoding: bytes) -> str:
    """Why nothing can be read of a reply that is packed so; "" where it can."""
    known = (b"", b"identity", *PACKED)
    return "" if encoding in known else f"the reply is packed in {encoding.decode(errors='replace')}, which is not read here"


def model_in(reply: Any) -> str:
    """The model a reply or event names."""
    named = (follow(reply, path) for path in ("model", "modelVersion", "message.model", "response.model"))
    return next((name for name in named if isinstance(name, str) and name), "")


def model_asked(body: bytes) -> str:
    """The model a request names; "" where none does."""
    found = MODEL.search(body)
    return found[1].decode(errors="replace") if found else ""


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{escaped}"'
