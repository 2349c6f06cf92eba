"""Global warming potentials of the IPCC reports (package globalwarmingpotentials, CC0)."""

from __future__ import annotations

import csv
from pathlib import Path

from .packages import wheel
from .tables import Row, number

MEMBER = "globalwarmingpotentials/globalwarmingpotentials.csv"
GASES = {
    "CH4": "CH4", "N2O": "N2O", "SF6": "SF6", "NF3": "NF3", "CF4": "CF4", "C2F6": "C2F6", "HFC23": "HFC-23",
    "HFC32": "HFC-32", "HFC125": "HFC-125", "HFC134a": "HFC-134a", "HCFC22": "HCFC-22",
}  # fmt: skip
COLUMNS = {
    ("AR4", 100): "AR4GWP100",
    ("AR5", 100): "AR5GWP100",
    ("AR6", 100): "AR6GWP100",
    ("AR6", 20): "AR6GWP20",
}
PUBLISHED = {"AR4": "2007", "AR5": "2013", "AR6": "2021"}
SOURCE = "openclimatedata-gwp"


def build(cache: Path, others: list[Row]) -> list[Row]:
    """gwp.csv: the package's gases and the half-and-half blend, then the rows of other sources as they stand."""
    values = _species(cache)
    rows = [_row("CO2", key, 1.0, "by definition") for key in COLUMNS]
    for species, gas in GASES.items():
        rows += [
            _row(gas, key, values[species][column], _note(gas, key[0])) for key, column in COLUMNS.items()
        ]
    for key, column in COLUMNS.items():
        blend = (values["HFC32"][column] + values["HFC125"][column]) / 2
        rows.append(_row("R-410A", key, blend, "half HFC-32, half HFC-125 by mass"))
    return [*rows, *(row for row in others if row["source"].split(";")[0] != SOURCE)]


def _species(cache: Path) -> dict[str, dict[str, float]]:
    with wheel("globalwarmingpotentials", cache) as archive:
        lines = archive.read(MEMBER).decode().splitlines()
    table = csv.DictReader(line for line in lines if not line.startswith("#"))
    wanted = {row["Species"]: row for row in table if row["Species"] in GASES}
    return {name: {column: float(row[column]) for column in COLUMNS.values()} for name, row in wanted.items()}


def _row(gas: str, key: tuple[str, int], value: float, note: str) -> Row:
    assessment, horizon = key
    return {
        "id": f"{gas}-{assessment}-{horizon}".lower(), "gas": gas, "assessment": assessment,
        "horizon_years": str(horizon), "gwp": number(value), "year": PUBLISHED[assessment], "source": SOURCE,
        "quality": "21111", "note": note,
    }  # fmt: skip


def _note(gas: str, assessment: str) -> str:
    return "origin not told apart" if gas == "CH4" and assessment == "AR6" else ""
