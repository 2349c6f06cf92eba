"""Trees and libraries that stand in for hardware: what a sensor reads, written by hand."""

from __future__ import annotations

import types
from pathlib import Path


def write_tree(root: Path, files: dict[str, str]) -> Path:
    """Write small files under ``root``."""
    for name, said in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(said + "\n")
    return root


def powercap(root: Path, zones: dict[str, tuple[str, int]], range_uj: int = 262_143_328_850) -> Path:
    """A powercap tree: {zone: (name, counter)}; returns its folder."""
    folder = root / "sys/class/powercap"
    for zone, (name, energy_uj) in zones.items():
        write_tree(folder / zone, {"name": name, "energy_uj": str(energy_uj), "max_energy_range_uj": str(range_uj)})
    return folder


class FakeNvml(types.ModuleType):
    """Two cards as pynvml shows them. ``counter``: millijoules, or None where the card has no counter."""

    NVML_FI_DEV_POWER_AVERAGE, NVML_FI_DEV_POWER_INSTANT, NVML_POWER_SCOPE_GPU = 185, 186, 0

    class NVMLError(Exception):
        """What NVML raises."""

    def __init__(self, counter=1000, power_mw=100_000, fields=True, mig=(), root=None):
        super().__init__("pynvml")
        self.counter, self.power_mw, self.fields, self.mig, self.root = counter, power_mw, fields, list(mig), root
        self.uuids = ["GPU-aaaa1111", "GPU-bbbb2222"]
        self.asked = []

    def _alive(self):
        if self.root is not None and not self.root.exists():
            raise self.NVMLError("GPU is lost")

    def nvmlInit(self): ...

    def nvmlShutdown(self): ...

    def nvmlDeviceGetCount(self):
        return len(self.uuids)

    def nvmlDeviceGetHandleByIndex(self, index):
        return self.uuids[index]

    def nvmlDeviceGetUUID(self, handle):
        return handle

    def nvmlDeviceGetName(self, handle):
        return "NVIDIA H100"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        self._alive()
        if self.counter is None:
            raise self.NVMLError("Not Supported")
        return self.counter

    def nvmlDeviceGetPowerUsage(self, handle):
        self._alive()
        if self.power_mw is None:
            raise self.NVMLError("Not Supported")
        return self.power_mw

    def nvmlDeviceGetFieldValues(self, handle, wanted):
        self._alive()
        if self.power_mw is None or not self.fields:
            raise self.NVMLError("Not Supported")
        self.asked += wanted
        value = types.SimpleNamespace(uiVal=self.power_mw)
        return [types.SimpleNamespace(nvmlReturn=0, value=value) for _ in wanted]

    def nvmlDeviceGetMigMode(self, handle):
        if not self.mig:
            raise self.NVMLError("Not Supported")
        return [1, 1] if handle == self.uuids[0] else [0, 0]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle):
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle, index):
        if index >= len(self.mig):
            raise self.NVMLError("Not Found")
        return self.mig[index][0]

    def nvmlDeviceGetAttributes_v2(self, handle):
        return types.SimpleNamespace(gpuInstanceSliceCount=dict(self.mig)[handle])


class FakeAmdsmi(types.ModuleType):
    """One card as amdsmi shows it."""

    def __init__(self, root=None):
        super().__init__("amdsmi")
        self.root, self.ticks, self.resolution, self.power_w = root, 1000, 15.259, 100

    def amdsmi_init(self): ...

    def amdsmi_shut_down(self): ...

    def amdsmi_get_processor_handles(self):
        return ["gpu0"]

    def amdsmi_get_gpu_device_uuid(self, handle):
        return "uuid-0"

    def amdsmi_get_energy_count(self, handle):
        if self.root is not None and not self.root.exists():
            raise RuntimeError("lost")
        return {"energy_accumulator": self.ticks, "counter_resolution": self.resolution, "timestamp": 0}

    def amdsmi_get_power_info(self, handle):
        return {"current_socket_power": "N/A", "average_socket_power": self.power_w}
