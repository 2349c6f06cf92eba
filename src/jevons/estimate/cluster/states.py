"""Whether weights and optimiser states fit the memory of all devices together, where no layout is known.

    full     16 N bytes: 2 weights, 2 gradients, 12 Adam in mixed precision      (Rajbhandari et al. 2020, arXiv 1910.02054)
    lora      2 N bytes: frozen weights in 16 bits                               (Hu et al. 2021, arXiv 2106.09685)
    qlora   0.5 N bytes: frozen weights in 4 bits                                (Dettmers et al. 2023, arXiv 2305.14314)

Activations come on top, so what fails this cannot run without offloading; what passes it may still not fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.source import Assumption
from jevons.world.hardware import Device

BYTES = {"full": 16.0, "lora": 2.0, "qlora": 0.5}


def shortage(params: Any, method: str, device: Device, n: Any) -> tuple[Assumption, ...]:
    """The note that the states of ``params`` parameters exceed the memory of ``n`` devices; empty where they fit."""
    if n is None or not device.memory_gb:
        return ()
    needed, there = np.broadcast_arrays(BYTES[method] * np.asarray(params, float) / units.BYTES_PER_GB, device.memory_gb * np.asarray(n, float))
    if np.all(needed <= there):
        return ()
    at = int(np.argmax(needed - there))
    what = "weights, gradients and optimiser states" if method == "full" else "the frozen weights"
    return (Assumption("memory", f"offloaded or other devices: {what} take {needed.flat[at]:.0f} GB, there are {there.flat[at]:.0f}",
                       f"they do not fit {device.name}; its hours hold no offloading", "jevons-rule"),)  # fmt: skip
