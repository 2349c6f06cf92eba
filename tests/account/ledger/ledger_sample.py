"""Windows as a measured run gives them, and how a test reaches under the ledger to alter it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from jevons.core.activity import Activity
from jevons.core.uncertain import Draws

START_S = 1_767_225_600.0  # 2026-01-01, UTC
HOUR_S = 3600.0


def window(kwh: float = 1.0, hour: int = 0, draws: int = 100, **text: str) -> Activity:
    """An hour of an accelerator and its host, each with the error of its meter."""
    drawn = Draws(draws)
    at = {"start_s": START_S + hour * HOUR_S, "end_s": START_S + (hour + 1) * HOUR_S, "stage": "train", **text}
    return Activity.of(
        [{**at, "component": "accelerator", "device": "gpu0", "method": "counter", "boundary": "chip",
          "amount": kwh * drawn.multiplier(0.95, 1.05, "meter gpu0", "meter nvml")},
         {**at, "component": "host", "method": "modelled",
          "amount": kwh / 3 * drawn.multiplier(0.8, 1.3, "meter host", "meter model")}],
        drivers=dict(drawn.drivers), served={"run": 1.0},
    )  # fmt: skip


def unguarded(book: Any, *statements: str, **values: Any) -> None:
    """Change the record behind the ledger's back: its guards dropped, as whoever owns the database could."""
    with book.engine.begin() as connection:
        for name in ("entry", "spread", "closing"):
            for guard in ("no_update", "no_delete", "no_replace", "no_change", "no_truncate"):
                on = f" ON {name}" if connection.dialect.name == "postgresql" else ""
                connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {name}_{guard}{on}"))
        for statement in statements:
            connection.execute(sa.text(statement), values)


def told(book: Any) -> list[str]:
    """What verify finds."""
    return [str(trouble) for trouble in book.verify().troubles]
