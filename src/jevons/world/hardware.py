"""What computes: one accelerator (`Device`) and the host around several (`Server`), as rows of the tables.

A device knows its dense peaks by precision.  Where a precision is missing, `Device.peak` goes down the stated
ladder in `LADDER` and says so; it never doubles a peak, and never takes a sparse one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jevons.core.errors import BadInput
from jevons.core.source import Assumption

Row = Mapping[str, str]

PRECISIONS = ("fp64", "fp32", "tf32", "bf16", "fp16", "fp8", "fp4", "int8", "int4")

LADDER: Mapping[str, tuple[str, ...]] = {
    "fp64": (),
    "fp32": (),
    "tf32": ("fp32",),
    "bf16": ("fp16", "fp32"),
    "fp16": ("bf16", "fp32"),
    "fp8": ("bf16", "fp16", "fp32"),
    "fp4": ("fp8", "bf16", "fp16", "fp32"),
    "int8": ("bf16", "fp16", "fp32"),
    "int4": ("int8", "bf16", "fp16", "fp32"),
}
"""Where hardware lacks a precision, the arithmetic runs in the next one that it has: narrow numbers are widened.

Volta trains "bf16" models in FP16; Ampere computes FP8 weights in BF16.  FP32 and FP64 have no stand-in, since
narrower arithmetic would be another result.
"""

IDLE_SHARE = (0.05, 0.10, 0.20)
"""Idle power over TDP where it was never measured (low, best, high); an assumption, not a datum."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A dense peak: TFLOP/s (TOPS for integers), the precision it belongs to and the one that was asked for."""

    tflops: float
    precision: str
    asked: str

    @property
    def assumption(self) -> Assumption | None:
        """What to tell the reader where the asked precision is not this device's; None where it is."""
        if self.precision == self.asked:
            return None
        why = f"the device has no {self.asked} peak, so its arithmetic is taken to run in {self.precision}"
        return Assumption("peak", f"{self.tflops:g} TFLOP/s", why)


@dataclass(frozen=True, slots=True)
class Power:
    """Watts with a band; ``measured`` is False where a share of the TDP stands in."""

    low_w: float
    best_w: float
    high_w: float
    measured: bool


@dataclass(frozen=True, slots=True)
class Device:
    """One accelerator: the unit in which device-hours are counted.

    Peaks are dense, TFLOP/s by precision; memory GB (10^9 bytes as the maker counts) and GB/s; ``link_gb_s`` is
    one direction of all links between devices of a node together.  None means that no source gives the value.
    """

    id: str
    name: str
    vendor: str
    generation: str
    form: str
    tdp_w: float | None
    peaks_tflops: Mapping[str, float] = field(default_factory=dict)
    memory_gb: float | None = None
    memory_bw_gb_s: float | None = None
    memory_type: str = ""
    link_gb_s: float | None = None
    idle_w: float | None = None
    mean_measured_system_w: float | None = None
    mamf_bf16_ratio: float | None = None
    dies: int | None = None
    die_mm2: float | None = None
    node_nm: float | None = None
    year: int | None = None
    source: str = ""
    quality: str = ""
    note: str = ""

    @classmethod
    def from_row(cls, row: Row) -> Device:
        """The device of a row of ``accelerators``; BadInput naming row and column where a cell is no number."""
        cells: dict[str, Any] = {k: row.get(k) or "" for k in _TEXT}
        cells |= {k: _number(row, k) for k in _NUMBERS}
        cells |= {k: _integer(row, k) for k in ("dies", "year")}
        return cls(**cells, peaks_tflops=_peaks(row))

    @property
    def silicon_mm2(self) -> float | None:
        """Compute silicon of the whole package: dies x area of one; None where the area is unknown."""
        return None if self.die_mm2 is None else self.die_mm2 * (self.dies or 1)

    def peak(self, precision: str = "bf16") -> Peak:
        """Dense peak in a precision, down `LADDER` where the device lacks it; BadInput where nothing stands in."""
        wanted = precision.lower() if isinstance(precision, str) else ""
        if wanted not in PRECISIONS:
            raise BadInput("precision", precision, f"one of {', '.join(PRECISIONS)}")
        for candidate in (wanted, *LADDER[wanted]):
            if candidate in self.peaks_tflops:
                return Peak(self.peaks_tflops[candidate], candidate, wanted)
        have = ", ".join(self.peaks_tflops) or "none"
        raise BadInput("precision", precision, f"{self.id} has peaks in: {have}; choose one, or state a peak")

    def power_limit_w(self) -> float:
        """Thermal design power in W; BadInput where the maker gives none and the user must."""
        if self.tdp_w is None:
            raise BadInput("tdp_w", None, f"no published power for {self.id}; state it (W per device)")
        return self.tdp_w

    def idle_power(self) -> Power:
        """Idle power: measured where the row has it, else `IDLE_SHARE` of the TDP."""
        if self.idle_w is not None:
            return Power(self.idle_w, self.idle_w, self.idle_w, measured=True)
        low, best, high = (share * self.power_limit_w() for share in IDLE_SHARE)
        return Power(low, best, high, measured=False)


