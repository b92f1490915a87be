"""The pool of connections: cut, killed, cancelled, slow or full, it stays usable."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import PoolSettings, SqlStorage
from scizor.domain.errors import Reason, Unavailable
from scizor.domain.instruments import StoredInstrument
from scizor.ports.symbols import SymbolFilter
from tests.fakes.samples import (
    AAPL,
    BHP_ASX,
    stored_symbol,
)

FIRST = date(2024, 1, 1)
KILL_OTHERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    yield connection
    await connection.close()


@pytest.fixture
async def stored(sql_storage: SqlStorage) -> StoredInstrument:
    return await stored_symbol(sql_storage)


async def test_the_pool_gets_over_connections_that_were_cut(
    sql_storage: SqlStorage, stored: StoredInstrument, connection: asyncpg.Connection
) -> None:
    together = asyncio.Barrier(4)

    async def hold() -> None:
        async with sql_storage.begin():
            await together.wait()

    await asyncio.gather(*(hold() for _ in range(4)))
    for _ in range(2):
        assert await connection.fetchval(KILL_OTHERS) > 0
        async with sql_storage.begin() as work:
            assert await work.symbols.get("AAPL") == stored


async def read_without_end(storage: SqlStorage) -> None:
    async with asyncio.timeout(10):
        while True:
            async with storage.begin() as work:
                await work.symbols.count(SymbolFilter())


async def test_the_pool_gets_over_a_server_that_was_killed(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / "home")
    storage = SqlStorage(server.dsn)
    try:
        await migrate(server.start())
        stored = await stored_symbol(storage)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(Unavailable):
            await read_without_end(storage)  # a session outlives its server by a moment
        assert not await storage.ping()
        server.start()
        async with storage.begin() as work:
            assert await work.symbols.get("AAPL") == stored
        assert await storage.ping()
    finally:
        await storage.close()
        server.stop()


async def test_a_connection_cut_in_a_unit_of_work_is_unavailable_and_leaves_nothing(
    sql_storage: SqlStorage, connection: asyncpg.Connection
) -> None:
    async def lose_the_connection() -> None:
        async with sql_storage.begin() as work:
            await work.symbols.add(AAPL)
            await connection.fetchval(KILL_OTHERS)
            await work.symbols.add(BHP_ASX)

    with pytest.raises(Unavailable) as caught:
        await lose_the_connection()
    assert caught.value.reason is Reason.STORAGE_UNAVAILABLE
    async with sql_storage.begin() as work:
        assert await work.symbols.count(SymbolFilter()) == 0


async def test_an_error_inside_a_unit_of_work_whose_connection_was_cut_stays_what_it_is(
    sql_storage: SqlStorage, connection: asyncpg.Connection
) -> None:
    async def fail_after_losing_the_connection() -> None:
        async with sql_storage.begin() as work:
            await work.symbols.add(AAPL)
            await connection.fetchval(KILL_OTHERS)
            raise KeyError("the caller's own")

    with pytest.raises(KeyError, match="the caller's own"):
        await fail_after_losing_the_connection()
    async with sql_storage.begin() as work:
        assert await work.symbols.count(SymbolFilter()) == 0


async def test_a_commit_that_fails_is_unavailable(sql_storage: SqlStorage, connection: asyncpg.Connection) -> None:
    async def lose_the_commit() -> None:
        async with sql_storage.begin() as work:
            await work.symbols.add(AAPL)
            await connection.fetchval(KILL_OTHERS)

    with pytest.raises(Unavailable):
        await lose_the_commit()


@pytest.mark.parametrize("url", ["postgresql://nobody:secret@127.0.0.1:1/none", "postgresql://x@/none?host=/nowhere"])
async def test_a_database_that_is_not_there_is_unavailable(url: str) -> None:
    storage = SqlStorage(url)
    assert not await storage.ping()
    with pytest.raises(Unavailable) as caught:
        async with storage.begin():
            pass
    assert "secret" not in caught.value.message
    await storage.close()


async def test_a_pool_in_use_makes_others_wait_but_not_for_ever(database: str) -> None:
    storage = SqlStorage(database, PoolSettings(size=1, wait_s=0.05))
    async with storage.begin():
        with pytest.raises(Unavailable):
            async with storage.begin():
                pass
        assert await storage.ping()
    async with storage.begin():
        pass
    await storage.close()


async def test_a_statement_that_takes_too_long_is_ended(database: str) -> None:
    storage = SqlStorage(database, PoolSettings(statement_timeout_s=0.05))

    async def wait_for_a_claimed_id() -> None:
        async with storage.begin() as work:
            await work.idempotency.begin("Create", "r1", b"hash")
            async with storage.begin() as other:
                await other.idempotency.begin("Create", "r1", b"hash")

    with pytest.raises(Unavailable, match="too long"):
        await wait_for_a_claimed_id()
    async with storage.begin() as work:
        assert await work.idempotency.begin("Create", "r1", b"hash") is None
    await storage.close()


async def test_a_cancelled_unit_of_work_gives_its_connection_back(database: str) -> None:
    storage = SqlStorage(database, PoolSettings(size=1))
    begun = asyncio.Event()

    async def never_ends() -> None:
        async with storage.begin() as work:
            await work.symbols.add(AAPL)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), storage.begin() as work:
        assert await work.symbols.count(SymbolFilter()) == 0
    await storage.close()
