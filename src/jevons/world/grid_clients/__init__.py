"""Carbon intensity from those who publish it by the hour. The only rooms of jevons that open a socket, and only when asked.

Each client answers the same protocol (``GridClient``): ``latest``, ``history`` and ``forecast`` of a zone, as a Signal whose
missing values stay missing. ``live`` watches one beside a run; ``SignalPlace`` prices with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["CsvFile", "ElectricityMaps", "Entsoe", "GridClient", "GridUnavailable", "Point", "Signal", "SignalPlace",
           "UnitedKingdom", "WattTime", "live"]  # fmt: skip

_WHERE = {"CsvFile": "csv_file", "ElectricityMaps": "electricity_maps", "Entsoe": "entsoe", "UnitedKingdom": "uk",
          "WattTime": "watttime", "GridUnavailable": "fetch", "GridClient": "signal", "Point": "signal", "Signal": "signal", "SignalPlace": "place",
          "live": "place"}  # fmt: skip

if TYPE_CHECKING:
    from jevons.world.grid_clients.csv_file import CsvFile
    from jevons.world.grid_clients.electricity_maps import ElectricityMaps
    from jevons.world.grid_clients.entsoe import Entsoe
    from jevons.world.grid_clients.fetch import GridUnavailable
    from jevons.world.grid_clients.place import SignalPlace, live
    from jevons.world.grid_clients.signal import GridClient, Point, Signal
    from jevons.world.grid_clients.uk import UnitedKingdom
    from jevons.world.grid_clients.watttime import WattTime


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
