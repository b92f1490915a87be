"""What every storage of bars promises to those who keep them complete and on one scale."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from scizor.domain.bars import VALUE_COLUMNS, ActionType, CorporateAction
from scizor.domain.intervals import Interval
from scizor.domain.scaling import as_traded
from scizor.domain.sessions import SessionRange, to_day
from scizor.ports.bars import WriteCounts
from scizor.ports.storage import Storage
from tests.fakes.samples import BHP_ASX, bars_of, minutes_of, stored_symbol, write, write_minutes

FIRST, EX_DATE = date(2024, 1, 1), date(2024, 1, 3)
TOLD_AFTER, TOLD_BEFORE = date(2024, 1, 10), date(2024, 1, 2)
EVER = SessionRange()


async def test_a_partial_bar_gives_way_to_a_complete_one_and_not_the_other_way(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    forming, whole = bars_of(FIRST, [1.0]), bars_of(FIRST, [2.0])
    forming["partial"] = True
    for bars, counts in (
        (forming, WriteCounts(1, 0, 0)),
        (whole, WriteCounts(0, 1, 0)),
        (forming, WriteCounts(0, 0, 1)),
    ):
        assert await write(storage, stored, bars) == counts
    async with storage.begin() as work:
        read = (await work.bars.latest(stored)).bars
    assert read[["close", "partial", "revision"]].tolist() == [(2.0, False, 1)]


async def test_complete_sessions_of_several_symbols_come_at_once(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    bars = bars_of(FIRST, [1.0, 2.0, 3.0])
    bars["partial"][2] = True
    await write(storage, stored, bars)
    forming = bars_of(FIRST, [1.0])
    forming["partial"] = True
    await write(storage, other, forming)
    keys, first = [other.key, stored.key, 0], to_day(FIRST)
    async with storage.begin() as work:
        found = await work.bars.days_of_many(keys, EVER)
        assert {key: days.tolist() for key, days in found.items()} == {stored.key: [first, first + 1]}
        found = await work.bars.days_of_many(keys, SessionRange(date(2024, 1, 2), None))
        assert {key: days.tolist() for key, days in found.items()} == {stored.key: [first + 1]}
        assert await work.bars.days_of_many(keys, SessionRange(date(2025, 1, 1), None)) == {}
        assert await work.bars.newest_of_many(keys) == {stored.key: date(2024, 1, 2)}
        assert await work.bars.newest_of_many([]) == {}


async def test_bars_of_a_range_are_deleted(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    for one in (stored, other):
        await write(storage, one, bars_of(FIRST, [1.0, 2.0, 3.0]))
    await write(storage, stored, bars_of(FIRST, [4.0, 5.0]))
    async with storage.begin() as work:
        assert await work.bars.delete(stored, SessionRange(None, date(2024, 1, 1))) == 1
        assert await work.bars.delete(stored, SessionRange(None, date(2024, 1, 1))) == 0
        assert (await work.bars.read(stored, EVER)).bars["close"].tolist() == [5.0, 3.0]
        assert await work.bars.count(other) == 3
    assert await write(storage, stored, bars_of(FIRST, [1.0])) == WriteCounts(1, 0, 0)
    assert await write(storage, stored, bars_of(FIRST, [2.0])) == WriteCounts(0, 1, 0)  # no old revision is in the way


@pytest.mark.parametrize(
    ("scale_date", "closes", "rescaled"),
    [
        (TOLD_AFTER, [4.0, 4.0, 2.0], 3),
        (EX_DATE, [4.0, 4.0, 2.0], 3),
        (TOLD_BEFORE, [2.0] * 3, 0),
        (None, [2.0] * 3, 0),
    ],
)
async def test_a_split_is_undone_in_bars_that_were_told_with_it(
    storage: Storage, scale_date: date | None, closes: list[float], rescaled: int
) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(FIRST, [2.0, 2.0, 2.0]), scale_date=scale_date)
    for day in (2, 3):
        minutes = minutes_of(datetime(2024, 1, day, 15, tzinfo=UTC), [2.0], volume=10.0)
        await write_minutes(storage, stored, minutes, scale_date=scale_date)
    async with storage.begin() as work:
        assert await work.bars.rescale(stored, EX_DATE, Decimal(2)) == rescaled
        daily = (await work.bars.read(stored, EVER)).bars
        minutes = (await work.intraday.read(stored, Interval.MINUTE_1, EVER)).bars
    assert daily["close"].tolist() == closes
    assert daily["volume"].tolist() == [2_000.0 / close for close in closes]
    assert daily["revision"].tolist() == [int(close == 4.0) for close in closes]
    assert minutes["close"].tolist() == closes[1:]
    assert minutes["volume"].tolist() == [20.0 / close for close in closes[1:]]
    assert minutes["revision"].tolist() == [int(close == 4.0) for close in closes[1:]]


async def test_a_split_recorded_after_bars_were_told_leaves_what_one_recorded_before_does(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    told = bars_of(FIRST, [37.09, 33.333333], volume=1_001.0)
    await write(storage, stored, told, scale_date=TOLD_AFTER)
    async with storage.begin() as work:
        await work.bars.rescale(stored, EX_DATE, Decimal(3))
        read = (await work.bars.read(stored, EVER)).bars
    traded = as_traded(told, TOLD_AFTER, [CorporateAction(ActionType.SPLIT, EX_DATE, Decimal(3), "test")])
    for name in VALUE_COLUMNS:
        assert read[name].tolist() == traded[name].tolist(), name


@pytest.mark.parametrize(("length", "proof"), [(Interval.DAY_1, TOLD_AFTER), (Interval.MINUTE_1, date(2024, 1, 9))])
async def test_bars_told_no_later_than_one_that_proves_it_were_told_without_the_split(
    storage: Storage, length: Interval, proof: date
) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    later = date(2024, 1, 11)
    for day, told in ((date(2023, 12, 29), later), (date(2023, 12, 30), None), (FIRST, TOLD_AFTER), (EX_DATE, later)):
        await write(storage, stored, bars_of(day, [2.0]), scale_date=told)
    await write(storage, stored, bars_of(TOLD_BEFORE, [2.0]), scale_date=proof)
    await write(storage, other, bars_of(FIRST, [2.0]), scale_date=TOLD_AFTER)
    for number in (1, 2):
        minutes = minutes_of(datetime(2024, 1, number, 15, tzinfo=UTC), [2.0])
        await write_minutes(storage, stored, minutes, scale_date=TOLD_AFTER)
    async with storage.begin() as work:
        assert await work.bars.told_without_splits(stored, TOLD_BEFORE, length) == 4
        assert await work.bars.told_without_splits(stored, TOLD_BEFORE, length) == 0
        read = (await work.bars.read(stored, EVER)).bars
        assert not read["revision"].any()
        assert await work.bars.rescale(stored, EX_DATE, Decimal(2)) == 1, "the one told later"
        assert (await work.bars.read(stored, EVER)).bars["close"].tolist() == [4.0, 2.0, 2.0, 2.0, 2.0]
        assert await work.bars.rescale(other, EX_DATE, Decimal(2)) == 1


@pytest.mark.parametrize("length", [Interval.DAY_1, Interval.MINUTE_1])
@pytest.mark.parametrize("told", [None, TOLD_BEFORE])
async def test_bars_told_as_traded_prove_nothing(storage: Storage, length: Interval, told: date | None) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(FIRST, [2.0]), scale_date=TOLD_AFTER)
    await write(storage, stored, bars_of(TOLD_BEFORE, [2.0]), scale_date=told)
    async with storage.begin() as work:
        assert await work.bars.told_without_splits(stored, TOLD_BEFORE, length) == 0


async def test_another_scale_date_is_no_revision_and_counts_from_then_on(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    bars = bars_of(FIRST, [2.0])
    await write(storage, stored, bars)
    assert await write(storage, stored, bars, scale_date=TOLD_AFTER) == WriteCounts(0, 0, 1)
    async with storage.begin() as work:
        assert (await work.bars.latest(stored)).bars["revision"].tolist() == [0]
        assert await work.bars.rescale(stored, EX_DATE, Decimal("0.5")) == 1
        read = (await work.bars.latest(stored)).bars
        assert read[["close", "revision"]].tolist() == [(1.0, 1)]
    assert await write(storage, stored, read) == WriteCounts(0, 0, 1)
    async with storage.begin() as work:
        assert await work.bars.rescale(stored, EX_DATE, Decimal(2)) == 0
