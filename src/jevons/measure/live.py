"""Trackers that run at the same time on one machine, so that what they report adds up to it and never to more.

Each keeps a small file with its devices. A device's energy in an interval is shared equally among the trackers that
meter it then: integers, the remainder to the first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jevons.measure.home import home
from jevons.measure.journal import process_start

SUFFIX = ".live"


class Live:
    """This tracker's file among the others'."""

    def __init__(self, run: str, devices: Sequence[str], folder: Path | None = None):
        self.folder = folder or home() / "live"
        self.path = self.folder / f"{os.getpid()}-{run}{SUFFIX}"
        self._known: dict[str, tuple[int, frozenset[str]]] = {}
        text = json.dumps({"pid_start": process_start(os.getpid()), "devices": list(devices)})
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            staged = self.path.with_suffix(".new")
            staged.write_text(text)
            staged.replace(self.path)

    def place(self, device: str) -> tuple[int, int]:
        """(how many live trackers meter the device, this one's place among them), at least (1, 0)."""
        sharing = sorted(name for name, devices in self._others().items() if device in devices)
        if self.path.name not in sharing:
            return 1, 0
        return len(sharing), sharing.index(self.path.name)

    def close(self) -> None:
        """Leave."""
        with suppress(OSError):
            self.path.unlink()

    def _others(self) -> dict[str, frozenset[str]]:
        found = {}
        try:
            names = [entry.name for entry in os.scandir(self.folder) if entry.name.endswith(SUFFIX)]
        except OSError:
            return {}
        for name in names:
            devices = self._devices_of(name)
            if devices is not None:
                found[name] = devices
        return found

    def _devices_of(self, name: str) -> frozenset[str] | None:
        """The devices of a live tracker; None (and its file removed) where its process is gone."""
        pid = int(name.partition("-")[0])
        if name not in self._known:
            try:
                read = json.loads((self.folder / name).read_text())
                self._known[name] = (read["pid_start"], frozenset(read["devices"]))
            except (OSError, ValueError, KeyError):
                return None
        began, devices = self._known[name]
        if name != self.path.name and process_start(pid) != began:
            with suppress(OSError):
                (self.folder / name).unlink()
            return None
        return devices


def portion(energy_uj: int, sharers: int, place: int) -> int:
    """This tracker's part of an interval's energy: equal parts, the remainder to the first places."""
    part, rest = divmod(energy_uj, sharers)
    return part + (1 if place < rest else 0)
