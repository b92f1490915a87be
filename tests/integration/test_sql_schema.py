"""The schema: what it refuses, whoever writes; and that tables and migrations are one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import date
from math import inf, nan

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from scizor.adapters.sql import migrations
from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import SqlStorage
from scizor.adapters.sql.tables import metadata
from scizor.domain.errors import FailedPrecondition, InvalidInput, Unavailable

CATALOG = """
SELECT 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod), attnotnull::text,
       attidentity::text, coalesce(collname, ''), coalesce(pg_get_expr(adbin, adrelid), '')
FROM pg_attribute
LEFT JOIN pg_collation ON pg_collation.oid = attcollation
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND attrelid::regclass::text = ANY ($1)
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), '', '', '', ''
FROM pg_constraint WHERE conrelid::regclass::text = ANY ($1)
UNION ALL
SELECT 'index', indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid), '', '', '', ''
FROM pg_index WHERE indrelid::regclass::text = ANY ($1)
ORDER BY 1, 2, 3
"""
PARTITIONS = "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    yield connection
    await connection.close()


async def catalog(dsn: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(driver_dsn(dsn), timeout=10)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(CATALOG, list(metadata.tables))
        return rows
    finally:
        await connection.close()


def engine_of(dsn: str) -> AsyncEngine:
    return create_async_engine(f"postgresql+asyncpg://{dsn.partition('://')[2]}")


async def test_tables_and_migrations_are_one(database: str, empty_database: str) -> None:
    def differences(connection: Connection) -> list[object]:
        partitions = set(connection.scalars(text(PARTITIONS)))
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": migrations.VERSION_TABLE,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: kind != "table" or name not in partitions,
            },
        )
        return list(compare_metadata(context, metadata))

    engine = engine_of(database)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
    engine = engine_of(empty_database)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    assert await catalog(database) == await catalog(empty_database)


def test_the_head_is_alembics() -> None:
    config = Config()
    config.set_main_option("script_location", os.path.dirname(migrations.__file__))  # noqa: PTH120 - Alembic's option
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


async def test_processes_that_migrate_at_once_migrate_once(empty_database: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "scizor.adapters.sql.migrate",
            env=os.environ | {"DATABASE_URL": empty_database, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    async with asyncio.timeout(60):
        said = sorted([(await process.communicate())[0].decode() for process in processes])
    assert [process.returncode for process in processes] == [0, 0, 0]
    current, migrated = (f"database schema {migrations.HEAD}: {word}\n" for word in ("current", "migrated"))
    assert said == [current, current, migrated]


async def test_a_second_migration_does_nothing_and_does_not_load_alembic(database: str) -> None:
    script = (
        "import asyncio, sys; from scizor.adapters.sql.migrate import migrate;"
        "print(asyncio.run(migrate(sys.argv[1])), 'alembic' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        database,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        assert (await process.communicate())[0].decode().split() == ["False", "False"]


async def test_a_database_of_a_newer_scizor_is_left_alone(empty_database: str) -> None:
    await migrate(empty_database)
    connection = await asyncpg.connect(driver_dsn(empty_database), timeout=10)
    await connection.execute(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'")  # noqa: S608 - a constant
    await connection.close()
    with pytest.raises(FailedPrecondition, match="9999"):
        await migrate(empty_database)


@pytest.mark.parametrize("dsn", ["", "mysql://x", "localhost:5432/x", "postgresql://host:port/x"])
async def test_an_address_that_is_none_is_refused_by_name(dsn: str) -> None:
    with pytest.raises(InvalidInput, match="DATABASE_URL"):
        await migrate(dsn)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
async def test_every_usual_scheme_is_taken(database: str, scheme: str) -> None:
    assert await migrate(f"{scheme}://{database.partition('://')[2]}") is False


async def test_a_server_that_is_too_old_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scizor.adapters.sql.dsn.MINIMUM_MAJOR_VERSION", 99)
    with pytest.raises(FailedPrecondition, match="PostgreSQL 99 or later is needed"):
        await migrate(database)
    storage = SqlStorage(database)
    with pytest.raises(FailedPrecondition, match="PostgreSQL 99 or later is needed"):
        async with storage.begin():
            pass
    await storage.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="not available"):
        await migrate("postgresql://nobody@127.0.0.1:1/none")


SYMBOL = """
INSERT INTO symbols (symbol, primary_exchange, currency, exchange, name, asset_type, sector, "group", active)
VALUES ('A', 'NYSE', 'USD', 'SMART', '', 1, '', '', true) RETURNING id
"""


async def symbol_and_source(connection: asyncpg.Connection) -> tuple[int, int]:
    source = await connection.fetchval("INSERT INTO sources (name) VALUES ('direct') RETURNING id")
    return await connection.fetchval(SYMBOL), source


INSERT_BAR = """
INSERT INTO daily_prices (symbol_id, session, open, high, low, close, volume, source_id, partial)
VALUES ($1, $2, $4, $5, $6, $7, $8, $3, false)
"""
UPDATE_BAR = "UPDATE daily_prices SET open = $1, high = $2, low = $3, close = $4, volume = $5"
SOUND = (10.0, 11.0, 9.0, 10.0, 100.0)
FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)


@pytest.mark.parametrize(
    "values",
    [
        (10.0, 9.0, 8.0, 9.0, 100.0),
        (10.0, 11.0, 10.5, 10.6, 100.0),
        (10.0, 11.0, 9.0, 12.0, 100.0),
        (10.0, 11.0, 0.0, 10.0, 100.0),
        (10.0, 11.0, -1.0, 10.0, 100.0),
        (nan, 11.0, 9.0, 10.0, 100.0),
        (10.0, nan, 9.0, 10.0, 100.0),
        (10.0, 11.0, nan, 10.0, 100.0),
        (10.0, 11.0, 9.0, nan, 100.0),
        (10.0, inf, 9.0, 10.0, 100.0),
        (10.0, 11.0, 9.0, 10.0, 0.0),
        (10.0, 11.0, 9.0, 10.0, -5.0),
        (10.0, 11.0, 9.0, 10.0, nan),
        (10.0, 11.0, 9.0, 10.0, inf),
    ],
)
async def test_an_unsound_bar_cannot_be_written_by_hand(
    connection: asyncpg.Connection, values: tuple[float, ...]
) -> None:
    symbol, source = await symbol_and_source(connection)
    await connection.execute(INSERT_BAR, symbol, FIRST, source, *SOUND)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(INSERT_BAR, symbol, SECOND, source, *values)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(UPDATE_BAR, *values)


@pytest.mark.parametrize("lost", ["symbol", "source"])
async def test_a_bar_cannot_belong_to_nothing(connection: asyncpg.Connection, lost: str) -> None:
    symbol, source = await symbol_and_source(connection)
    await connection.execute(INSERT_BAR, symbol, FIRST, source, *SOUND)
    wrong = (0, SECOND, source) if lost == "symbol" else (symbol, SECOND, 0)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(INSERT_BAR, *wrong, *SOUND)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(f"UPDATE daily_prices SET {lost}_id = 0")  # noqa: S608 - one of two words


async def test_an_update_by_hand_is_numbered_and_kept_too(connection: asyncpg.Connection) -> None:
    symbol, source = await symbol_and_source(connection)
    for session in (FIRST, SECOND):
        await connection.execute(INSERT_BAR, symbol, session, source, *SOUND)
    for volume in (200.0, 300.0):
        change = "UPDATE daily_prices SET volume = $1, revision = 0 WHERE session = $2"
        await connection.execute(change, volume, SECOND)
    kept = await connection.fetch("SELECT session, revision, volume FROM bar_revisions ORDER BY revision")
    assert [tuple(row) for row in kept] == [(SECOND, 0, 100.0), (SECOND, 1, 200.0)]
    assert await connection.fetchval("SELECT revision FROM daily_prices WHERE session = $1", SECOND) == 2


async def test_what_bars_belong_to_takes_them_along_or_stays(connection: asyncpg.Connection) -> None:
    symbol, source = await symbol_and_source(connection)
    await connection.execute(INSERT_BAR, symbol, FIRST, source, *SOUND)
    await connection.execute(UPDATE_BAR, *SOUND[:4], 200.0)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute("DELETE FROM sources")
    await connection.execute("DELETE FROM symbols")
    assert await connection.fetchval("SELECT count(*) FROM daily_prices") == 0
    assert await connection.fetchval("SELECT count(*) FROM bar_revisions") == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE symbols SET currency = 'usd'",
        "UPDATE symbols SET symbol = ''",
        "UPDATE symbols SET asset_type = 9",
        "UPDATE symbols SET listed_date = '2024-01-02', delisted_date = '2024-01-01'",
        "UPDATE symbols SET version = 0",
        "INSERT INTO corporate_actions SELECT id, 1, '2024-01-01', 0, NULL, (SELECT id FROM sources) FROM symbols",
        "INSERT INTO corporate_actions SELECT id, 1, '2024-01-01', 'NaN', NULL, (SELECT id FROM sources) FROM symbols",
        "INSERT INTO corporate_actions SELECT id, 3, '2024-01-01', 1, NULL, (SELECT id FROM sources) FROM symbols",
    ],
)
async def test_an_unsound_symbol_or_action_cannot_be_written_by_hand(
    connection: asyncpg.Connection, change: str
) -> None:
    await symbol_and_source(connection)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(change)
