"""A streamed answer of Prometheus' remote read (STREAMED_XOR_CHUNKS): frames, and the samples packed in their chunks.

    frame     size (uvarint) · CRC-32C of the data (4 bytes, big-endian) · data: a ChunkedReadResponse
    chunk     number of samples (2 bytes) · first: time (varint, ms), value (64 bits) · second: Δt (uvarint), value
              · each later: Δ(Δt), 0 | 10 + 14 bits | 110 + 17 | 1110 + 20 | 1111 + 64; value
    value     0: as before | 10 + the bits that changed, in the last window | 11 + leading zeros (5), width (6, 0 means 64), bits

References: storage/remote/chunked.go and tsdb/chunkenc/xor.go of prometheus/prometheus; Pelkonen et al. 2015, "Gorilla: a
fast, scalable, in-memory time series database", VLDB 8(12), section 4.1.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from jevons.core.errors import TableError

CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, its bits reversed
XOR = 1
HISTOGRAMS = (2, 3)  # hold no plain samples
WIDTHS = (0, 14, 17, 20, 64)  # bits of Δ(Δt), by how many ones lead
WHOLE = 64


@dataclass
class Bits:
    """Bits read one after another; IndexError where none are left."""

    data: bytes
    at: int = 0

    def take(self, width: int) -> int:
        """The next bits as a whole number."""
        first, end = self.at, self.at + width
        if end > 8 * len(self.data):
            raise IndexError("the chunk ends early")
        self.at = end
        held = int.from_bytes(self.data[first // 8 : -(-end // 8)], "big")
        return held >> (-end % 8) & ((1 << width) - 1)

    def ones(self, most: int) -> int:
        """How many ones lead, up to ``most``; the zero behind them is read too."""
        for n in range(most):
            if not self.take(1):
                return n
        return most

    def uvarint(self) -> int:
        """Seven bits a byte, the lowest first, the eighth says that more follow."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(8)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise IndexError("a number of more than ten bytes")

    def varint(self) -> int:
        """A signed number: its sign in the lowest bit."""
        value = self.uvarint()
        return value >> 1 ^ -(value & 1)


def is_stream(raw: bytes) -> bool:
    """Whether the bytes begin with a whole frame."""
    try:
        next(frames("", raw), None)
    except TableError:
        return False
    return bool(raw)


def frames(file: str, raw: bytes) -> Iterator[bytes]:
    """The data of each frame. Errors: TableError naming the frame, where it was cut short or altered."""
    at, number = 0, 0
    while at < len(raw):
        number += 1
        try:
            bits = Bits(raw[at : at + 10])
            size = bits.uvarint()
        except IndexError:
            size, bits = len(raw), Bits(b"")
        begin = at + bits.at // 8
        at = begin + 4 + size
        if at > len(raw):
            raise TableError(file, number, "frame", f"{len(raw) - begin} bytes left", "the answer was cut short: ask for it again")
        data = raw[begin + 4 : at]
        if crc32c(data) != int.from_bytes(raw[begin : begin + 4], "big"):
            raise TableError(file, number, "frame", "another checksum", "the answer was altered on its way: ask for it again")
        yield data


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of the bytes. Reference: RFC 3720, appendix B.4."""
    table, found = _table(), 0xFFFFFFFF
    for byte in data:
        found = table[(found ^ byte) & 255] ^ found >> 8
    return found ^ 0xFFFFFFFF


def samples(data: bytes) -> list[tuple[int, float]]:
    """(milliseconds, value) of each sample of an XOR chunk; IndexError where it ends early."""
    bits, count = Bits(data[2:]), int.from_bytes(data[:2], "big")
    t_ms = step_ms = value = lead = trail = 0
    found = []
    for number in range(count):
        if number == 0:
            t_ms, value = bits.varint(), bits.take(WHOLE)
        else:
            step_ms = bits.uvarint() if number == 1 else step_ms + _change(bits)
            t_ms += step_ms
            changed, lead, trail = _changed(bits, lead, trail)
            value ^= changed
        found.append((t_ms, struct.unpack(">d", value.to_bytes(8, "big"))[0]))
    return found


def _change(bits: Bits) -> int:
    """The change of the step, Δ(Δt): up to half of its range positive, the rest negative."""
    width = WIDTHS[bits.ones(4)]
    held = bits.take(width)
    half = 1 << (width - 1) if width else 0
    return held - (1 << width) if (held >= half if width == WHOLE else held > half) else held


def _changed(bits: Bits, lead: int, trail: int) -> tuple[int, int, int]:
    """The bits of the value that changed, and the window they lie in."""
    ones = bits.ones(2)
    if ones == 2:
        lead, width = bits.take(5), bits.take(6) or WHOLE
        trail = WHOLE - lead - width
        if trail < 0:
            raise IndexError("a value of more than 64 bits")
    return (bits.take(WHOLE - lead - trail) << trail if ones else 0), lead, trail


@functools.lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (CASTAGNOLI if value & 1 else 0)
        table.append(value)
    return tuple(table)
