"""Run Alembic over a database, whoever else may be trying to."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from scizor.adapters.sql import migrations
from scizor.adapters.sql.dsn import connect
from scizor.adapters.sql.errors import driver_errors_mapped

_LOCK = 0x5C120  # any number of our own; whoever holds it migrates, the others wait


async def upgrade(dsn: str, connect_timeout_s: float) -> bool:
    """All steps in one transaction, so that a failed one leaves nothing; False when another process was faster."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(dsn, timeout_s=connect_timeout_s),
        poolclass=NullPool,
    )
    try:
        with driver_errors_mapped(SQLAlchemyError):
            async with engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                return await connection.run_sync(_run)
    finally:
        await engine.dispose()


def _run(connection: Connection) -> bool:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    before = _version(connection)
    command.upgrade(config, migrations.HEAD)
    return before != migrations.HEAD


def _version(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": migrations.VERSION_TABLE}) is None:
        return None
    version: str | None = connection.scalar(text(migrations.READ_VERSION))
    return version
