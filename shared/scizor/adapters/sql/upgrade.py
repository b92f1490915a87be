"""Run Alembic over a database, whoever else may be trying to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from asyncpg import LockNotAvailableError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from scizor.adapters.sql import migrations
from scizor.adapters.sql.dsn import connect
from scizor.adapters.sql.errors import driver_errors_mapped

_LOCK_TIMEOUT: Final = "5s"
_TRIES: Final = 12
_PAUSE_S: Final = 5.0


async def upgrade(dsn: str, connect_timeout_s: float) -> bool:
    """All steps in one transaction, so that a failed one leaves nothing; False when another process was faster.

    A step that waits for a table makes everyone wait who comes after it. So it waits for seconds only; where a long
    read is in the way all is undone, and tried again a little later. Raises Unavailable after a minute or two of that.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(dsn, timeout_s=connect_timeout_s),
        poolclass=NullPool,
    )
    try:
        with driver_errors_mapped(SQLAlchemyError):
            for _ in range(_TRIES - 1):
                try:
                    return await _upgraded(engine)
                except DBAPIError as error:
                    if getattr(error.orig, "sqlstate", "") != LockNotAvailableError.sqlstate:
                        raise
                await asyncio.sleep(_PAUSE_S)
            return await _upgraded(engine)
    finally:
        await engine.dispose()


def run_steps(connection: Connection, target: str) -> bool:
    """Bring the database that the transaction is on to this revision; False when it is there already."""
    before = _version(connection)
    if before == target:
        return False
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
    oldest = min(target, migrations.OLDEST)
    note = migrations.served_note(target, oldest)
    connection.execute(text(f"COMMENT ON TABLE {migrations.VERSION_TABLE} IS '{note}'"))
    return True


async def _upgraded(engine: AsyncEngine) -> bool:
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrations.LOCK})
        await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
        return await connection.run_sync(run_steps, migrations.HEAD)


def _version(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": migrations.VERSION_TABLE}) is None:
        return None
    version: str | None = connection.scalar(text(migrations.READ_VERSION))
    return version
