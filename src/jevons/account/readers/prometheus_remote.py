"""Prometheus' remote protocol, version 1: snappy (block) over protobuf, as stored from a remote write's body or a remote
read's sampled answer; or frames of protobuf, as stored from a streamed one.

    WriteRequest  { repeated TimeSeries timeseries = 1 }
    ReadResponse  { repeated QueryResult results = 1 }      QueryResult { repeated TimeSeries timeseries = 1 }
    TimeSeries    { repeated Label labels = 1; repeated Sample samples = 2 }
    Label         { string name = 1; string value = 2 }     Sample { double value = 1; int64 timestamp = 2 }  (ms)
    ChunkedReadResponse { repeated ChunkedSeries chunked_series = 1; int64 query_index = 2 }
    ChunkedSeries { repeated Label labels = 1; repeated Chunk chunks = 2 }
    Chunk         { int64 min_time_ms = 1; int64 max_time_ms = 2; Encoding type = 3; bytes data = 4 }

Reference: prompb/remote.proto and types.proto of prometheus/prometheus. Ask for SAMPLES where you can: what is streamed
ends with the series, so that an answer cut between two frames looks whole.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jevons.account.readers import prometheus_chunks
from jevons.account.readers.opening import bytes_of
from jevons.account.readers.series import NAME, Series, merged
from jevons.core.errors import MissingExtra, TableError

if TYPE_CHECKING:
    from jevons.core.activity import Activity

FIELDS = {  # message -> (field, number, type, repeated)
    "Label": (("name", 1, "STRING", False), ("value", 2, "STRING", False)),
    "Sample": (("value", 1, "DOUBLE", False), ("timestamp", 2, "INT64", False)),
    "TimeSeries": (("labels", 1, "Label", True), ("samples", 2, "Sample", True)),
    "WriteRequest": (("timeseries", 1, "TimeSeries", True),),
    "QueryResult": (("timeseries", 1, "TimeSeries", True),),
    "ReadResponse": (("results", 1, "QueryResult", True),),
    "Chunk": (("type", 3, "INT32", False), ("data", 4, "BYTES", False)),
    "ChunkedSeries": (("labels", 1, "Label", True), ("chunks", 2, "Chunk", True)),
    "ChunkedReadResponse": (("chunked_series", 1, "ChunkedSeries", True),),
}
PACKAGE = "jevons.prometheus"
MOST_UNPACKED = 512 << 20


def recognises(head: str) -> bool:
    """Whether this looks like packed series: the label that names a metric stands in it, though it is no text."""
    return NAME in head and f'"{NAME}"' not in head and any(ord(c) < 9 for c in head[:64])


def read(path: Path, zone: str = "UTC", scope: str = "node") -> Activity:
    """As ``prometheus``: its series become energy. ``zone`` is not needed."""
    from jevons.account.readers.prometheus import activity_of

    return activity_of(path.name, series_of(path), scope)


def series_of(path: Path) -> list[Series]:
    """The series in the file. Errors: MissingExtra, TableError for what is no remote message."""
    packed = bytes_of(path)
    if prometheus_chunks.is_stream(packed):
        return merged(one for data in prometheus_chunks.frames(path.name, packed) for one in _streamed(path.name, data))
    raw = _unpacked(path, packed)
    for kind in ("ReadResponse", "WriteRequest"):
        found = merged(_named(path.name, _parsed(kind, raw)))
        if found:
            return found
    raise TableError(path.name, None, None, f"{len(raw)} bytes", "give the body of a remote write or a remote read")


def _unpacked(path: Path, packed: bytes) -> bytes:
    try:
        import cramjam
    except ImportError:
        raise MissingExtra("cramjam", "remote", "reading Prometheus' remote protocol") from None
    try:
        if cramjam.snappy.decompress_raw_len(packed) > MOST_UNPACKED:
            raise TableError(path.name, None, None, f"more than {MOST_UNPACKED >> 20} MiB unpacked", "split it")
        return bytes(cramjam.snappy.decompress_raw(packed))
    except cramjam.DecompressionError as trouble:
        raise TableError(path.name, None, None, str(trouble), "give the body as it was sent, snappy and all") from None


def _parsed(kind: str, raw: bytes) -> Any:
    """The TimeSeries of a message; none where it is another kind of message."""
    from google.protobuf.message import DecodeError

    message = _classes()[kind]()
    try:
        message.ParseFromString(raw)
    except DecodeError:
        return ()
    results = message.results if kind == "ReadResponse" else (message,)
    return [one for result in results for one in result.timeseries]


def _named(file: str, found: Any) -> Iterator[Series]:
    import numpy as np

    for one in found:
        labels = {label.name: label.value for label in one.labels}
        if labels.get(NAME) and len(one.samples):
            points = np.array([(s.timestamp / 1000, s.value) for s in one.samples]).T
            yield Series(labels.pop(NAME), labels, points[0], points[1])


def _streamed(file: str, data: bytes) -> Iterator[Series]:
    """The series of one frame; what its histograms hold is no energy and passed over."""
    import numpy as np
    from google.protobuf.message import DecodeError

    message = _classes()["ChunkedReadResponse"]()
    try:
        message.ParseFromString(data)
        for one in message.chunked_series:
            labels = {label.name: label.value for label in one.labels}
            points = [point for chunk in one.chunks for point in _samples(file, chunk)]
            if labels.get(NAME) and points:
                t_ms, value = np.array(points).T
                yield Series(labels.pop(NAME), labels, t_ms / 1000, value)
    except (DecodeError, IndexError) as trouble:
        raise TableError(file, None, "chunk", str(trouble), "this frame is none of a remote read's answer") from None


def _samples(file: str, chunk: Any) -> list[tuple[int, float]]:
    if chunk.type in prometheus_chunks.HISTOGRAMS:
        return []
    if chunk.type != prometheus_chunks.XOR:
        raise TableError(file, None, "chunk", f"encoding {chunk.type}", "ask the server for SAMPLES instead")
    return prometheus_chunks.samples(chunk.data)


@functools.lru_cache(maxsize=1)
def _classes() -> dict[str, Any]:
    """The messages as classes, made from FIELDS; MissingExtra without protobuf."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise MissingExtra("protobuf", "remote", "reading Prometheus' remote protocol") from None
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="jevons_prometheus.proto", package=PACKAGE, syntax="proto3")
    for message, fields in FIELDS.items():
        made = file.message_type.add(name=message)
        for name, number, kind, repeated in fields:
            field = made.field.add(name=name, number=number, label=3 if repeated else 1)
            if kind in FIELDS:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            else:
                field.type = getattr(kinds, f"TYPE_{kind}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in FIELDS}
