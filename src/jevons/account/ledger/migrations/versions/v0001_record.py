"""The record: entries, spreads, the chain of closed runs, and the triggers that guard them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jevons.account.ledger import schema

revision, down_revision = "0001", None
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the append-only tables."""
    op.create_table(
        "entry",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("sequence", sa.Integer),
        sa.Column("version", sa.Integer),
        sa.Column("at_s", sa.Float(53), nullable=False),
        sa.Column("written_by", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("run", "position", name="entry_position"),
    )
    op.create_index("entry_window", "entry", ["run", "kind", "sequence", "version"])
    op.create_table(
        "spread",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("draws", sa.Integer, nullable=False),
        sa.Column("low", sa.Float(53), nullable=False),
        sa.Column("high", sa.Float(53), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "closing",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("at_s", sa.Float(53), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("closing_run", "closing", ["run"])
    for statement in schema.guards(op.get_bind().dialect.name):
        op.execute(statement)
