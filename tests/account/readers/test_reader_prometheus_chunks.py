"""Streamed answers of Prometheus' remote read: packed by the book in the test, read back to the last bit."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons import account
from jevons.account.readers import prometheus_chunks as chunks
from jevons.account.readers.prometheus_remote import _classes
from jevons.core.errors import TableError
from means import needs

T0_MS = 1_772_352_000_000


def uvarint(n):
    out = b""
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def packed(points):
    """An XOR chunk as Prometheus' appender writes it, as text of bits first."""
    bits, t, step, before, window = "", 0, 0, 0, None
    for number, (t_ms, value) in enumerate(points):
        held = int.from_bytes(struct.pack(">d", value), "big")
        if number == 0:
            bits += "".join(f"{b:08b}" for b in uvarint(t_ms << 1 if t_ms >= 0 else (-t_ms << 1) - 1)) + f"{held:064b}"
        else:
            change, step = t_ms - t - step, t_ms - t
            bits += "".join(f"{b:08b}" for b in uvarint(step)) if number == 1 else stepped(change)
            told, window = changed(held ^ before, window)
            bits += told
        t, before = t_ms, held
    bits += "0" * (-len(bits) % 8)
    return struct.pack(">H", len(points)) + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def stepped(change):
    if change == 0:
        return "0"
    for mark, width in (("10", 14), ("110", 17), ("1110", 20)):
        if -((1 << (width - 1)) - 1) <= change <= 1 << (width - 1):
            return mark + f"{change % (1 << width):0{width}b}"
    return "1111" + f"{change % (1 << 64):064b}"


def changed(delta, window):
    if not delta:
        return "0", window
    lead, trail = min(64 - delta.bit_length(), 31), (delta & -delta).bit_length() - 1
    if window and lead >= window[0] and trail >= window[1]:
        lead, trail = window
        return "10" + f"{delta >> trail:0{64 - lead - trail}b}", window
    width = 64 - lead - trail
    return "11" + f"{lead:05b}{width % 64:06b}{delta >> trail:0{width}b}", (lead, trail)


def frame(data):
    return uvarint(len(data)) + chunks.crc32c(data).to_bytes(4, "big") + data


def answer(*series, kind=chunks.XOR):
    """Frames of (labels, chunks of points), one a series and chunk, as a server streams them."""
    out = b""
    for labels, parts in series:
        for points in parts:
            message = _classes()["ChunkedReadResponse"]()
            one = message.chunked_series.add()
            for name, value in sorted(labels.items()):
                one.labels.add(name=name, value=value)
            one.chunks.add(type=kind, data=packed(points))
            out += frame(message.SerializeToString())
    return out


LABELS = {"__name__": "kepler_node_cpu_joules_total", "node_name": "n", "zone": "package", "path": "p"}
POINTS = [(T0_MS + 30_000 * i + (7 if i % 5 else 0), 3000.0 * i) for i in range(121)]


@given(st.lists(st.tuples(st.one_of(st.integers(1, 60_000), st.integers(1, 2**40)), st.floats(width=64)), max_size=60), st.integers(-(2**40), 2**42))
def test_a_chunk_gives_back_what_was_packed_to_the_last_bit(steps, start):
    points, t_ms = [], start
    for step, value in steps:
        points.append((t_ms, value))
        t_ms += step
    found = chunks.samples(packed(points))
    assert [t for t, _ in found] == [t for t, _ in points]
    assert [struct.pack(">d", v) for _, v in found] == [struct.pack(">d", v) for _, v in points]


def test_the_checksum_is_that_of_the_standard():
    assert chunks.crc32c(b"123456789") == 0xE3069283
    assert chunks.crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, appendix B.4


def body(tmp_path, raw):
    needs("google.protobuf")
    (tmp_path / "read.bin").write_bytes(raw)
    return tmp_path / "read.bin"


def test_a_streamed_answer_is_recognised_and_its_chunks_are_one_series(tmp_path):
    needs("google.protobuf")
    file = body(tmp_path, answer((LABELS, [POINTS[:50], POINTS[50:]])))
    activity = account.read(file)
    assert float(activity.total()[0]) * 3.6e6 == pytest.approx(3000 * 120)
    assert set(activity.text["node"]) == {"n"}


def test_an_answer_cut_in_a_frame_or_altered_is_refused_with_the_frame(tmp_path):
    needs("google.protobuf")
    raw = answer((LABELS, [POINTS[:50], POINTS[50:]]))
    with pytest.raises(TableError, match="row 2, column frame.*cut short"):
        account.read(body(tmp_path, raw[:-9]), "prometheus-remote")
    with pytest.raises(TableError, match="row 2, column frame.*altered"):
        account.read(body(tmp_path, raw[:-1] + bytes([raw[-1] ^ 1])), "prometheus-remote")


def test_histograms_are_no_energy_and_an_encoding_nobody_knows_is_refused(tmp_path):
    needs("google.protobuf")
    plain, other = answer((LABELS, [POINTS])), {**LABELS, "__name__": "http_seconds"}
    assert float(account.read(body(tmp_path, plain + answer((other, [POINTS]), kind=2))).total()[0]) > 0
    with pytest.raises(TableError, match="encoding 9.*SAMPLES"):
        account.read(body(tmp_path, plain + answer((other, [POINTS]), kind=9)), "prometheus-remote")


@given(st.binary(max_size=60))
def test_bytes_that_are_no_chunk_end_in_an_index_error_at_worst(data):
    try:
        found = chunks.samples(data)
    except IndexError:
        return
    assert len(found) == int.from_bytes(data[:2], "big")
