"""Write a database to a file while services go on writing to it: every table is read in one snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg

from scizor.adapters.sql.backup.archive import ArchiveWriter, new_archive
from scizor.adapters.sql.backup.manifest import Counter, Manifest, TableEntry
from scizor.adapters.sql.dsn import connect, driver_dsn
from scizor.adapters.sql.errors import driver_errors_mapped
from scizor.adapters.sql.migrate import demand_known, schema_of
from scizor.adapters.sql.migrations import LOCK
from scizor.adapters.sql.tables import metadata
from scizor.domain.errors import FailedPrecondition, Reason

_CONNECT_TIMEOUT_S: Final = 10.0
_CLOSE_TIMEOUT_S: Final = 5.0
TIMEOUT_S: Final = 24 * 3600.0
_SETTINGS: Final = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "10s",
    # Rows come in the order they lie in, so that one content makes one file.
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
}
_TABLES: Final = """
SELECT given.name, array_agg(attname::text ORDER BY attnum) AS columns
FROM unnest($1::text[]) WITH ORDINALITY AS given (name, place)
JOIN pg_attribute ON attrelid = to_regclass(quote_ident(given.name)) AND attnum > 0 AND NOT attisdropped
GROUP BY given.name, given.place
ORDER BY given.place
"""
_COUNTERS: Final = """
SELECT given.name AS table, attname::text AS column,
       pg_get_serial_sequence(quote_ident(given.name), attname) AS sequence
FROM unnest($1::text[]) AS given (name)
JOIN pg_attribute ON attrelid = to_regclass(quote_ident(given.name)) AND attidentity <> '' AND NOT attisdropped
ORDER BY 1, 2
"""
Told = Callable[[TableEntry], None]


async def take_backup(dsn: str, path: Path, now: datetime, told: Told = lambda _: None) -> Manifest:
    """Write all of scizor's tables to a new file, as they are at one instant.

    The schema cannot be migrated meanwhile: who tries waits. `dsn`: as `driver_dsn` takes it, no transaction pooler's;
    `told`: what was written of each table. Raises FailedPrecondition where there is nothing to keep, for a schema newer
    than this code, and for a file that exists or cannot be written; Unavailable when the database ends meanwhile.
    """
    with driver_errors_mapped():
        async with asyncio.timeout(TIMEOUT_S):
            connection = await connect(driver_dsn(dsn), timeout_s=_CONNECT_TIMEOUT_S, settings=_SETTINGS)
            try:
                # Before the snapshot: what a migration did until then is in it, and what comes waits for its end.
                await connection.execute("SELECT pg_advisory_lock_shared($1)", LOCK)
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    return await _written(connection, path, now, told)
            finally:
                await connection.close(timeout=_CLOSE_TIMEOUT_S)


async def _written(connection: asyncpg.Connection, path: Path, now: datetime, told: Told) -> Manifest:
    schema = await schema_of(connection)
    if schema is None:
        raise FailedPrecondition("the database has no tables of scizor: nothing to keep", Reason.STORAGE_UNAVAILABLE)
    demand_known(schema)
    names = [table.name for table in metadata.sorted_tables]
    version = connection.get_server_version()
    with new_archive(path, int(now.timestamp())) as archive:
        entries = []
        for row in await connection.fetch(_TABLES, names):
            entries.append(await _copied(connection, archive, row["name"], row["columns"]))
            told(entries[-1])
        manifest = Manifest(
            schema=schema,
            time=now.isoformat(timespec="seconds"),
            server=f"{version.major}.{version.minor}",
            tables=tuple(entries),
            counters=await _counters(connection, names),
        )
        archive.seal(manifest)
    return manifest


async def _copied(connection: asyncpg.Connection, archive: ArchiveWriter, name: str, columns: list[str]) -> TableEntry:
    listed = ", ".join(f'"{column}"' for column in columns)
    writer = archive.table(name)
    status = await connection.copy_from_query(
        f"SELECT {listed} FROM {name}",  # noqa: S608 - names of our own tables
        output=writer.write,
        format="binary",
    )
    sha256 = writer.close()
    return TableEntry(name, tuple(columns), int(status.rpartition(" ")[2]), writer.length, sha256)


async def _counters(connection: asyncpg.Connection, names: list[str]) -> tuple[Counter, ...]:
    """Read after the rows: counters know no snapshot, and must be above every row of it."""
    counters = []
    for row in await connection.fetch(_COUNTERS, names):
        query = f"SELECT last_value, is_called FROM {row['sequence']}"  # noqa: S608 - the catalog's name for it
        for value, used in await connection.fetch(query):
            counters.append(Counter(row["table"], row["column"], value, used))
    return tuple(counters)
