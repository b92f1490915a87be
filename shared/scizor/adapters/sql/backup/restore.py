"""Make a database what a backup holds, in one transaction: whatever goes wrong, it stays as it was.

The tables are made anew by the migrations up to the backup's own schema, filled, and migrated to this code's: so an
older backup takes the way an older database would.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from scizor.adapters.sql.backup.archive import tables, verified
from scizor.adapters.sql.backup.manifest import Manifest, TableEntry
from scizor.adapters.sql.backup.take import TIMEOUT_S, Told
from scizor.adapters.sql.dsn import connect, driver_dsn
from scizor.adapters.sql.errors import driver_errors_mapped
from scizor.adapters.sql.migrate import demand_known, schema_of
from scizor.adapters.sql.migrations import FUNCTIONS, HEAD, LOCK, VERSION_TABLE
from scizor.adapters.sql.session import driver_of
from scizor.adapters.sql.tables import metadata
from scizor.adapters.sql.upgrade import run_steps
from scizor.domain.errors import DataCorrupt, FailedPrecondition, Reason

_CONNECT_TIMEOUT_S: Final = 10.0
_SETTINGS: Final = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "lock_timeout": "10s"}
_EPOCHS_APART: Final = 1_000_000
_OTHERS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'scizor' AND pid <> pg_backend_pid()
"""
_THERE: Final = """
SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
"""
_SET_COUNTER: Final = "SELECT setval(pg_get_serial_sequence(quote_ident($1), $2), $3, $4)"


async def restore_backup(
    dsn: str,
    path: Path,
    *,
    replace: bool = False,
    verified_as: Callable[[Manifest], None] = lambda _: None,
    told: Told = lambda _: None,
) -> Manifest:
    """Put a backup back and migrate it to this code's schema; returns what it held.

    `replace`: what is stored is given up; `verified_as`: called once the file has proved whole and usable, before the
    database is asked anything; `told`: each table as it is filled. Raises InvalidInput when there is no such file,
    DataCorrupt for a damaged one, FailedPrecondition for one newer than this code, for a database that holds something
    or that services use, and Unavailable when the database ends meanwhile or another transaction is in the way.
    """
    manifest = await asyncio.to_thread(verified, path)
    demand_known(manifest.schema, "the backup")
    verified_as(manifest)
    dsn = driver_dsn(dsn)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(dsn, timeout_s=_CONNECT_TIMEOUT_S, settings=_SETTINGS),
        poolclass=NullPool,
    )
    try:
        with driver_errors_mapped(SQLAlchemyError):
            async with asyncio.timeout(TIMEOUT_S), engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                await _demand_free(await driver_of(connection), replace=replace)
                await _put_back(connection, path, manifest, told)
    finally:
        await engine.dispose()
    return manifest


async def _demand_free(driver: asyncpg.Connection, *, replace: bool) -> None:
    others = await driver.fetchval(_OTHERS)
    if others:
        raise FailedPrecondition(
            f"services use the database ({others} connections): stop them first", Reason.STORAGE_UNAVAILABLE
        )
    schema = await schema_of(driver)
    if schema is None:
        return
    demand_known(schema)
    if not replace and (filled := await _filled(driver)):
        raise FailedPrecondition(
            f"the database is not empty: {', '.join(filled[:5])}{', ...' if filled[5:] else ''} have rows; "
            "restore to an empty one, or replace what is stored",
            Reason.STORAGE_UNAVAILABLE,
        )


async def _tables(driver: asyncpg.Connection) -> set[str]:
    return {row["relname"] for row in await driver.fetch(_THERE)}


async def _filled(driver: asyncpg.Connection) -> list[str]:
    """Our tables that have rows."""
    there = sorted(await _tables(driver) & metadata.tables.keys())
    any_row = "SELECT EXISTS (SELECT FROM {})"
    return [table for table in there if await driver.fetchval(any_row.format(table))]


async def _put_back(connection: AsyncConnection, path: Path, manifest: Manifest, told: Told) -> None:
    driver = await driver_of(connection)
    await connection.run_sync(run_steps, HEAD)  # what is dropped is then what this code knows, and all of it
    await driver.execute(f"DROP TABLE IF EXISTS {', '.join([*metadata.tables, VERSION_TABLE])} CASCADE")
    await driver.execute(f"DROP FUNCTION IF EXISTS {', '.join(FUNCTIONS)} CASCADE")
    await connection.run_sync(run_steps, manifest.schema)
    entries = {table.name: table for table in manifest.tables}
    if strangers := entries.keys() - await _tables(driver):
        told_of = ", ".join(sorted(strangers))
        raise DataCorrupt(
            f"the backup has tables that schema {manifest.schema} has not: {told_of}", Reason.DATA_CORRUPT
        )
    for name, chunks in tables(path):
        await _fill(driver, entries[name], chunks)
        told(entries[name])
    for counter in manifest.counters:
        await driver.execute(_SET_COUNTER, counter.table, counter.column, counter.value, counter.used)
    await connection.run_sync(run_steps, HEAD)
    # Who held a lease before must never be taken for one who holds it now.
    await driver.execute("UPDATE account_leases SET epoch = epoch + $1", _EPOCHS_APART)
    await driver.execute(f"ANALYZE {', '.join(metadata.tables)}")


async def _fill(driver: asyncpg.Connection, entry: TableEntry, chunks: Iterator[bytes]) -> None:
    """Rules that rows of a consistent database keep are not asked again, row for row, for millions of them."""
    digest = hashlib.sha256()

    async def source() -> AsyncIterator[bytes]:
        for chunk in chunks:
            digest.update(chunk)
            yield chunk

    await driver.execute(f"ALTER TABLE {entry.name} DISABLE TRIGGER USER")
    status = await driver.copy_to_table(entry.name, source=source(), columns=entry.columns, format="binary")
    await driver.execute(f"ALTER TABLE {entry.name} ENABLE TRIGGER USER")
    if digest.hexdigest() != entry.sha256 or status != f"COPY {entry.rows}":
        raise DataCorrupt(f"the backup changed as it was read: {entry.name}", Reason.DATA_CORRUPT)