@dataclass(frozen=True, slots=True)
class Server:
    """The host around several devices: everything in the box that is no accelerator.

    ``host_busy_w`` (with its band) and ``host_idle_w``: W of the box without its accelerators.  ``system_...``: W of
    the whole box.  ``host_embodied_kg``: kg CO2e of the box without accelerators.  ``network_gb_s``: one direction,
    per device, out of the box.
    """

    id: str
    name: str
    device: str
    devices: int
    host_idle_w: float | None = None
    host_busy_w_low: float | None = None
    host_busy_w: float | None = None
    host_busy_w_high: float | None = None
    system_idle_w: float | None = None
    system_measured_max_w: float | None = None
    system_max_w: float | None = None
    host_embodied_kg: float | None = None
    link_gb_s: float | None = None
    network_gb_s: float | None = None
    source: str = ""
    quality: str = ""
    note: str = ""

    @classmethod
    def from_row(cls, row: Row) -> Server:
        """The server of a row of ``servers``; BadInput naming row and column where a cell is no number."""
        devices = _integer(row, "devices")
        if not devices:
            raise BadInput(f"{row.get('id')}: devices", devices, "give the number of accelerators, 1 or more")
        cells: dict[str, Any] = {k: row.get(k) or "" for k in _SERVER_TEXT}
        cells |= {k: _number(row, k) for k in _SERVER_NUMBERS}
        return cls(**cells, devices=devices)

    def host_share(self, device: Device) -> float | None:
        """Busy host power over the TDP of its devices together; None where either is unknown."""
        if self.host_busy_w is None or device.tdp_w is None:
            return None
        return self.host_busy_w / (self.devices * device.tdp_w)

    def host_embodied_kg_per_device(self) -> float | None:
        """The box's embodied carbon divided among its devices, kg CO2e; None where unknown."""
        return None if self.host_embodied_kg is None else self.host_embodied_kg / self.devices


_TEXT = ("id", "name", "vendor", "generation", "form", "memory_type", "source", "quality", "note")
_NUMBERS = (
    "tdp_w", "memory_gb", "memory_bw_gb_s", "link_gb_s", "idle_w", "mean_measured_system_w", "mamf_bf16_ratio",
    "die_mm2", "node_nm",
)  # fmt: skip
_SERVER_TEXT = ("id", "name", "device", "source", "quality", "note")
_SERVER_NUMBERS = (
    "host_idle_w", "host_busy_w_low", "host_busy_w", "host_busy_w_high", "system_idle_w", "system_measured_max_w",
    "system_max_w", "host_embodied_kg", "link_gb_s", "network_gb_s",
)  # fmt: skip


def _peaks(row: Row) -> dict[str, float]:
    columns = {p: f"peak_{p}_{'tops' if p.startswith('int') else 'tflops'}" for p in PRECISIONS}
    found = {p: _number(row, column) for p, column in columns.items()}
    return {p: value for p, value in found.items() if value is not None}


def _number(row: Row, column: str) -> float | None:
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadInput(
            f"{row.get('id')}: {column}", text, "give a number of 0 or more, or leave the cell empty"
        )
    return value


def _integer(row: Row, column: str) -> int | None:
    value = _number(row, column)
    return None if value is None else int(value)
