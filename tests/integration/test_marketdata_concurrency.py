"""Changes to one symbol at once, over two real connections: each sees what the other did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest

from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.storage import SqlStorage
from scizor.domain.errors import Conflict, FailedPrecondition, NotFound, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.symbols import catalog
from tests.fakes.samples import AAPL, bars_of, keys_of, stored_symbol

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
Change = Callable[[UnitOfWork], Awaitable[Any]]


@pytest.fixture
async def stored(sql_storage: SqlStorage) -> StoredInstrument:
    return await stored_symbol(sql_storage)


@asynccontextmanager
async def overtaken(storage: SqlStorage, database: str, second: Change) -> AsyncIterator[tuple[UnitOfWork, list[Any]]]:
    """A unit of work that ends once `second` waits for it in one of its own; then the list has what came of that."""
    came: list[Any] = []

    async def run_second() -> Any:
        async with storage.begin() as work:
            return await second(work)

    watcher = await asyncpg.connect(driver_dsn(database), timeout=10)
    try:
        async with asyncio.timeout(20):
            async with storage.begin() as first:
                yield first, came
                task = asyncio.create_task(run_second())
                while await watcher.fetchval(_WAITING) == 0 and not task.done():  # noqa: ASYNC110 - no event tells of it
                    await asyncio.sleep(0.005)
            came += await asyncio.gather(task, return_exceptions=True)
    finally:
        await watcher.close()


async def test_bars_that_come_while_a_symbol_is_removed_are_not_removed_unasked(
    sql_storage: SqlStorage, database: str, stored: StoredInstrument
) -> None:
    async def remove(work: UnitOfWork) -> int:
        return await catalog.delete(work, "AAPL", "", force=False)

    async with overtaken(sql_storage, database, remove) as (work, came):
        bars = bars_of(date(2024, 1, 2), [1.0, 2.0])
        async with work.bars.writer("test") as writer:
            await writer.add(keys_of(stored, bars), bars)
            await writer.store()
    assert isinstance(came[0], FailedPrecondition)
    assert (came[0].reason, came[0].metadata["bars"]) == (Reason.SYMBOL_HAS_BARS, "2")
    async with sql_storage.begin() as after:
        assert await after.bars.count(stored) == 2


async def test_a_symbol_that_was_changed_meanwhile_is_not_removed_by_its_old_etag(
    sql_storage: SqlStorage, database: str, stored: StoredInstrument
) -> None:
    async def remove(work: UnitOfWork) -> int:
        return await catalog.delete(work, "AAPL", stored.etag, force=True)

    async with overtaken(sql_storage, database, remove) as (work, came):
        await catalog.update(work, "AAPL", lambda old: replace(old, name="Changed"), stored.etag)
    assert isinstance(came[0], Conflict)
    async with sql_storage.begin() as after:
        assert (await after.symbols.get("AAPL")).instrument.name == "Changed"


async def test_two_changes_of_different_fields_are_both_kept(
    sql_storage: SqlStorage, database: str, stored: StoredInstrument
) -> None:
    async def change_sector(work: UnitOfWork) -> StoredInstrument:
        return await catalog.update(work, "AAPL", lambda old: replace(old, sector="Tech"), "")

    async with overtaken(sql_storage, database, change_sector) as (work, came):
        await catalog.update(work, "AAPL", lambda old: replace(old, name="Changed"), stored.etag)
    assert came[0].instrument == replace(AAPL, name="Changed", sector="Tech")


async def test_a_symbol_that_was_removed_meanwhile_is_not_found(
    sql_storage: SqlStorage, database: str, stored: StoredInstrument
) -> None:
    async def change(work: UnitOfWork) -> StoredInstrument:
        return await catalog.update(work, "AAPL", lambda old: replace(old, name="Changed"), "")

    async with overtaken(sql_storage, database, change) as (work, came):
        await catalog.delete(work, "AAPL", stored.etag, force=False)
    assert isinstance(came[0], NotFound)
    assert came[0].reason is Reason.SYMBOL_NOT_FOUND
