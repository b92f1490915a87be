"""What is PostgreSQL's own in its storage: concurrency and bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.storage import SqlStorage
from scizor.domain.bars import empty_bars
from scizor.domain.errors import InvalidInput, ScizorError
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import SessionRange
from scizor.ports.bars import WriteCounts
from scizor.ports.imports import RejectionFilter
from scizor.ports.storage import Storage
from tests.fakes.samples import (
    AAPL,
    BHP_ASX,
    BHP_NYSE,
    NOW,
    bars_of,
    import_of,
    job_of,
    keys_of,
    rejected,
    stored_symbol,
    write,
)

FIRST = date(2024, 1, 1)
EVER = SessionRange()


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(driver_dsn(database), timeout=10)
    yield connection
    await connection.close()


@pytest.fixture
async def stored(sql_storage: SqlStorage) -> StoredInstrument:
    return await stored_symbol(sql_storage)


def test_sql_storage_is_a_storage(sql_storage: SqlStorage) -> None:
    storage: Storage = sql_storage
    assert storage is sql_storage


positive = st.floats(min_value=5e-324, max_value=1.7976931348623157e308)


@given(
    st.dictionaries(
        st.integers(min_value=-100_000, max_value=100_000),
        st.tuples(st.lists(positive, min_size=4, max_size=4).map(sorted), positive, st.booleans()),
        max_size=30,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_sound_bar_comes_back_bit_for_bit(
    sql_storage: SqlStorage, stored: StoredInstrument, rows: dict[int, tuple[list[float], float, bool]]
) -> None:
    bars = empty_bars(len(rows))
    for bar, (day, (prices, volume, partial)) in zip(bars, sorted(rows.items()), strict=True):
        bar["day"], bar["volume"], bar["partial"] = day, volume, partial
        bar["low"], bar["open"], bar["close"], bar["high"] = prices
    async with sql_storage.begin() as work:
        await work.bars.delete(stored, EVER)
    await write(sql_storage, stored, bars)
    async with sql_storage.begin() as work:
        read = (await work.bars.read(stored, EVER)).bars
        for column in ("day", "open", "high", "low", "close", "volume", "partial"):
            assert read[column].tobytes() == bars[column].tobytes()


async def test_the_old_bar_of_an_update_is_kept(
    sql_storage: SqlStorage, stored: StoredInstrument, connection: asyncpg.Connection
) -> None:
    for close in (1.0, 2.0, 2.0, 3.0):
        await write(sql_storage, stored, bars_of(FIRST, [close]), f"close {close}")
    kept = await connection.fetch(
        "SELECT revision, close, name FROM bar_revisions JOIN sources ON id = source_id ORDER BY revision"
    )
    assert [tuple(row) for row in kept] == [(0, 1.0, "close 1.0"), (1, 2.0, "close 2.0")]


async def test_a_large_write_in_small_pieces_is_one_write(sql_storage: SqlStorage, stored: StoredInstrument) -> None:
    closes = np.linspace(1, 2, 230_000)
    bars = bars_of(date(1800, 1, 1), closes.tolist())
    async with sql_storage.begin() as work, work.bars.writer("test") as writer:
        for piece in np.array_split(bars, 100):
            await writer.add(keys_of(stored, piece), piece)
        assert await writer.store() == WriteCounts(230_000, 0, 0)
    async with sql_storage.begin() as work:
        chunks = [series.bars async for _, series in work.bars.stream([stored], EVER, 50_000)]
    assert [len(chunk) for chunk in chunks] == [50_000] * 4 + [30_000]
    assert np.concatenate(chunks)["close"].tolist() == closes.tolist()


async def test_two_writers_of_one_symbol_both_succeed(sql_storage: SqlStorage, stored: StoredInstrument) -> None:
    other = await stored_symbol(sql_storage, BHP_ASX)

    async def store(close: float, keys: tuple[int, int]) -> WriteCounts:
        async with sql_storage.begin() as work, work.bars.writer("test") as writer:
            for key in keys:
                bars = bars_of(FIRST, [close] * 500)
                await writer.add(np.full(500, key, dtype=np.int32), bars)
            return await writer.store()

    async with asyncio.timeout(30):
        counts = await asyncio.gather(store(1.0, (stored.key, other.key)), store(2.0, (other.key, stored.key)))
    assert sorted((one.inserted, one.updated) for one in counts) == [(0, 1_000), (1_000, 0)]


async def test_a_symbol_deleted_during_a_write_is_deleted_after_it(
    sql_storage: SqlStorage, stored: StoredInstrument, connection: asyncpg.Connection
) -> None:
    async def delete() -> None:
        async with sql_storage.begin() as work:
            await work.symbols.delete(stored.key)

    async with sql_storage.begin() as work, work.bars.writer("test") as writer:
        bars = bars_of(FIRST, [1.0])
        await writer.add(keys_of(stored, bars), bars)
        await writer.store()
        deletion = asyncio.create_task(delete())
        await waiting_for_a_lock(connection)
    await deletion
    assert await connection.fetchval("SELECT count(*) FROM daily_prices") == 0


async def waiting_for_a_lock(connection: asyncpg.Connection) -> None:
    """Return when another backend waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while await connection.fetchval(query) == 0:  # noqa: ASYNC110 - the database has no event to wait for
            await asyncio.sleep(0.01)


