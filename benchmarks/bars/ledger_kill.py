"""Writers of one ledger killed at random: what was acknowledged is there once, whatever was killed when.

Half of the writers share a run, half have their own. One that was killed starts again a little before its last word, as a
retry would; a batch it had kept but not yet acknowledged is sent again.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SHARED = "shared"
OVERLAP = 25
MOST_BATCH = 8
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Killed:
    """What came of it: windows asked for, acknowledged, lost (acknowledged, yet absent) and doubled; and the ledger's check."""

    asked: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    absent: int = 0
    kills: int = 0
    troubles: list[str] = field(default_factory=list)


def key(writer: int, row: int, rows: int) -> tuple[str, int]:
    """The (run, sequence) of a writer's row."""
    return (SHARED, writer * rows + row) if writer % 2 else (f"own-{writer}", row)


def energy(writer: int, row: int) -> float:
    """The kWh of a writer's row: a power of two apart, so that any sum of them is exact."""
    return (1 + writer * 4096 + row) / 4096


def write(place: str, writer: int, rows: int, acknowledged: Path, seed: int) -> None:
    """Append a writer's rows in batches of a few, and put each batch's last row down once it was acknowledged."""
    from jevons.account.ledger import ledger
    from jevons.account.ledger.append import Window
    from jevons.core.activity import Activity

    done = max((int(line) for line in acknowledged.read_text().split()), default=0) if acknowledged.exists() else 0
    row, chance = max(done - OVERLAP, 0), random.Random(seed)
    book = ledger(place)
    handle = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while row < rows:
        batch = range(row + 1, min(row + chance.randint(1, MOST_BATCH), rows) + 1)
        book.append_all([Window(*key(writer, i, rows), Activity.of([{"amount": energy(writer, i), "start_s": 1e9, "end_s": 1e9 + 1}]))
                         for i in batch])  # fmt: skip
        row = batch[-1]
        os.write(handle, f"{row}\n".encode())


def killed(place: str, writers: int = 8, rows: int = 1000, kills: int = 20, seed: int = 0, pause_s: Sequence[float] = (0.05, 0.6)) -> Killed:
    """Run the writers, kill one at a random moment ``kills`` times, let all of them end, and count."""
    from jevons.account.ledger import ledger

    ledger(place)
    chance, found = random.Random(seed), Killed(asked=writers * rows)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, str(i)) for i in range(writers)]
        running = {i: _started(place, i, rows, files[i], chance.random()) for i in range(writers)}
        while found.kills < kills:
            time.sleep(chance.uniform(*pause_s))
            alive = [i for i, process in running.items() if process.poll() is None]
            if not alive:
                break
            unlucky = chance.choice(alive)
            running[unlucky].kill()
            running[unlucky].wait()
            found.kills += 1
            running[unlucky] = _started(place, unlucky, rows, files[unlucky], chance.random())
        for process in running.values():
            if process.wait():
                found.troubles.append(f"a writer ended with {process.returncode}")
        last = [max((int(line) for line in file.read_text().split()), default=0) for file in files]
    return _counted(found, place, last, rows)


def _started(place: str, writer: int, rows: int, file: Path, seed: float) -> subprocess.Popen[bytes]:
    words = ["write", place, writer, rows, file, int(seed * 1e9)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-m", "benchmarks.bars.ledger_kill", *map(str, words)], cwd=ROOT, env=environment)


def _counted(found: Killed, place: str, last: Sequence[int], rows: int) -> Killed:
    import sqlalchemy as sa

    from jevons.account.ledger import ledger
    from jevons.account.ledger.schema import entry

    book = ledger(place)
    with book.reading() as connection:
        told = connection.execute(sa.select(entry.c.run, entry.c.sequence).where(entry.c.kind == "activity")).all()
    held = {tuple(row) for row in told}
    found.acknowledged, found.doubled = sum(last), len(told) - len(held)
    found.lost = sum(key(writer, row, rows) not in held for writer, done in enumerate(last) for row in range(1, done + 1))
    found.absent = found.asked - len(held)
    whole = sum(run.energy_kwh for run in book.runs(limit=None))
    if not found.absent and whole != sum(energy(w, r) for w in range(len(last)) for r in range(1, rows + 1)):
        found.troubles.append(f"energies sum to {whole}")
    found.troubles += map(str, book.verify().troubles)
    return found


def main(words: Sequence[Any]) -> None:
    """``write PLACE WRITER ROWS FILE SEED``: be one of the writers."""
    _, place, writer, rows, file, seed = words
    write(place, int(writer), int(rows), Path(file), int(seed))


if __name__ == "__main__":
    main(sys.argv[1:])
