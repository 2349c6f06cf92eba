"""Where Alembic finds the connection it was handed; migrations run in the one transaction of the caller."""

from __future__ import annotations

from alembic import context

from jevons.account.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
