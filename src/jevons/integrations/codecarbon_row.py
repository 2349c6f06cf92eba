"""A run as CodeCarbon's row: energies hold the PUE, powers do not, emissions are those of the electricity."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from copy import copy
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from jevons import __version__
from jevons.core import units
from jevons.integrations.codecarbon_output import EmissionsData
from jevons.integrations.codecarbon_place import Where, site

if TYPE_CHECKING:
    from jevons.core.activity import Activity
    from jevons.measure import Run
    from jevons.measure.sensor import Meter

PARTS = {"cpu": "processor", "gpu": "accelerator", "ram": "memory"}
INDICATORS = ("energy", "climate", "water_on_site")


class Rows:
    """Writes rows for one tracker: what never changes is asked once."""

    def __init__(self, options: SimpleNamespace, place: Where, run_id: str):
        from jevons.measure.sensors import model

        self.options, self.place, self.run_id = options, place, run_id
        self._load = model.Load(Path("/proc/stat"))
        self._site: Any = None
        self.fixed: dict[str, Any] = {
            "project_name": options.project_name, "run_id": run_id, "experiment_id": options.experiment_id,
            "country_name": place.country, "country_iso_code": place.iso3, "region": place.region,
            "cloud_provider": place.provider, "cloud_region": place.cloud_region, "on_cloud": "Y" if place.provider else "N",
            "os": platform.platform(), "python_version": platform.python_version(),
            "codecarbon_version": f"jevons {__version__}", "cpu_count": os.cpu_count() or 0,
            "cpu_model": model.processor_name()[0], "longitude": None, "latitude": None,
            "ram_total_size": model.memory_gb() / units.UNITS["GiB"][1], "tracking_mode": options.tracking_mode,
            "pue": options.pue, "wue": options.wue,
        }  # fmt: skip

    def row(self, run: Run, activity: Activity, duration_s: float) -> EmissionsData:
        """The row of an activity of the run that lasted so long."""
        kwh = {part: float(amount[0]) for part, amount in activity.by("component").items()}
        power_w = {f"{name}_power": mean_power_w(kwh.get(part, 0.0), duration_s) for name, part in PARTS.items()}
        supplied = {part: float(amount[0]) for part, amount in (activity * self.options.pue).by("component").items()}
        energy = {f"{name}_energy": supplied.get(part, 0.0) for name, part in PARTS.items()}
        total = self._totals(activity)
        stamp = datetime.now().strftime("%Y-%m-%dT%H:%M:%S")
        rate = total["emissions"] / duration_s if duration_s else 0.0
        told: dict[str, Any] = {**self.fixed, **total, **power_w, **energy, **self.gpus(run.meters), **self._used()}
        return EmissionsData(timestamp=stamp, duration=duration_s, emissions_rate=rate, **told)

    def _totals(self, activity: Activity) -> dict[str, float]:
        """kg, kWh and L at the tracker's site; nothing used is nothing emitted."""
        import jevons

        names = ("energy_consumed", "emissions", "water_consumed")
        if not len(activity):
            return dict.fromkeys(names, 0.0)
        self._site = self._site or site(self.options, self.place)
        priced = jevons.footprint(activity, self._site, jevons.Study(indicators=INDICATORS))
        return {name: float(priced.best(i)) for name, i in zip(names, INDICATORS)}

    def gpus(self, meters: Sequence[Meter]) -> dict[str, Any]:
        """The GPUs that are metered, as its columns tell them."""
        models = [m.note.partition(",")[0] or m.device for m in meters if m.component == "accelerator"]
        shown = [f"{models.count(name)} x {name}" for name in dict.fromkeys(models)]
        return {"gpu_count": len(models), "gpu_model": "; ".join(shown), "gpu_utilization_percent": None if models else 0.0}

    def _used(self) -> dict[str, float | None]:
        """Processor load since the tracker was made, memory now; None where the machine does not say."""
        load = copy(self._load)()
        try:
            import psutil  # type: ignore[import-untyped]

            memory = psutil.virtual_memory()
        except Exception:
            return {"cpu_utilization_percent": None, "ram_utilization_percent": None, "ram_used_gb": None}
        return {"cpu_utilization_percent": None if load is None else 100 * load, "ram_utilization_percent": memory.percent,
                "ram_used_gb": memory.used / units.BYTES_PER_GB / units.UNITS["GiB"][1]}  # fmt: skip


def mean_power_w(energy_kwh: float, duration_s: float) -> float:
    """P̄ = E / t, in W."""
    return energy_kwh * units.JOULES_PER_KWH / duration_s if duration_s else 0.0
