"""Which processes use an NVIDIA device, by NVML, where the driver tells it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


class OnDevice:
    """Which processes use an NVIDIA device, by NVML: weights by pid, or None where that cannot be told."""

    def __init__(self, nvml: Any = None):
        self._nvml, self._since = nvml, dict[str, int]()

    def __call__(self, device: str) -> Mapping[int, float] | None:
        """pid → share of the device's time in use (from 0 to 1); equal shares where only their presence is known."""
        nvml = self._nvml or sys.modules.get("pynvml")
        if nvml is None or not device.startswith(("GPU-", "MIG-")):
            return None
        try:
            handle = nvml.nvmlDeviceGetHandleByUUID(device)
            present = {p.pid for p in nvml.nvmlDeviceGetComputeRunningProcesses(handle)}
            present |= {p.pid for p in nvml.nvmlDeviceGetGraphicsRunningProcesses(handle)}
        except Exception:  # a fault of the driver is never the user's
            return None
        used = self._utilisation(nvml, handle, device)
        if present and not any(os.path.exists(f"/proc/{pid}") for pid in present):
            return None  # it names processes of another namespace
        return used or dict.fromkeys(present, 1.0 / max(len(present), 1))

    def _utilisation(self, nvml: Any, handle: Any, device: str) -> dict[int, float]:
        sums: dict[int, list[float]] = {}
        with suppress(Exception):
            for sample in nvml.nvmlDeviceGetProcessUtilization(handle, self._since.get(device, 0)):
                sums.setdefault(sample.pid, []).append(sample.smUtil / 100)
                self._since[device] = max(self._since.get(device, 0), sample.timeStamp)
        means = {pid: sum(values) / len(values) for pid, values in sums.items()}
        return {pid: mean for pid, mean in means.items() if mean > 0}
