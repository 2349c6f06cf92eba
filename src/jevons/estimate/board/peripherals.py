"""What surrounds the chip: display, camera, radio, storage and power supply, each a row that may be replaced.

    E = P · t   display, camera        E = bytes · 8 · e_bit   radio, storage        E_supply = E (1 / η − 1)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jevons.core import units
from jevons.core.errors import BadInput
from jevons.core.source import Assumption
from jevons.core.uncertain import Uncertain
from jevons.estimate.board.boards import EdgeBoard
from jevons.world import catalog

COLUMNS = {"display": ("power_w", "W"), "camera": ("power_w", "W"), "radio": ("j_per_bit", ""),
           "storage": ("j_per_bit", ""), "power_supply": ("efficiency", "")}  # fmt: skip
BITS_PER_GB = 8e9


@dataclass(frozen=True, slots=True)
class Peripheral:
    """A peripheral in use: its value in W, J/bit or as an efficiency, and what had to be assumed."""

    kind: str
    name: str
    value: Uncertain
    assumptions: tuple[Assumption, ...] = ()


def peripheral(kind: str, given: Any, board: EdgeBoard, usual: bool = True) -> Peripheral | None:
    """The peripheral of a board that is meant: ``given`` None (the usual one of its class where ``usual``), True (the
    usual one), False (none), the id of a row, or a value of one's own (W, J/bit, efficiency).

    One that the board's own measurement already saw is not added again unless it is named. Errors: UnknownName,
    BadInput for a value that cannot be.
    """
    if given is False or (given is None and (not usual or kind in board.includes)):
        return None
    if given is None or given is True:
        row = _usual(kind, board.kind, required=given is True)
        return None if row is None else _of_row(kind, row, "usual for its class")
    if isinstance(given, str) and not given[:1].isdigit():
        return _of_row(kind, _named(kind, given), "")
    value = float(units.read(given, COLUMNS[kind][1], kind))
    if kind == "power_supply" and not 0 < value <= 1:
        raise BadInput(kind, given, "give an efficiency above 0 and at most 1")
    return Peripheral(kind, "given", Uncertain(value, value, value))


def supply_loss_j(energy_j: Any, efficiency: Any) -> Any:
    """J lost in a supply that delivers ``energy_j``: E (1 / η − 1)."""
    return energy_j * (1 / efficiency - 1)


def moved_j(gigabytes: Any, joules_per_bit: Any) -> Any:
    """J of moving data: bytes · 8 · joule a bit."""
    return gigabytes * BITS_PER_GB * joules_per_bit


def _usual(kind: str, board_class: str, required: bool) -> catalog.Row | None:
    rows = catalog.table("edge_peripherals").where(kind=kind, default="yes")
    fitting = [row for row in rows if row["class"] in (board_class, "any")]
    if not fitting and required:
        raise BadInput(kind, True, f"no usual one for a {board_class}; name one of {', '.join(r['id'] for r in rows)}")
    return fitting[0] if fitting else None


def _named(kind: str, name: str) -> catalog.Row:
    row, _ = catalog.table("edge_peripherals").find(name)
    if row["kind"] != kind:
        raise BadInput(kind, name, f"that row is a {row['kind']}")
    return row


def _of_row(kind: str, row: catalog.Row, why: str) -> Peripheral:
    value, gsd = float(row[COLUMNS[kind][0]]), float(row["gsd"])
    spread = Uncertain.lognormal(value, gsd, f"{kind} {row['id']}")
    if kind == "power_supply":
        spread = Uncertain(spread.low, value, min(spread.high, 1.0), spread.key)
    note = (Assumption(kind.replace("_", " "), f"{value:g} {COLUMNS[kind][1]}".strip(), f"{row['name']}, {why}",
                       row["source"]),) if why else ()  # fmt: skip
    return Peripheral(kind, row["name"], spread, note)
