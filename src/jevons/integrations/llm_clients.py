"""``wrap(client)``: the same client, whose replies carry ``response.footprint``. The client itself is not touched.

    client = jevons.integrations.wrap(openai.OpenAI(), at="us-east-1")
    reply = client.chat.completions.create(model="gpt-4o", messages=[...])
    reply.footprint.energy_kwh, reply.footprint.note

The rows of `llm_adapters` say which calls are meant and where a reply keeps its tokens. A stream passes through chunk by
chunk and has its footprint at its end (`llm_streams`); raw replies (``with_raw_response``) are the client's own. What goes wrong with a
footprint is its note, never an error of the call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from jevons.core.errors import BadInput
from jevons.integrations.call_footprint import NO_PROVIDER, CallFootprint
from jevons.integrations.llm_adapters import (
    ADAPTERS,
    Adapter,
    adapter_of,
    counts,
    follow,
    host_provider,
    text,
    usage_of,
)
from jevons.integrations.llm_streams import Opening, Stream


def wrap(client: Any, *, provider: str = "", at: Any = None, deployment: Mapping[str, Any] | None = None,
         year: int | None = None, on_footprint: Callable[[CallFootprint], None] | None = None) -> Any:  # fmt: skip
    """``client`` (or the module litellm) with footprints on its replies, sync, async and streamed.

    ``at``: the site of the servers, or its name (default: the settings'). ``provider``: whose servers answer, where the
    client does not tell. ``deployment``: how they serve, where you know (`jevons.world.deployments.stated`).
    ``on_footprint`` is called with each. Errors: BadInput for a client that no adapter knows.
    """
    adapter = adapter_of(client)
    if adapter is None:
        raise BadInput("client", type(client).__name__, f"use a client of {', '.join(a.module for a in ADAPTERS)}")
    who = provider or adapter.provider or ("stated" if deployment else _host(client))
    return _Node(client, _Meter(adapter, who, at, deployment, year, on_footprint))


@dataclass(frozen=True)
class _Meter:
    """What every call of a wrapped client shares."""

    adapter: Adapter
    provider: str
    at: Any
    deployment: Mapping[str, Any] | None
    year: int | None
    on_footprint: Callable[[CallFootprint], None] | None

    def measured(self, reply: Any, found: Mapping[str, float], asked: Mapping[str, Any], note: str = "") -> CallFootprint:
        """The footprint of a reply with these counts."""
        model = str(text(reply, "model", "model_version") or asked.get("model") or "")
        who = self.provider or (_litellm_provider(reply, model) if self.adapter.module == "litellm" else "")
        usage = usage_of(found)
        note = note if usage is None else "" if who or self.deployment else NO_PROVIDER
        done = CallFootprint(who, model, usage, self.at, deployment=self.deployment, year=self.year, note=note)
        if self.on_footprint is not None:
            self.on_footprint(done)
        return done


class _Node:
    """A client, or a part of it: calls of the adapter are metered, all else is the client's own."""

    def __init__(self, target: Any, meter: _Meter, path: str = "") -> None:
        self.__dict__.update(_target=target, _meter=meter, _path=path)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        path = f"{self._path}.{name}" if self._path else name
        if path in self._meter.adapter.calls:
            return _metered(value, self._meter)
        if any(call.startswith(path + ".") for call in self._meter.adapter.calls):
            return _Node(value, self._meter, path)
        return _renewing(value, self._meter) if not self._path and name in ("with_options", "copy") else value

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target, name, value)

    def __enter__(self) -> _Node:
        self._target.__enter__()
        return self

    def __exit__(self, *trouble: Any) -> Any:
        return self._target.__exit__(*trouble)

    async def __aenter__(self) -> _Node:
        await self._target.__aenter__()
        return self

    async def __aexit__(self, *trouble: Any) -> Any:
        return await self._target.__aexit__(*trouble)

    def __repr__(self) -> str:
        return f"<jevons.wrap of {self._target!r}>"


def _metered(call: Callable[..., Any], meter: _Meter) -> Callable[..., Any]:
    def made(*args: Any, **asked: Any) -> Any:
        reply = call(*args, **asked)
        return _later(reply, meter, asked) if inspect.isawaitable(reply) else _answered(reply, meter, asked)

    return made


def _renewing(make: Callable[..., Any], meter: _Meter) -> Callable[..., Any]:
    return lambda *args, **options: _Node(make(*args, **options), meter)


async def _later(reply: Any, meter: _Meter, asked: Mapping[str, Any]) -> Any:
    return _answered(await reply, meter, asked)


def _answered(reply: Any, meter: _Meter, asked: Mapping[str, Any]) -> Any:
    if hasattr(reply, "__next__") or hasattr(reply, "__anext__") or inspect.isgenerator(reply):
        return Stream(reply, partial(meter.measured, asked=asked), meter.adapter.ask)
    if hasattr(type(reply), "__enter__") or hasattr(type(reply), "__aenter__"):
        return Opening(reply, partial(meter.measured, asked=asked), meter.adapter.ask)
    return _carrying(reply, meter.measured(reply, counts(reply), asked))


def _carrying(reply: Any, footprint: CallFootprint) -> Any:
    """The reply with the attribute ``footprint``; a reply that takes no attribute is seen through one that does."""
    try:
        object.__setattr__(reply, "footprint", footprint)
    except (AttributeError, TypeError):
        return Carried(reply, footprint)
    return reply


class Carried:
    """A reply of plain data (a list, an array, text), with its footprint beside it: ``reply`` is the thing itself."""

    def __init__(self, reply: Any, footprint: CallFootprint) -> None:
        self.reply, self.footprint = reply, footprint

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reply, name)

    def __getitem__(self, key: Any) -> Any:
        return self.reply[key]

    def __len__(self) -> int:
        return len(self.reply)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.reply)

    def __str__(self) -> str:
        return str(self.reply)


def _host(client: Any) -> str:
    return host_provider(str(getattr(client, "base_url", "") or ""))


def _litellm_provider(reply: Any, model: str) -> str:
    hidden = follow(reply, "_hidden_params")
    named = hidden.get("custom_llm_provider") if isinstance(hidden, Mapping) else None
    return str(named or (model.split("/")[0] if "/" in model else ""))
