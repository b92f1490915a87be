"""What every storage of intraday bars promises."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import nan

import numpy as np
import pytest

from scizor.domain.bars import INTRADAY_DTYPE, BarArray
from scizor.domain.errors import DataCorrupt, NotFound
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange, to_day
from scizor.ports.bars import WriteCounts
from scizor.ports.storage import Storage
from tests.fakes.samples import BHP_ASX, minutes_of, stored_symbol, write_minutes

OPEN = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)
NEXT_YEAR = datetime(2025, 1, 2, 14, 30, tzinfo=UTC)
EVER = SessionRange()
MINUTE = Interval.MINUTE_1


def sydney(session: date, closes: list[float]) -> BarArray:
    """Minutes of a session that begins on the day before, as UTC has it."""
    bars = minutes_of(datetime(session.year, session.month, session.day, 23, tzinfo=UTC) - timedelta(days=1), closes)
    bars["day"] = to_day(session)
    return bars


async def test_bars_are_read_back_as_they_were_written(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    bars = minutes_of(OPEN, [1.5, 2.5, 3.5])
    bars["partial"][2], bars["volume"][1] = True, 7.0
    assert await write_minutes(storage, stored, bars[::-1]) == WriteCounts(3, 0, 0)
    async with storage.begin() as work:
        series = await work.intraday.read(stored, MINUTE, EVER)
        assert series.bars.dtype == INTRADAY_DTYPE
        assert series.bars.tolist() == bars.tolist()
        assert (series.symbol, series.currency, series.sources) == ("AAPL.NASDAQ", "USD", ("test",))
        assert series.interval is MINUTE
        assert (await work.intraday.latest(stored, MINUTE)).bars.tolist() == bars[-1:].tolist()
        other = await work.intraday.latest(stored, Interval.HOUR_1)
        assert (len(other.bars), other.interval, other.sources) == (0, Interval.HOUR_1, ())


async def test_bars_of_two_lengths_may_begin_together(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    for interval in (MINUTE, Interval.HOUR_1):
        assert await write_minutes(storage, stored, minutes_of(OPEN, [1.0]), interval) == WriteCounts(1, 0, 0)
    async with storage.begin() as work:
        assert await work.intraday.delete(stored, MINUTE, EVER) == 1
        assert len((await work.intraday.read(stored, Interval.HOUR_1, EVER)).bars) == 1


@pytest.mark.parametrize(
    "which", [SessionRange(date.min, date.max), SessionRange(date.min), SessionRange(None, date.max)]
)
async def test_a_range_may_reach_to_the_ends_of_the_calendar(storage: Storage, which: SessionRange) -> None:
    stored = await stored_symbol(storage)
    await write_minutes(storage, stored, minutes_of(OPEN, [1.0]))
    async with storage.begin() as work:
        assert len((await work.intraday.read(stored, MINUTE, which)).bars) == 1
        assert list(await work.intraday.days_of_many([stored.key], MINUTE, which)) == [stored.key]
        assert await work.intraday.delete(stored, MINUTE, which) == 1


async def test_a_range_is_of_sessions_whatever_their_hours(storage: Storage) -> None:
    stored = await stored_symbol(storage, BHP_ASX)
    for day in (2, 3, 4):
        await write_minutes(storage, stored, sydney(date(2024, 1, day), [float(day), day + 0.5]))
    second = SessionRange(date(2024, 1, 3), date(2024, 1, 3))
    async with storage.begin() as work:
        assert (await work.intraday.read(stored, MINUTE, second)).bars["close"].tolist() == [3.0, 3.5]
        assert (await work.intraday.days(stored, MINUTE, second)).tolist() == [to_day(date(2024, 1, 3))]
        assert await work.intraday.delete(stored, MINUTE, second) == 2
        assert (await work.intraday.read(stored, MINUTE, EVER)).bars["close"].tolist() == [2.0, 2.5, 4.0, 4.5]


async def test_reading_goes_on_after_an_instant(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    bars = np.concatenate([minutes_of(OPEN, [1.0, 2.0, 3.0]), minutes_of(NEXT_YEAR, [4.0])])
    await write_minutes(storage, stored, bars)
    async with storage.begin() as work:
        for after_ns, limit, expected in (
            (None, 2, [1.0, 2.0]),
            (int(bars["time_ns"][1]), None, [3.0, 4.0]),
            (int(bars["time_ns"][1]) - 1, 1, [2.0]),
            (int(bars["time_ns"][3]), None, []),
            (None, 0, []),
        ):
            read = await work.intraday.read(stored, MINUTE, EVER, after_ns, limit)
            assert read.bars["close"].tolist() == expected


async def test_a_replaced_bar_counts_its_revisions(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    bars = minutes_of(OPEN, [1.0, 2.0])
    await write_minutes(storage, stored, bars)
    bars["volume"][1] = 5.0
    assert await write_minutes(storage, stored, bars) == WriteCounts(0, 1, 1)
    assert await write_minutes(storage, stored, bars) == WriteCounts(0, 0, 2)
    async with storage.begin() as work:
        assert (await work.intraday.read(stored, MINUTE, EVER)).bars["revision"].tolist() == [0, 1]


async def test_a_partial_bar_gives_way_to_a_complete_one_and_not_the_other_way(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    forming, whole = minutes_of(OPEN, [1.0]), minutes_of(OPEN, [2.0])
    forming["partial"] = True
    for bars, counts in (
        (forming, WriteCounts(1, 0, 0)),
        (whole, WriteCounts(0, 1, 0)),
        (forming, WriteCounts(0, 0, 1)),
    ):
        assert await write_minutes(storage, stored, bars) == counts
    async with storage.begin() as work:
        read = (await work.intraday.latest(stored, MINUTE)).bars
    assert read[["close", "partial"]].tolist() == [(2.0, False)]


@pytest.mark.parametrize(("column", "value"), [("low", 0.0), ("open", nan), ("high", 0.5), ("volume", -1.0)])
async def test_an_unsound_bar_is_refused(storage: Storage, column: str, value: float) -> None:
    stored = await stored_symbol(storage)
    bars = minutes_of(OPEN, [1.0, 1.0])
    bars[column][1] = value
    with pytest.raises(DataCorrupt):
        await write_minutes(storage, stored, bars)


async def test_a_bar_staged_twice_and_one_of_nobody_are_refused(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    bars = minutes_of(OPEN, [1.0])
    with pytest.raises(DataCorrupt):
        await write_minutes(storage, stored, np.concatenate([bars, bars]))
    async with storage.begin() as work:
        await work.symbols.delete(stored.key)
    with pytest.raises(NotFound):
        await write_minutes(storage, stored, bars)


async def test_sessions_of_several_symbols_leave_out_those_with_a_partial_bar(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    days = [2, 3, 8]
    for day in days:
        bars = minutes_of(OPEN.replace(day=day), [1.0] * 500)
        bars["partial"][-1] = day == 3
        await write_minutes(storage, stored, bars)
    await write_minutes(storage, stored, minutes_of(NEXT_YEAR, [1.0]))
    await write_minutes(storage, other, sydney(date(2024, 1, 3), [1.0]), Interval.MINUTE_5)
    first, last = to_day(date(2024, 1, 1)) - 1, to_day(date(2025, 1, 2))
    which = SessionRange(date(2024, 1, 2), date(2024, 1, 7))
    async with storage.begin() as work:
        assert (await work.intraday.days(stored, MINUTE, EVER)).tolist() == [*(first + day for day in days), last]
        assert (await work.intraday.days(other, MINUTE, EVER)).tolist() == []
        found = await work.intraday.days_of_many([stored.key, other.key], MINUTE, EVER)
        assert {key: value.tolist() for key, value in found.items()} == {stored.key: [first + 2, first + 8, last]}
        found = await work.intraday.days_of_many([stored.key, other.key], MINUTE, which)
        assert {key: value.tolist() for key, value in found.items()} == {stored.key: [first + 2]}
        found = await work.intraday.days_of_many([stored.key, other.key], Interval.MINUTE_5, EVER)
        assert {key: value.dtype for key, value in found.items()} == {other.key: np.dtype(np.int32)}
        assert await work.intraday.days_of_many([], MINUTE, EVER) == {}
