"""Slurm's acct_gather_energy: the node's power (``scontrol show node``) and a job's energy (``ConsumedEnergyRaw``).

What stands behind it (IPMI, RAPL, pm_counters) is the site's choice: RAPL sees the chips alone, IPMI the server.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable

from jevons.core.errors import BadInput
from jevons.core.units import UJ_PER_J
from jevons.measure.counter import Counter, Integrator
from jevons.measure.sensor import Meter
from jevons.measure.sensors.channel import Channel, Channels, Polled

NO_VALUE = (4294967294, 18446744073709551614)
"""How Slurm writes "no value" in 32 and 64 bits."""
BOUNDARIES = {"acct_gather_energy/ipmi": "server", "acct_gather_energy/xcc": "server", "acct_gather_energy/pm_counters": "server",
              "acct_gather_energy/rapl": "chip", "acct_gather_energy/gpu": "chip"}  # fmt: skip


def node_power_w(answer: str) -> float | None:
    """CurrentWatts of ``scontrol show node``; None for n/s, 0 and Slurm's "no value"."""
    found = re.search(r"\bCurrentWatts=(\d+)\b", answer)
    return float(found[1]) if found and int(found[1]) not in (0, *NO_VALUE) else None


def job_energy_j(answer: str) -> int | None:
    """The sum of ConsumedEnergyRaw over the steps that ``sstat --parsable2 --noheader`` prints; None where none states it."""
    steps = [int(word) for word in answer.split() if word.isdigit() and int(word) not in (0, *NO_VALUE)]
    return sum(steps) if steps else None


def gatherer(answer: str) -> str:
    """The plug-in that ``scontrol show config`` names; "" where energy is not gathered."""
    found = re.search(r"^AcctGatherEnergyType\s*=\s*(\S+)", answer, re.MULTILINE)
    return "" if found is None or found[1] in ("(null)", "acct_gather_energy/none") else found[1]


def node(name: str = "") -> Channels:
    """A sensor of this node's power; BadInput where Slurm gathers none."""
    words = ("scontrol", "show", "node", name or os.environ.get("SLURMD_NODENAME") or os.uname().nodename)
    return _sensor(lambda: node_power_w(_run(words)), "slurm-node", Integrator(), "integrated")


def job(job_id: str = "") -> Channels:
    """A sensor of a job's own energy; BadInput where Slurm gathers none."""
    number = job_id or os.environ.get("SLURM_JOB_ID", "")
    words = ("sstat", "--allsteps", "--noheader", "--parsable2", "--format=ConsumedEnergyRaw", "-j", number)
    return _sensor(lambda: _joules(job_energy_j(_run(words))), f"slurm-job-{number}", Counter(), "counter")


def _joules(read: int | None) -> int | None:
    return None if read is None else read * UJ_PER_J


def _sensor(ask: Callable[[], float | None], device: str, into: Counter | Integrator, method: str) -> Channels:
    try:
        kind = gatherer(_run(("scontrol", "show", "config")))
        polled = Polled(ask, 10.0)
    except (OSError, subprocess.SubprocessError) as trouble:
        raise BadInput("slurm", str(trouble), "run inside a Slurm job, with scontrol and sstat on the PATH") from None
    if kind not in BOUNDARIES:
        polled.close()
        raise BadInput("slurm", kind or "none", "set AcctGatherEnergyType in slurm.conf")
    meter = Meter(device, "system", BOUNDARIES[kind], method, "slurm", note=kind)
    return Channels([Channel(meter, polled, into)], polled.close)


def _run(words: tuple[str, ...]) -> str:
    return subprocess.run(words, capture_output=True, text=True, timeout=10, check=True).stdout
