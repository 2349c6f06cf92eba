"""Runs and their tags, drawn from the record so that a million of them are listed, filtered and summed at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jevons.account.ledger.drawn import draw_all

revision, down_revision = "0002", "0001"
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, and draw the runs that the record holds already."""
    numbers = ("climate_kg", "water_l", "cost_usd")
    op.create_table(
        "run",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("started_s", sa.Float(53)),
        sa.Column("energy_kwh", sa.Float(53), nullable=False),
        *(sa.Column(name, sa.Float(53)) for name in numbers),
        sa.Column("stale", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("project", "owner")),
        *(sa.Column(name, sa.Float(53)) for name in ("ended_s", "supplied_kwh", "climate_low_kg", "climate_high_kg")),
        *(sa.Column(name, sa.Integer, nullable=False)
          for name in ("entries", "windows", "last_sequence", "changed", "priced", "sealed")),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("run", sa.Text, nullable=False, unique=True),
        sa.Column("factor_set", sa.Text, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
    )  # fmt: skip
    op.create_index("run_started", "run", ["kind", "started_s"])
    summed = ["kind", "project", "started_s", "owner", "energy_kwh", "climate_kg", "water_l", "cost_usd", "stale"]
    op.create_index("run_project", "run", summed)
    op.create_table(
        "run_tag",
        sa.Column("run_id", Number, sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("tag", sa.Text, primary_key=True),
    )
    op.create_index("run_tag_tag", "run_tag", ["tag", "run_id"])
    draw_all(op.get_bind())
