"""What the tests of ``jevons report`` share: a contract ledger's head, a log of CodeCarbon, a kept figure."""

from __future__ import annotations

import json

HEAD = "kind,id,mwh,zone,vintage,fuel,retirement,start,end,site,used_mwh,intensity"
CODECARBON = (
    "timestamp,project_name,run_id,duration,emissions,cpu_power,gpu_power,ram_power,cpu_energy,gpu_energy,ram_energy,energy_consumed,"
    "country_name,country_iso_code\n"
)  # fmt: skip
RUN = "2023-03-01T0{hour}:00:00,p,{run},3600,0.5,40,300,10,0.08,0.6,0.02,0.7,France,FRA\n"


def tracked(*runs):
    return CODECARBON + "".join(RUN.format(hour=hour, run=run) for hour, run in runs)


def climate(path):
    return json.loads(path.read_text())["footprint"]["indicators"]["climate"]["best"]