async def test_workers_that_claim_at_once_get_different_jobs(sql_storage: SqlStorage) -> None:
    async with sql_storage.begin() as work:
        for number in range(8):
            await work.backtests.add(job_of(f"b{number}"))
    together = asyncio.Barrier(4)

    async def claim_two(owner: str) -> list[str]:
        claimed = []
        for _ in range(2):
            async with sql_storage.begin() as work:
                await together.wait()
                job = await work.backtests.claim(owner, NOW, NOW - timedelta(hours=1))
                await together.wait()  # every claim is made before the first is committed
                assert job is not None
                claimed.append(job.id)
        return claimed

    async with asyncio.timeout(30):
        claims = await asyncio.gather(*(claim_two(f"worker {number}") for number in range(4)))
    assert sorted(backtest_id for claim in claims for backtest_id in claim) == [f"b{number}" for number in range(8)]


async def test_a_stream_left_early_leaves_the_connection_usable(
    sql_storage: SqlStorage, stored: StoredInstrument
) -> None:
    await write(sql_storage, stored, bars_of(FIRST, [1.0] * 100))
    async with sql_storage.begin() as work:
        async for _, series in work.bars.stream([stored], EVER, 10):
            assert len(series.bars) == 10
            break
        assert await work.bars.count(stored) == 100


async def test_errors_of_the_database_do_not_show_its_words(sql_storage: SqlStorage) -> None:
    async def add_nonsense() -> None:
        async with sql_storage.begin() as work:
            await work.symbols.add(replace(AAPL, currency="nonsense"))

    with pytest.raises(ScizorError) as caught:
        await add_nonsense()
    assert caught.value.message == "a row breaks a rule of the table it is for"
    assert caught.value.metadata == {}


async def test_a_text_that_cannot_be_stored_is_the_callers_mistake(sql_storage: SqlStorage) -> None:
    for name in ("a\0b", "\udc80"):
        with pytest.raises(InvalidInput):
            async with sql_storage.begin() as work:
                await work.symbols.add(replace(AAPL, name=name))


async def test_a_rejected_row_may_hold_anything(sql_storage: SqlStorage) -> None:
    async with sql_storage.begin() as work:
        await work.imports.add(import_of("01"), [rejected(1, raw="a\0b\udc80c\U0001f600")])
        found = await work.imports.rejections(RejectionFilter(), None, 10)
    assert found[0].row.raw == "a\ufffdb\ufffdc\U0001f600"


async def test_times_come_back_in_utc(database: str) -> None:
    storage = SqlStorage(f"{database}&options=-ctimezone%3DAsia/Tokyo")
    async with storage.begin() as work:
        added = await work.symbols.add(BHP_NYSE)
    assert added.create_time.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - added.create_time) < timedelta(minutes=1)
    await storage.close()
