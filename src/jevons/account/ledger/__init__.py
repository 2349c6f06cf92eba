"""The ledger: every run and what it cost, append-only, chained, kept in one file or a team's PostgreSQL.

    book = jevons.account.ledger()
    book.append("run-1", 1, activity, project="search", owner="ana", tags=["nightly"])
    book.price("run-1", at="France")
    book.runs(project="search"); book.activity("run-1"); book.verify()

The record is three append-only tables: ``entry`` (a chain of hashes a run), ``spread`` (draws, by their hash) and ``closing``
(the chain of closed runs). ``run`` and ``run_tag`` are drawn from it, so that a million runs are listed in no time, and can be
drawn again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jevons.core.errors import MissingExtra

try:
    import sqlalchemy  # noqa: F401
except ImportError:
    raise MissingExtra("sqlalchemy", "ledger", "the ledger") from None

if TYPE_CHECKING:
    from jevons.account.ledger.book import Ledger


def ledger(where: str | Path = "", *, create: bool = True, upgrade: bool = False, read_only: bool = False) -> Ledger:
    """The ledger at a file or URL; by default JEVONS_LEDGER, else ``ledger.db`` in JEVONS_HOME.

    ``where``: a path (SQLite) or ``postgresql://user@host/name``. ``create``: make it where there is none. ``upgrade``: bring
    an older one to this version (a SQLite file is copied first). Errors: BadInput for a ledger of a newer version, an older
    one without ``upgrade``, a file that is none or cannot be opened; MissingExtra without jevons[ledger].
    """
    from jevons.account.ledger.book import Ledger

    return Ledger.at(where, create=create, upgrade=upgrade, read_only=read_only)
