"""Run by Alembic: migrates over the connection that `migrate` opened, in the transaction it began."""

from __future__ import annotations

from alembic import context

from scizor.adapters.sql.migrations import VERSION_TABLE
from scizor.adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
