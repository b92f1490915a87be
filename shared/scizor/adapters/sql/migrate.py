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
from scizor.adapters.sql.migrations import HEAD, READ_SERVED, READ_VERSION, VERSION_TABLE, served_note
from scizor.domain.errors import FailedPrecondition, Reason, ScizorError

_CONNECT_TIMEOUT_S = 10.0
_MIGRATE_TIMEOUT_S = 600.0


async def migrate(dsn: str) -> bool:
    """Run the migrations the database lacks; whether there were any. Any number of processes may call this at once.

    A newer schema that still serves this code is left as it is: so the version before goes on, and may be started
    again, while the next one is rolled out.

    `dsn`: postgres://, postgresql:// or postgresql+asyncpg://. Raises InvalidInput for another, Unavailable when the
    database cannot be reached, and FailedPrecondition when its server is too old or its schema newer than this code.
    """
    with driver_errors_mapped():
        async with asyncio.timeout(_MIGRATE_TIMEOUT_S):
            connection = await connect(driver_dsn(dsn), timeout_s=_CONNECT_TIMEOUT_S)
            try:
                version = await schema_of(connection)
                if version is not None and version > HEAD and await _serves_us(connection, version):
                    return False
            finally:
                await connection.close()
            if version == HEAD:
                return False
            if version is not None:
                demand_known(version)
            from scizor.adapters.sql.upgrade import upgrade  # noqa: PLC0415 - slow to import, and seldom needed

            return await upgrade(driver_dsn(dsn), _CONNECT_TIMEOUT_S)


async def schema_of(connection: asyncpg.Connection) -> str | None:
    """The database's revision; None where there never was one."""
    if await connection.fetchval("SELECT to_regclass($1)", VERSION_TABLE) is None:
        return None
    version: str | None = await connection.fetchval(READ_VERSION)
    return version


def demand_known(schema: str, whose: str = "the database") -> None:
    """Raise FailedPrecondition for a schema newer than this code."""
    if schema > HEAD:
        raise FailedPrecondition(
            f"{whose} has schema {schema}, this version of scizor knows {HEAD}: update scizor",
            Reason.STORAGE_UNAVAILABLE,
            metadata={"database_schema": schema, "known_schema": HEAD},
        )


async def _serves_us(connection: asyncpg.Connection, version: str) -> bool:
    """Whether whoever brought the database to this version wrote down that code of our schema may go on."""
    note: str | None = await connection.fetchval(READ_SERVED)
    start = served_note(version, "")
    return note is not None and note.startswith(start) and note.removeprefix(start) <= HEAD


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
