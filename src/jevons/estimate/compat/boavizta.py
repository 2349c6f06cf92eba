"""BoaviztAPI: embodied carbon of a GPU from its parts, and the share of it that falls to some hours.

Formulas of its documentation, page "GPU"; factors are rows of compat_constant (kg CO2e).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jevons.estimate.compat.rows import constant

VERSION = "2.4"
MM2_PER_CM2 = 100.0


def effective_area_mm2(die_mm2: Any) -> Any:
    """Wafer area a working die uses up, in mm².

    a = (√die + kerf)²; dies a wafer N = W/a − π d / √(2a); area W/N over the yield exp(−√(a · 0.1/cm²)).
    W: area of a wafer of diameter d = 300 mm; kerf 0.2 mm.
    """
    diameter = constant("boavizta/wafer")
    wafer = np.pi * (diameter / 2) ** 2
    cut = (np.sqrt(die_mm2) + constant("boavizta/kerf")) ** 2
    dies = wafer / cut - np.pi * diameter / np.sqrt(2 * cut)
    return wafer / dies / np.exp(-np.sqrt(cut / MM2_PER_CM2 * constant("boavizta/defects")))


def vram_area_mm2(vram_gb: Any, dies: Any) -> Any:
    """Effective area of all memory dies: each has 15.5 mm²/GB · GB / dies."""
    return effective_area_mm2(vram_gb * constant("boavizta/vram-area") / dies) * dies


def gpu_kg(die_mm2: Any = None, vram_gb: Any = None, vram_dies: Any = None, board_cm2: Any = None,
           weight_kg: Any = None, heatsink_kg: Any = None, casing_kg: Any = None) -> Any:  # fmt: skip
    """kg CO2e of one card: casing + heatsink + board + die + memory + transports + end of life.

    What is not given is its archetype's (an H100-class card). ``die_mm2``: as drawn, before wafer losses.
    """
    given = {"die": die_mm2, "vram": vram_gb, "vram-dies": vram_dies, "board": board_cm2, "weight": weight_kg,
             "heatsink": heatsink_kg, "casing": casing_kg}  # fmt: skip
    card = {k: constant(f"boavizta/card-{k}") if v is None else v for k, v in given.items()}
    way = sum(constant(f"boavizta/gpu-{by}") * constant(f"boavizta/card-{by}") for by in ("truck", "boat", "plane"))
    per_kg = constant("boavizta/gpu-upstream") + constant("boavizta/gpu-end-of-life") + way
    return (
        constant("boavizta/gpu-casing") * card["casing"]
        + constant("boavizta/gpu-heatsink") * card["heatsink"]
        + constant("boavizta/gpu-board") * card["board"]
        + constant("boavizta/gpu-die") * effective_area_mm2(card["die"])
        + constant("boavizta/gpu-vram") * vram_area_mm2(card["vram"], card["vram-dies"])
        + per_kg * card["weight"]
    )


def allocated_kg(embodied_kg: Any, hours: Any) -> Any:
    """Its default allocation: embodied · hours / life, a GPU's life being 26,280 h."""
    return embodied_kg * hours / constant("boavizta/life")
