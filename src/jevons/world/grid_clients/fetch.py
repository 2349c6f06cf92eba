"""One request that never takes long: a deadline of two seconds in all, back-off where the provider asks for it, a cache.

httpx is imported at the first request. A transport may be passed in its place: a function from Request to Reply, which is
how every client is tested, on recorded replies.
"""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jevons.core.errors import JevonsError, MissingExtra, TableError

DEADLINE_S = 2.0
CACHE_S = 300.0
QUIET_S, LONGEST_QUIET_S = 60.0, 3600.0
FIRST_WAIT_S = 0.25
BUSY = (429, 500, 502, 503, 504)


class GridUnavailable(JevonsError, LookupError):
    """A provider did not answer, refused, or asked to be left alone for a while. ``status`` is its HTTP status, or 0."""

    def __init__(self, host: str, why: str, mend: str, status: int = 0):
        self.status = status
        super().__init__(f"{host}: {why}; {mend}")


class Request(NamedTuple):
    """A GET request; ``auth`` is a user and a password."""

    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    auth: tuple[str, str] | None = None


class Reply(NamedTuple):
    """Status, headers (lower case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Transport = Callable[[Request], Reply]


@dataclass
class Fetch:
    """Requests to one provider. Keys and passwords appear in no message and no cache."""

    transport: Transport | None = None
    deadline_s: float = DEADLINE_S
    cache_s: float = CACHE_S
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _kept: dict[tuple[Any, ...], tuple[float, bytes]] = field(default_factory=dict, init=False)
    _quiet_until: float = field(default=0.0, init=False)
    _refused: int = field(default=0, init=False)

    def json(self, request: Request, fresh: bool = False) -> Any:
        """The reply's JSON; TableError where it is none."""
        body = self.body(request, fresh)
        try:
            return json.loads(body)
        except ValueError:
            raise TableError(_host(request.url), None, None, body[:40], "the reply is no JSON") from None

    def body(self, request: Request, fresh: bool = False) -> bytes:
        """The reply's body, from the cache where it is young enough. Errors: GridUnavailable."""
        key = (request.url, *sorted((k, v) for k, v in request.params.items() if k != "securityToken"))
        kept = self._kept.get(key)
        if kept is not None and not fresh and self.clock() - kept[0] < self.cache_s:
            return kept[1]
        body = self._asked(request)
        self._kept[key] = self.clock(), body
        return body

    def _asked(self, request: Request) -> bytes:
        began, wait_s, host = self.clock(), FIRST_WAIT_S, _host(request.url)
        if began < self._quiet_until:
            raise GridUnavailable(host, "it asked for a pause", f"ask again in {self._quiet_until - began:.0f} s", 429)
        while True:
            reply = self._within(request, self.deadline_s - (self.clock() - began))
            if reply.status == 200:
                self._refused = 0
                return reply.body
            if reply.status in (401, 403):
                mend = "check the key and what it gives access to"
                raise GridUnavailable(host, f"it refused the key ({reply.status})", mend, reply.status)
            if reply.status not in BUSY:
                raise GridUnavailable(host, f"it answered {reply.status}", "check zone and times", reply.status)
            wait_s = max(wait_s, _seconds(reply.headers.get("retry-after", "")))
            if self.clock() - began + wait_s >= self.deadline_s:
                self._hush(wait_s)
                mend = f"ask again in {self._quiet_until - self.clock():.0f} s"
                raise GridUnavailable(host, f"it is busy ({reply.status})", mend, reply.status)
            self.sleep(wait_s)
            wait_s *= 2

    def _hush(self, wait_s: float) -> None:
        """No more requests for a while, twice as long each time."""
        quiet_s = min(max(wait_s, QUIET_S * 2**self._refused), LONGEST_QUIET_S)
        self._refused += 1
        self._quiet_until = self.clock() + quiet_s

    def _within(self, request: Request, left_s: float) -> Reply:
        """The reply, or GridUnavailable when the time is up: in a thread, for looking up a name has no time-out."""
        if self.transport is None:
            self.transport = over_httpx(self.deadline_s)
        transport, found = self.transport, list[Reply | BaseException]()

        def ask() -> None:
            try:
                found.append(transport(request))
            except BaseException as trouble:
                found.append(trouble)

        asking = threading.Thread(target=ask, name="jevons-grid", daemon=True)
        asking.start()
        asking.join(max(left_s, 0.0))
        host = _host(request.url)
        if not found:
            mend = "check the network; the table's mean stands meanwhile"
            raise GridUnavailable(host, f"no answer within {self.deadline_s:g} s", mend)
        if isinstance(found[0], BaseException):
            raise GridUnavailable(host, f"no answer ({type(found[0]).__name__})", "check the network") from None
        return found[0]


def over_httpx(timeout_s: float) -> Transport:
    """The transport of httpx. Errors: MissingExtra where it is not installed."""
    try:
        httpx: Any = importlib.import_module("httpx")
    except ImportError:
        raise MissingExtra("httpx", "grid", "live grid intensity") from None
    client = httpx.Client(timeout=timeout_s, follow_redirects=False)

    def send(request: Request) -> Reply:
        answer = client.get(request.url, params=dict(request.params), headers=dict(request.headers), auth=request.auth)
        return Reply(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

    return send


def _host(url: str) -> str:
    return url.partition("//")[2].partition("/")[0]


def _seconds(text: str) -> float:
    """Retry-After in seconds; its other form, a date, counts as nought."""
    return float(text) if text.isdigit() else 0.0
