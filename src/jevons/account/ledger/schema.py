"""The tables of the ledger, and the triggers by which the database itself refuses to change what was written."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)  # fmt: skip

HEAD = "0002"
"""The version of the newest migration; an older ledger is upgraded only when asked, a newer one is refused."""
MARK = "@"
"""Names that begin so are the ledger's own chains: no runs, never listed or summed."""
OWN = f"{MARK}ledger"
"""The chain that holds what concerns the ledger as a whole: locks, sign-offs, base year, budgets."""
HASH = 64

metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")

entry = Table(
    "entry", metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("run", Text, nullable=False),
    Column("position", Integer, nullable=False),  # from 1 on, without a gap in a run
    Column("kind", String(16), nullable=False),  # open, label, activity, footprint, close; lock, sign-off ... of the ledger
    Column("sequence", Integer),  # of an activity: the window's number; (run, sequence) tells it from all others
    Column("version", Integer),  # of an activity: 1, then one more for each correction; the greatest stands
    Column("at_s", Float(53), nullable=False),
    Column("written_by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON, hashed as it stands here
    Column("previous", String(HASH), nullable=False),
    Column("hash", String(HASH), nullable=False),
    UniqueConstraint("run", "position", name="entry_position"),
    Index("entry_window", "run", "kind", "sequence", "version"),
)  # fmt: skip

spread = Table(
    "spread", metadata,
    Column("hash", String(HASH), primary_key=True),
    Column("draws", Integer, nullable=False),
    Column("low", Float(53), nullable=False),  # 5 and 95 % of the multiplier, for queries
    Column("high", Float(53), nullable=False),
    Column("data", LargeBinary, nullable=False),  # multipliers about the best estimate, little-endian float32
)  # fmt: skip

closing = Table(
    "closing", metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("run", Text, nullable=False),
    Column("entries", Integer, nullable=False),  # position of the run's entry whose hash is sealed here
    Column("head", String(HASH), nullable=False),
    Column("at_s", Float(53), nullable=False),
    Column("previous", String(HASH), nullable=False),
    Column("hash", String(HASH), nullable=False),
    Index("closing_run", "run"),
)  # fmt: skip

RECORD = (entry, spread, closing)

SUMMED = ("kind", "project", "started_s", "owner", "energy_kwh", "climate_kg", "water_l", "cost_usd", "stale")
run = Table(  # drawn from the entries; what is summed stands first, for a row is read from the left
    "run", metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("started_s", Float(53)),
    Column("energy_kwh", Float(53), nullable=False),  # as metered or estimated, before the facility's overhead
    Column("climate_kg", Float(53)),  # of the footprint that stands; null where none was priced
    Column("water_l", Float(53)),
    Column("cost_usd", Float(53)),
    Column("stale", Integer, nullable=False),  # 1 where the activity was changed after it was priced
    Column("kind", String(16), nullable=False),  # run; estimate: planned, never summed with what ran; ledger: its own
    Column("project", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("ended_s", Float(53)),
    Column("supplied_kwh", Float(53)),  # of the footprint: with the facility's overhead
    Column("climate_low_kg", Float(53)),
    Column("climate_high_kg", Float(53)),
    Column("entries", Integer, nullable=False),
    Column("windows", Integer, nullable=False),
    Column("last_sequence", Integer, nullable=False),
    Column("changed", Integer, nullable=False),  # position of the last activity
    Column("priced", Integer, nullable=False),  # position of the footprint that stands, 0 where there is none
    Column("sealed", Integer, nullable=False),  # position sealed in the chain of runs, 0 where there is none
    Column("closed", Boolean, nullable=False),
    Column("run", Text, nullable=False, unique=True),
    Column("factor_set", Text, nullable=False),
    Column("head", String(HASH), nullable=False),
)  # fmt: skip
Index("run_started", run.c.kind, run.c.started_s)
Index("run_project", *(run.c[name] for name in SUMMED))  # holds all that is summed, so that a sum reads nothing else

run_tag = Table(
    "run_tag", metadata,
    Column("run_id", Number, ForeignKey("run.id"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Index("run_tag_tag", "tag", "run_id"),
)  # fmt: skip

REFUSAL = "the ledger is append-only: append a correction that supersedes"


def guards(dialect: str) -> list[str]:
    """The statements that make a database refuse UPDATE, DELETE and REPLACE (TRUNCATE too) on the record."""
    return _sqlite_guards() if dialect == "sqlite" else _postgresql_guards()


def _sqlite_guards() -> list[str]:
    made = [f"CREATE TRIGGER {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            for table in RECORD for verb in ("UPDATE", "DELETE")]  # fmt: skip
    same = {"entry": "id = NEW.id OR (run = NEW.run AND position = NEW.position)", "closing": "position = NEW.position"}
    return made + [f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} WHEN EXISTS (SELECT 1 FROM {name} WHERE {where}) "
                   f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END" for name, where in same.items()]  # fmt: skip


def _postgresql_guards() -> list[str]:
    body = f"BEGIN RAISE EXCEPTION '{REFUSAL}'; END"
    made = [f"CREATE OR REPLACE FUNCTION jevons_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"]
    call = "EXECUTE FUNCTION jevons_append_only()"
    for table in RECORD:
        on = f"ON {table.name} FOR EACH"
        made.append(f"CREATE TRIGGER {table.name}_no_change BEFORE UPDATE OR DELETE {on} ROW {call}")
        made.append(f"CREATE TRIGGER {table.name}_no_truncate BEFORE TRUNCATE {on} STATEMENT {call}")
    return made
