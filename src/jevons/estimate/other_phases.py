"""The phases around training: data preparation, storage, network transfer, experimentation.

    storage     E = TB · months · 730.5 h · P_medium · replicas      transfer  E = GB · kWh per GB
    experiments E = (k − 1) · E_final                                 k: development over the final run
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from jevons.core import units
from jevons.core.activity import Activity, beside
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Draws, Uncertain
from jevons.estimate.generic import generic
from jevons.world import catalog
from jevons.world.catalog import Row
from jevons.world.defaults import default

HOURS_PER_MONTH = units.HOURS_PER_YEAR / 12


def storage_energy_kwh(terabytes: Any, months: Any, power_w_per_tb: Any, replicas: Any = 1) -> Any:
    """E = TB · months · 730 h · P / 1000 · replicas, in kWh; arrays broadcast."""
    return terabytes * months * HOURS_PER_MONTH * power_w_per_tb / 1000.0 * replicas


def storage(terabytes: Any, months: Any, *, medium: str = "hdd", replicas: Any = 1, stage: str = "storage",
            draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of keeping ``terabytes`` (a number of TB, or text such as "500 GB") for ``months``.

    ``medium``: hdd, ssd or dram. The drives' making is counted over their life. Errors: BadInput, UnknownName.
    """
    row = _one_of("storage_media", "medium", medium)
    size = units.read(terabytes, "TB", "terabytes")
    time, copies = units.read(months, "month", "months"), units.read(replicas, "", "replicas")
    sampler = Draws(draws, seed)
    power = Uncertain.lognormal(float(row["power_w_per_tb"]), float(row["power_gsd"]), f"power of {row['id']}")
    energy = storage_energy_kwh(_draw(size), _draw(time), sampler.of(power), _draw(copies))
    held = _draw(size) * _draw(time) * HOURS_PER_MONTH * _draw(copies)
    common = {"stage": stage, "tier": "physics"}
    rows = [
        {**common, "component": medium, "amount": energy, "lifecycle": "operation"},
        {**common, "component": f"{medium} manufacture", "flow": f"device_hours/storage:{row['id']}", "amount": held,
         "lifecycle": "manufacture"},
    ]  # fmt: skip
    note = Assumption(f"power of {medium}", f"{row['power_w_per_tb']} W/TB", "usual for the medium", row["source"])
    served = {"TB month": _draw(size) * _draw(time)}
    return Activity.of(rows, served=served, assumptions=(note,), drivers=dict(sampler.drivers), seed=seed)


def transfer(gigabytes: Any, *, accounting: str = "average", what: str | None = None, stage: str = "network",
             draws: int = 1000, seed: int = 0) -> Activity:  # fmt: skip
    """Activity of moving ``gigabytes`` (a number of GB, or text such as "3 TB") over a network.

    ``accounting``: average shares out the whole network, marginal counts what one GB more changes; they never mix.
    ``what``: the id of a row of network_transfer. Errors: BadInput, UnknownName.
    """
    if accounting not in ("average", "marginal"):
        raise BadInput("accounting", accounting, "choose average or marginal")
    if what is not None:
        row, _ = catalog.table("network_transfer").find(what)
    else:
        row = _one_of("network_transfer", "accounting", accounting)
    sampler = Draws(draws, seed)
    per_gb = Uncertain.lognormal(float(row["kwh_per_gb"]), float(row["gsd"]), f"energy a GB by {row['id']}")
    size = units.read(gigabytes, "GB", "gigabytes")
    note = Assumption("energy of the network", f"{row['kwh_per_gb']} kWh/GB ({accounting})", row["what"], row["source"])
    moved = {"stage": stage, "component": "network", "boundary": "facility", "cooling": "none", "tier": "physics",
             "amount": _draw(size) * sampler.of(per_gb), "lifecycle": "operation"}  # fmt: skip
    return Activity.of([moved], served={"GB": _draw(size)}, assumptions=(note,), drivers=dict(sampler.drivers),
                       seed=seed)  # fmt: skip


def experimentation(final: Activity, multiplier: Any = None, *, seed: int | None = None) -> Activity:
    """Activity of the trials around a final run: (k − 1) times it, k the development multiplier.

    ``multiplier``: whole development over the final run; by default 2 (1.5 to 5.6 published). Errors: BadInput
    for a multiplier under 1.
    """
    sampler = Draws(max(final.amount.shape[-1] - 1, 0), final.seed if seed is None else seed)
    usual = default("development-multiplier")
    notes: tuple[Assumption, ...] = ()
    if multiplier is None:
        more = Uncertain(usual.low - 1, usual.value - 1, usual.high - 1, usual.id)
        trials, notes = sampler.of(more), (usual.assumed(),)
    else:
        trials = sampler.of(units.read(multiplier, "", "multiplier", minimum=1.0) - 1.0)
    again = replace(final, amount=beside(final.amount, trials) * trials, served={}, drivers={**final.drivers, **sampler.drivers})
    return again.label(stage="experimentation").assume(*notes)


def data_preparation(hours: Any, **machine: Any) -> Activity:
    """Activity of collecting, filtering and tokenising data: a generic computation under the stage "data"."""
    return generic(hours, **{"stage": "data", **machine})


def _draw(value: Any) -> Any:
    return np.asarray(value, float)[..., None]


def _one_of(table: str, column: str, word: str) -> Row:
    rows = catalog.table(table).where(**{column: word, "default": "yes"})
    if not rows:
        have = sorted({r[column] for r in catalog.table(table)})
        raise BadInput(column, word, f"choose one of {', '.join(have)}")
    return rows[0]
