"""Two versions at once: the older one goes on where the newer schema serves it, and no step makes readers wait."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from scizor.adapters.sql import upgrade
from scizor.adapters.sql.dsn import connect, driver_dsn
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.migrations import HEAD, OLDEST, READ_SERVED, VERSION_TABLE, served_note
from scizor.domain.errors import FailedPrecondition, Unavailable
from tests.conftest import run_on_server

BEFORE_A_TABLE_IS_LOCKED = "0011"
BEFORE_ANY = "0000"


async def at(dsn: str, revision: str) -> None:
    """Bring an empty database to an older schema."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: connect(driver_dsn(dsn), timeout_s=10))
    async with engine.begin() as connection:
        await connection.run_sync(upgrade.run_steps, revision)
    await engine.dispose()


async def newer(dsn: str, note: str) -> None:
    """Make it a database that a later version has migrated."""
    await run_on_server(dsn, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608 - a constant
    await run_on_server(dsn, f"COMMENT ON TABLE {VERSION_TABLE} IS '{note}'")


async def test_a_schema_says_since_when_code_is_served(empty_database: str) -> None:
    await migrate(empty_database)
    connection = await asyncpg.connect(driver_dsn(empty_database), timeout=10)
    assert await connection.fetchval(READ_SERVED) == served_note(HEAD, OLDEST)
    await connection.close()


async def test_a_newer_schema_that_serves_this_code_is_left_as_it_is(empty_database: str) -> None:
    await migrate(empty_database)
    await newer(empty_database, served_note("9999", HEAD))
    assert await migrate(empty_database) is False


@pytest.mark.parametrize("note", [served_note("9999", "9998"), served_note("9998", BEFORE_ANY), ""])
async def test_a_newer_schema_that_does_not_say_so_is_refused(empty_database: str, note: str) -> None:
    await migrate(empty_database)
    await newer(empty_database, note)
    with pytest.raises(FailedPrecondition, match="update scizor"):
        await migrate(empty_database)


async def test_a_step_does_not_queue_behind_a_long_read(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "_LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(upgrade, "_PAUSE_S", 0.1)
    await at(empty_database, BEFORE_A_TABLE_IS_LOCKED)
    reader = await asyncpg.connect(driver_dsn(empty_database), timeout=10)
    async with reader.transaction():
        await reader.fetch("SELECT FROM backtest_equity")
        monkeypatch.setattr(upgrade, "_TRIES", 2)
        with pytest.raises(Unavailable, match="another transaction was in the way"):
            await migrate(empty_database)
        monkeypatch.setattr(upgrade, "_TRIES", 100)
        migrating = asyncio.create_task(migrate(empty_database))
        other = await asyncpg.connect(driver_dsn(empty_database), timeout=10)
        for _ in range(5):  # none of them waits longer than the step may
            await other.fetch("SELECT FROM backtest_equity", timeout=5)
        await other.close()
        assert not migrating.done()
    await reader.close()
    async with asyncio.timeout(30):
        assert await migrating is True
