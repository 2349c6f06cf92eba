"""How busy the processors are, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path


class Load:
    """Share of processor time that was not idle since the last call, from the first line of /proc/stat."""

    def __init__(self, file: Path):
        self.file, self.before, self.last = file, _jiffies(file), 0.0

    def __call__(self) -> float | None:
        """0 to 1; the last share again where no tick has passed; None where the file cannot be read."""
        now, before = _jiffies(self.file), self.before
        self.before = now
        if now is None or before is None:
            return None
        whole = now[0] - before[0]
        if whole > 0:
            self.last = min(max((now[1] - before[1]) / whole, 0.0), 1.0)
        return self.last


def _jiffies(file: Path) -> tuple[int, int] | None:
    """(all, busy) processor time in ticks; waiting for a disk is idle, a guest's time is already in its host's."""
    try:
        with file.open("rb") as handle:
            fields = [int(x) for x in handle.readline().split()[1:9]]
    except (OSError, ValueError):
        return None
    if len(fields) < 5:
        return None
    whole = sum(fields)
    return whole, whole - fields[3] - fields[4]
