"""NVIDIA GPUs by NVML: the driver's energy counter, else power integrated; MIG instances by their share of the card.

The counter is in millijoules since the driver was loaded (Volta and newer) and refreshes about every 100 ms. Power is
read beside it: a counter that stands still or lies over 10 % from the integral is told. Where there is no counter the
driver's running mean (POWER_AVERAGE) is integrated, for between two samples it misses nothing; ``scope="instant"``
integrates the fast field instead. Every figure carries the gain error that metered cards of this kind have shown.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jevons.measure.counter import Integrator, Watched
from jevons.measure.sensor import Found, Meter
from jevons.measure.sensors.channel import Channel, Channels

SIGNS = ("proc/driver/nvidia/version", "dev/nvidiactl", "dev/dxg")
GAIN_BAND = (0.956, 1.104)
"""5 and 95 % of true over read for a card not seen: steady errors of 14 metered cards, mean −2.4 %, deviation 3.8 %
(arXiv 2312.02741, drivers 530 and 535; Student's t). It is the card's, not the model's: five RTX 3090 differ."""
PART_TIME_BAND = (0.92, 1.16)
"""The same for a card that looks a part of the time: 0.95 to 1.05 more, which held 95 % of simulated runs of 5 s and
longer over square waves of 0.05 to 3 s; single loads that beat with the look are off by up to a half."""
MIG_BAND = (0.3, 3.0)
"""A rule, not a finding: an instance may idle, or draw what its neighbours leave."""
REFRESH_S = 0.1
"""Between two ticks of the energy counter (20 to 100 ms are seen): windows are cut between them."""
VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card or a MIG instance: its handle, uuid and name, and the share of the card that it is."""

    card: Any
    uuid: str
    name: str
    share: float = 1.0


class Nvml(Channels):
    """GPUs by NVML. ``gaps`` says how far each counter lies from its integrated power, once both have run a while."""

    @property
    def gaps(self) -> dict[str, float]:
        """Counter over integral − 1 by device."""
        watched = [(c.meter.device, c.into.gap) for c in self.channels if isinstance(c.into, Watched)]
        return {device: gap for device, gap in watched if gap is not None}


def discover(root: Path = Path("/"), scope: str = "average") -> Found:
    """The GPUs that CUDA_VISIBLE_DEVICES leaves visible."""
    if "pynvml" not in sys.modules and sys.platform != "win32" and not any((root / sign).exists() for sign in SIGNS):
        return Found("nvml", [], "no NVIDIA driver")
    try:
        import pynvml  # type: ignore[import-untyped]
    except ImportError:
        return Found("nvml", [], "nvidia-ml-py is not installed", "pip install nvidia-ml-py")
    try:
        pynvml.nvmlInit()
        gpus = visible(_cards(pynvml), os.environ.get(VISIBLE), lambda card: _instances(pynvml, card))
    except pynvml.NVMLError as trouble:
        return Found("nvml", [], f"NVML: {trouble}", "nvidia-smi (mend the driver, or mount its libraries into the container)")
    if not gpus:
        return Found("nvml", [], f"{VISIBLE} leaves no GPU visible", f"unset {VISIBLE}")
    channels = [_channel(pynvml, gpu, scope) for gpu in gpus]
    unread = [gpu.name for gpu, channel in zip(gpus, channels, strict=True) if channel is None]
    read = [channel for channel in channels if channel is not None]
    why = f"neither energy nor power can be read of {', '.join(unread)}" if unread else ""
    return Found("nvml", [Nvml(read, pynvml.nvmlShutdown)] if read else [], why)


def visible(cards: Sequence[Gpu], asked: str | None, instances: Callable[[Gpu], Sequence[Gpu]]) -> list[Gpu]:
    """The GPUs that CUDA_VISIBLE_DEVICES names: by number, by uuid or the beginning of one, by MIG id; all where unset.

    As in CUDA, the list ends at the first word that names nothing; a card named twice is metered once.
    """
    if asked is None:
        return list(cards)
    found: list[Gpu] = []
    for word in asked.split(","):
        gpu = _named(word.strip(), cards, instances)
        if gpu is None:
            break
        if gpu not in found:
            found.append(gpu)
    return found


def _named(word: str, cards: Sequence[Gpu], instances: Callable[[Gpu], Sequence[Gpu]]) -> Gpu | None:
    if word.isdigit():
        return cards[int(word)] if int(word) < len(cards) else None
    if word.startswith("MIG-GPU-"):  # the older form: MIG-<card's uuid>/<instance>/<compute instance>
        uuid, _, place = word.removeprefix("MIG-").partition("/")
        card = next((c for c in cards if c.uuid == uuid), None)
        inner = instances(card) if card is not None else []
        return next((i for i in inner if i.uuid.startswith(word)), card if card and place and not inner else None)
    among = [i for card in cards for i in instances(card)] if word.startswith("MIG-") else list(cards)
    matching = [gpu for gpu in among if word and gpu.uuid.startswith(word)]
    return matching[0] if len(matching) == 1 else None


def seen_share_of(card: str) -> float:
    """The share of the time that a card of this name looks at its power: its row in power_sensors.csv, else 1."""
    from jevons.world import catalog

    said = card.lower().replace("_", " ").replace("-", " ")
    rows = [row for row in catalog.table("power_sensors") if row["card"].lower() in said]
    longest = max(rows, key=lambda row: len(row["card"]), default=None)
    return 1.0 if longest is None else catalog.number(longest, "seen_share") or 1.0


def _cards(nvml: Any) -> list[Gpu]:
    handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
    return [Gpu(h, _word(nvml.nvmlDeviceGetUUID(h)), _word(nvml.nvmlDeviceGetName(h))) for h in handles]


def _instances(nvml: Any, card: Gpu) -> list[Gpu]:
    """The MIG instances of a card, each with its share of the card's slices."""
    try:
        if nvml.nvmlDeviceGetMigMode(card.card)[0] != 1:
            return []
        most = nvml.nvmlDeviceGetMaxMigDeviceCount(card.card)
    except nvml.NVMLError:
        return []
    found = []
    for i in range(most):
        with suppress(nvml.NVMLError):
            handle = nvml.nvmlDeviceGetMigDeviceHandleByIndex(card.card, i)
            slices = nvml.nvmlDeviceGetAttributes_v2(handle).gpuInstanceSliceCount
            found.append(Gpu(card.card, _word(nvml.nvmlDeviceGetUUID(handle)), card.name, slices / most))
    return found


def _channel(nvml: Any, gpu: Gpu, scope: str) -> Channel | None:
    """Counter with power beside it, or power alone; None where neither answers."""
    power, field = _power(nvml, gpu.card, scope)
    counted = _answers(nvml, lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(gpu.card))
    if not counted and power is None:
        return None
    if counted:
        return Channel(_meter(gpu, "counter", "energy counter"), _both(nvml, gpu, power), Watched())
    return Channel(_meter(gpu, "integrated", field), _shared(power, gpu.share), Integrator())  # type: ignore[arg-type]


def _meter(gpu: Gpu, method: str, how: str) -> Meter:
    refresh_s = REFRESH_S if method == "counter" else 0.0
    if gpu.share < 1:
        note = f"{gpu.name}, {gpu.share:.0%} of its slices by {how}"
        return Meter(gpu.uuid, "accelerator", "chip", "modelled", "nvml", "guess", note, *MIG_BAND, refresh_s)
    band = PART_TIME_BAND if seen_share_of(gpu.name) < 1 else GAIN_BAND
    return Meter(gpu.uuid, "accelerator", "chip", method, "nvml", "", f"{gpu.name}, {how}", *band, refresh_s)


def _both(nvml: Any, gpu: Gpu, power: Callable[[], float] | None) -> Callable[[], tuple[int | None, float | None]]:
    def ask() -> tuple[int | None, float | None]:
        watts = microjoules = None
        with suppress(nvml.NVMLError):
            microjoules = int(nvml.nvmlDeviceGetTotalEnergyConsumption(gpu.card) * 1000 * gpu.share)
        with suppress(nvml.NVMLError):
            watts = power() * gpu.share if power is not None else None
        return microjoules, watts

    return ask


def _shared(power: Callable[[], float], share: float) -> Callable[[], float]:
    return lambda: power() * share


def _power(nvml: Any, card: Any, scope: str) -> tuple[Callable[[], float] | None, str]:
    """A reader of watts and the name of its field: the asked scope of the GPU alone, else what the driver has."""
    wanted = getattr(nvml, f"NVML_FI_DEV_POWER_{scope.upper()}", None)
    if wanted is not None and _answers(nvml, lambda: _field(nvml, card, wanted)):
        return lambda: _field(nvml, card, wanted), f"{scope} power"
    if _answers(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(card)):
        return lambda: nvml.nvmlDeviceGetPowerUsage(card) / 1e3, "power"
    return None, ""


def _field(nvml: Any, card: Any, wanted: int) -> float:
    """Watts of a field of the GPU alone: the module's scope would hold its processor too."""
    value = nvml.nvmlDeviceGetFieldValues(card, [(wanted, getattr(nvml, "NVML_POWER_SCOPE_GPU", 0))])[0]
    if value.nvmlReturn != 0:
        raise nvml.NVMLError(value.nvmlReturn)
    return float(value.value.uiVal) / 1e3


def _answers(nvml: Any, ask: Callable[[], Any]) -> bool:
    try:
        return ask() is not None
    except nvml.NVMLError:
        return False


def _word(text: Any) -> str:
    return text.decode() if isinstance(text, bytes) else str(text)
