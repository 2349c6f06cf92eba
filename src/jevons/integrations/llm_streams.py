"""A streamed reply, passed on chunk by chunk; its footprint is there once it has ended.

Usage comes at the end of a stream. One that is left, closed or broken off before has no numbers, and says what had come:
what its server did is not known. The listener is told of it all the same.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from jevons.integrations.call_footprint import CallFootprint
from jevons.integrations.llm_adapters import counts, follow, text, usage_of

Measured = Callable[..., CallFootprint]
"""From a reply, its counts and a note where there are none, to a footprint."""
LAST = ("message_delta", "message_stop", "message-end", "response.completed", "response.incomplete", "response.failed")
"""Events of a stream by which all of its usage is told."""
SNAPSHOTS = ("current_message_snapshot", "current_completion_snapshot")
"""What a client's own helper has put together of a stream."""
RUNNING = "the stream has not ended, and usage comes at its end"
LEFT = "the stream was left before its end, where its usage comes"


class Stream:
    """A stream with a ``footprint``; all else is the client's own."""

    def __init__(self, stream: Any, measured: Measured, ask: str = "") -> None:
        self._stream, self._measured, self._ask = stream, measured, ask
        self._found: dict[str, float] = {}
        self._last: Any = None
        self._complete = self._settled = False
        self._done: CallFootprint | None = None

    @property
    def footprint(self) -> CallFootprint:
        """The footprint, or one whose note says that the stream has not ended."""
        return self._done or CallFootprint("", "", None, note=RUNNING)

    def __iter__(self) -> Iterator[Any]:
        with self._until_the_end():
            for chunk in self._stream:
                yield self._seen(chunk)

    def __next__(self) -> Any:
        try:
            return self._seen(next(self._stream))
        except BaseException as ended:
            self._finish(isinstance(ended, StopIteration))
            raise

    async def __aiter__(self) -> AsyncIterator[Any]:
        with self._until_the_end():
            async for chunk in self._stream:
                yield self._seen(chunk)

    async def __anext__(self) -> Any:
        try:
            return self._seen(await self._stream.__anext__())
        except BaseException as ended:
            self._finish(isinstance(ended, StopAsyncIteration))
            raise

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._stream, name)
        return self._finally(found) if name.startswith("get_final") and callable(found) else found

    def close(self) -> Any:
        """Close the stream, which ends its footprint; to be awaited where the client's own is."""
        self._finish(False)
        return self._stream.close()

    def __enter__(self) -> Stream:
        _enter(self._stream, "__enter__")
        return self

    def __exit__(self, *trouble: Any) -> Any:
        self._finish(False)
        return _enter(self._stream, "__exit__", *trouble)

    async def __aenter__(self) -> Stream:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *trouble: Any) -> Any:
        self._finish(False)
        return await self._stream.__aexit__(*trouble)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # a stream that nobody read to its end
            self._finish(False)

    @contextlib.contextmanager
    def _until_the_end(self) -> Iterator[None]:
        try:
            yield
        except BaseException:  # left by its reader, or broken off
            self._finish(False)
            raise
        self._finish(True)

    def _seen(self, chunk: Any) -> Any:
        found = counts(chunk)
        self._found.update(found)
        self._complete = self._complete or text(chunk, "type") in LAST or (bool(found) and follow(chunk, "choices") == [])
        if text(chunk, "model", "model_version"):
            self._last = chunk
        elif self._last is None:
            self._last = follow(chunk, "message") or follow(chunk, "response") or follow(chunk, "data")
        return chunk

    def _finally(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A helper that reads to the end and gives the whole reply, which then tells the usage."""

        def whole(*args: Any, **asked: Any) -> Any:
            reply = call(*args, **asked)
            return later(reply) if inspect.isawaitable(reply) else self._ended_with(reply)

        async def later(reply: Any) -> Any:
            return self._ended_with(await reply)

        return whole

    def _ended_with(self, reply: Any) -> Any:
        if found := counts(reply):
            self._found, self._last = found, reply
        self._finish(True)
        return reply

    def _finish(self, ended: bool) -> None:
        """Settle the footprint: once when the stream is left, once more if it is read on to its end."""
        if self._settled or (self._done is not None and not ended):
            return
        whole = self._snapshot() if not self._found else None
        found = self._found or counts(whole)
        self._settled = ended or self._complete or bool(found and whole is not None and _stopped(whole))
        if self._settled:
            why = "the stream carried no usage" + (f": {self._ask}" if self._ask else "")
            self._done = self._measured(whole or self._last, found, note=why)
        else:
            self._done = self._measured(whole or self._last, {}, note=LEFT + _so_far(found))

    def _snapshot(self) -> Any:
        for name in SNAPSHOTS:
            with contextlib.suppress(Exception):  # a helper that has seen nothing yet refuses
                if (found := getattr(self._stream, name, None)) is not None:
                    return found
        return None


class Opening:
    """What ``with client.messages.stream(...) as stream`` enters, whose stream is metered."""

    def __init__(self, manager: Any, measured: Measured, ask: str = "") -> None:
        self._manager, self._measured, self._ask = manager, measured, ask
        self._inner: Any = None

    def __enter__(self) -> Stream:
        return self._opened(self._manager.__enter__())

    def __exit__(self, *trouble: Any) -> Any:
        self._inner._finish(False)
        return self._manager.__exit__(*trouble)

    async def __aenter__(self) -> Stream:
        return self._opened(await self._manager.__aenter__())

    async def __aexit__(self, *trouble: Any) -> Any:
        self._inner._finish(False)
        return await self._manager.__aexit__(*trouble)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def _opened(self, stream: Any) -> Stream:
        self._inner = Stream(stream, self._measured, self._ask)
        return self._inner


def _enter(stream: Any, name: str, *args: Any) -> Any:
    method = getattr(stream, name, None)
    return method(*args) if method is not None else None


def _stopped(whole: Any) -> bool:
    """Whether a reply put together by a client is at its end."""
    choices = follow(whole, "choices") or [None]
    return bool(text(whole, "stop_reason") or text(choices[0], "finish_reason"))


def _so_far(found: Mapping[str, float]) -> str:
    usage = usage_of(found)
    return "" if usage is None else f" (so far {usage.input_tokens:.0f} tokens in, {usage.output_tokens:.0f} out)"
