"""What every storage of flags and of gaps promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from scizor.domain.collections import SessionGap, SessionState
from scizor.domain.errors import NotFound
from scizor.domain.intervals import Interval
from scizor.domain.quality import DataFlag, FlagKind, StoredFlag
from scizor.domain.sessions import SessionRange
from scizor.ports.collections import GapKey
from scizor.ports.storage import Storage
from tests.fakes.samples import BHP_ASX, NOW, bars_of, minutes_of, stored_symbol, write, write_minutes

LATER = NOW + timedelta(hours=1)
DAY = Interval.DAY_1
EVER = SessionRange()
SPLIT = DataFlag(FlagKind.SUSPECTED_SPLIT, date(2024, 1, 3), "0.25 of the close before", ratio=4.0)
REVISED = DataFlag(FlagKind.REVISED, date(2024, 1, 3), "close 10 is now 11")
HALT = SessionGap(date(2024, 1, 2), SessionState.HALTED, "the broker has no bar")
FAILED = SessionGap(date(2024, 1, 3), SessionState.FETCH_FAILED, "timeout")


async def test_flags_come_newest_first(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    earlier = replace(REVISED, session=date(2024, 1, 2))
    async with storage.begin() as work:
        await work.flags.raise_(stored.key, [REVISED], LATER)
        await work.flags.raise_(stored.key, [earlier, SPLIT], NOW)
        await work.flags.raise_(other.key, [SPLIT], NOW)
        await work.flags.raise_(other.key, [], NOW)
        mine = [
            StoredFlag("AAPL.NASDAQ", REVISED, LATER),
            StoredFlag("AAPL.NASDAQ", SPLIT, NOW),
            StoredFlag("AAPL.NASDAQ", earlier, NOW),
        ]
        assert await work.flags.newest(stored, 9) == mine
        assert await work.flags.newest(None, 9) == [*mine[:2], StoredFlag("BHP.ASX", SPLIT, NOW), mine[2]]
        assert await work.flags.newest(None, 1) == mine[:1]


async def test_a_flag_raised_again_keeps_its_time_and_a_lowered_one_is_gone(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    surer = replace(SPLIT, detail="still", ratio=5.0)
    async with storage.begin() as work:
        await work.flags.raise_(stored.key, [SPLIT, REVISED], NOW)
        await work.flags.raise_(stored.key, [surer], LATER)
        await work.flags.lower(stored.key, FlagKind.REVISED, REVISED.session)
        await work.flags.lower(stored.key, FlagKind.REVISED, REVISED.session)
        assert await work.flags.newest(stored, 9) == [StoredFlag("AAPL.NASDAQ", surer, NOW)]


async def test_gaps_come_by_session_and_the_last_word_counts(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    listed = SessionGap(date(2023, 12, 29), SessionState.NOT_LISTED)
    async with storage.begin() as work:
        await work.gaps.mark(GapKey(stored.key, DAY), [FAILED, listed], NOW)
        await work.gaps.mark(GapKey(stored.key, DAY), [HALT, replace(FAILED, state=SessionState.HALTED)], LATER)
        await work.gaps.mark(GapKey(stored.key, Interval.HOUR_1), [FAILED], NOW)
        await work.gaps.mark(GapKey(stored.key, DAY), [], NOW)
        expected = [listed, HALT, replace(FAILED, state=SessionState.HALTED)]
        assert await work.gaps.of(stored, DAY, EVER) == expected
        assert await work.gaps.of(stored, DAY, SessionRange(date(2024, 1, 1), date(2024, 1, 2))) == [HALT]
        assert await work.gaps.of(other, DAY, EVER) == []
        assert await work.gaps.of_many([other.key, stored.key], DAY, EVER) == {stored.key: expected}


async def test_a_gap_is_forgotten_once_there_is_a_bar(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    async with storage.begin() as work:
        for key in (stored.key, other.key):
            for interval in (DAY, Interval.MINUTE_1, Interval.MINUTE_5):
                await work.gaps.mark(GapKey(key, interval), [HALT, FAILED], NOW)
    for one in (stored, other):
        await write(storage, one, bars_of(HALT.session, [1.0]))
        await write_minutes(storage, one, minutes_of(datetime(2024, 1, 3, 15, tzinfo=UTC), [1.0]))
    async with storage.begin() as work:
        for interval in (DAY, Interval.MINUTE_1, Interval.MINUTE_5):
            await work.gaps.forget_present([stored.key], interval)
        assert await work.gaps.of(stored, DAY, EVER) == [FAILED]
        assert await work.gaps.of(stored, Interval.MINUTE_1, EVER) == [HALT]
        assert await work.gaps.of(stored, Interval.MINUTE_5, EVER) == [HALT, FAILED]
        assert await work.gaps.of(other, DAY, EVER) == [HALT, FAILED]


async def test_a_deleted_symbol_has_neither(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    async with storage.begin() as work:
        await work.flags.raise_(stored.key, [SPLIT], NOW)
        await work.gaps.mark(GapKey(stored.key, DAY), [HALT], NOW)
        await work.symbols.delete(stored.key)
        assert await work.flags.newest(None, 9) == []
        assert await work.gaps.of(stored, DAY, EVER) == []
    with pytest.raises(NotFound):
        async with storage.begin() as work:
            await work.flags.raise_(stored.key, [SPLIT], NOW)
    with pytest.raises(NotFound):
        async with storage.begin() as work:
            await work.gaps.mark(GapKey(stored.key, DAY), [HALT], NOW)
