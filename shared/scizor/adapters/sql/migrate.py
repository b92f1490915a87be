"""Bring a database to this code's schema: `python -m scizor.adapters.sql.migrate`.

Every service does this as it starts, so a database that is current costs one connection and two queries; Alembic, which
takes longer to import than that, is loaded only when there is something to do.
"""

from __future__ import annotations

import asyncio
import os
import sys

import asyncpg

from scizor.adapters.sql.dsn import connect, driver_dsn
from scizor.adapters.sql.errors import driver_errors_mapped
from scizor.adapters.sql.migrations import HEAD, READ_VERSION, VERSION_TABLE
from scizor.domain.errors import FailedPrecondition, Reason, ScizorError

_CONNECT_TIMEOUT_S = 10.0
_MIGRATE_TIMEOUT_S = 600.0


async def migrate(dsn: str) -> bool:
    """Run the migrations the database lacks; whether there were any. Any number of processes may call this at once.

    `dsn`: postgres://, postgresql:// or postgresql+asyncpg://. Raises InvalidInput for another, Unavailable when the
    database cannot be reached, and FailedPrecondition when its server is too old or its schema newer than this code.
    """
    with driver_errors_mapped():
        async with asyncio.timeout(_MIGRATE_TIMEOUT_S):
            connection = await connect(driver_dsn(dsn), timeout_s=_CONNECT_TIMEOUT_S)
            try:
                version = await _version(connection)
            finally:
                await connection.close()
            if version == HEAD:
                return False
            if version is not None and version > HEAD:
                raise FailedPrecondition(
                    f"the database has schema {version}, this version of scizor knows {HEAD}: update scizor",
                    Reason.STORAGE_UNAVAILABLE,
                    metadata={"database_schema": version, "known_schema": HEAD},
                )
            from scizor.adapters.sql.upgrade import upgrade  # noqa: PLC0415 - slow to import, and seldom needed

            return await upgrade(driver_dsn(dsn), _CONNECT_TIMEOUT_S)


async def _version(connection: asyncpg.Connection) -> str | None:
    if await connection.fetchval("SELECT to_regclass($1)", VERSION_TABLE) is None:
        return None
    version: str | None = await connection.fetchval(READ_VERSION)
    return version


def main(url: str) -> int:
    """Migrate and say so in one line; the exit status."""
    try:
        changed = asyncio.run(migrate(url))
    except ScizorError as error:
        sys.stderr.write(f"cannot migrate: {error.message}\n")
        return 1
    sys.stdout.write(f"database schema {HEAD}: {'migrated' if changed else 'current'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("DATABASE_URL", "")))
