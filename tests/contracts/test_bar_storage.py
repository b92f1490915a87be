"""What every storage of bars and corporate actions promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import inf, isnan, nan

import numpy as np
import pytest

from scizor.domain.bars import ActionType, BarArray, CorporateAction
from scizor.domain.errors import AlreadyExists, DataCorrupt, NotFound, Reason
from scizor.domain.instruments import Instrument
from scizor.domain.sessions import SessionRange, to_day
from scizor.ports.bars import WriteCounts
from scizor.ports.storage import Storage
from tests.fakes.samples import BHP_ASX, bars_of, keys_of, stored_symbol, write

FIRST = date(2024, 1, 1)
EVER = SessionRange()


def without_marks(bars: BarArray) -> list[tuple[object, ...]]:
    return [tuple(bar) for bar in bars[["day", "open", "high", "low", "close", "volume", "partial"]]]


async def test_bars_are_read_back_as_they_were_written(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    bars = bars_of(FIRST, [100.1, 1e-300, 1e300, 0.1 + 0.2])
    bars["partial"][3] = True
    assert await write(storage, stored, bars[::-1], "prices.csv") == WriteCounts(4, 0, 0)
    async with storage.begin() as work:
        series = await work.bars.read(stored, EVER)
    assert series.bars.dtype == bars.dtype
    assert without_marks(series.bars) == without_marks(bars)
    assert series.bars["revision"].tolist() == [0, 0, 0, 0]
    assert (series.symbol, series.currency, series.sources) == ("AAPL.NASDAQ", "USD", ("prices.csv",))
    assert series.bars["source"].tolist() == [0, 0, 0, 0]


async def test_what_was_read_may_be_changed_by_its_reader(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(FIRST, [1.0]))
    async with storage.begin() as work:
        series = await work.bars.read(stored, EVER)
        series.bars["close"] = 9.0
        assert (await work.bars.read(stored, EVER)).bars["close"].tolist() == [1.0]


async def test_a_write_in_any_order_does_to_each_bar_what_it_calls_for(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    kept = bars_of(FIRST, [1.0, 2.0, 3.0, 4.0])
    kept["partial"][2] = True
    await write(storage, stored, kept, scale_date=date(2024, 2, 1))
    told = bars_of(FIRST, [1.0, 2.5, 3.0, 4.5, 5.0])
    told["partial"][3:] = True
    async with storage.begin() as work, work.bars.writer("test", date(2024, 2, 2)) as writer:
        for one in (other, stored):
            await writer.add(keys_of(one, told), told[::-1])
        assert await writer.store() == WriteCounts(1 + 5, 2, 2)
    async with storage.begin() as work:
        read = (await work.bars.read(stored, EVER)).bars
        assert read["close"].tolist() == [1.0, 2.5, 3.0, 4.0, 5.0]
        assert read["partial"].tolist() == [False, False, False, False, True]
        assert read["revision"].tolist() == [0, 1, 1, 0, 0]
        assert without_marks((await work.bars.read(other, EVER)).bars) == without_marks(told)
        # All have the new scale date but the complete bar that was told as partial.
        assert await work.bars.rescale(stored, date(2024, 2, 2), Decimal(2)) == 4


async def test_a_write_counts_new_changed_and_equal_bars(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(FIRST, [1.0, 2.0, 3.0]))
    assert await write(storage, stored, bars_of(FIRST, [1.0, 2.5, 3.0, 4.0])) == WriteCounts(1, 1, 2)
    async with storage.begin() as work:
        series = await work.bars.read(stored, EVER)
    assert series.bars["close"].tolist() == [1.0, 2.5, 3.0, 4.0]
    assert series.bars["revision"].tolist() == [0, 1, 0, 0]


async def test_the_same_bar_of_another_source_is_an_update(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(FIRST, [1.0, 2.0]), "first")
    assert await write(storage, stored, bars_of(FIRST, [1.0]), "second") == WriteCounts(0, 1, 0)
    async with storage.begin() as work:
        series = await work.bars.read(stored, EVER)
    assert [series.sources[place] for place in series.bars["source"]] == ["second", "first"]
    assert series.bars["revision"].tolist() == [1, 0]


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume", "partial"])
async def test_a_change_of_any_column_is_an_update(storage: Storage, column: str) -> None:
    stored = await stored_symbol(storage)
    bars = bars_of(FIRST, [100.0])
    bars["partial"] = True
    await write(storage, stored, bars)
    bars[column] = False if column == "partial" else bars[column] * (1.002 if column != "low" else 0.998)
    if column == "close":
        bars["close"] = 100.5
    assert await write(storage, stored, bars) == WriteCounts(0, 1, 0)


async def test_marks_of_the_caller_are_ignored(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    bars = bars_of(FIRST, [1.0])
    bars["revision"], bars["source"] = 7, 3
    await write(storage, stored, bars)
    assert await write(storage, stored, bars) == WriteCounts(0, 0, 1)
    async with storage.begin() as work:
        assert (await work.bars.read(stored, EVER)).bars[["revision", "source"]].tolist() == [(0, 0)]


async def test_bars_may_be_staged_in_pieces_of_several_instruments(storage: Storage) -> None:
    apple, bhp = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    async with storage.begin() as work, work.bars.writer("test") as writer:
        for day in range(1, 4):
            bars = np.concatenate([bars_of(date(2024, 1, day), [10.0]), bars_of(date(2024, 1, day), [20.0])])
            await writer.add(np.array([bhp.key, apple.key], dtype=np.int32), bars)
        assert await writer.store() == WriteCounts(6, 0, 0)
        assert await writer.store() == WriteCounts(0, 0, 0)
    async with storage.begin() as work:
        assert (await work.bars.read(bhp, EVER)).bars["close"].tolist() == [10.0] * 3
        assert (await work.bars.read(apple, EVER)).bars["close"].tolist() == [20.0] * 3


async def test_nothing_staged_is_nothing_stored(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    assert await write(storage, stored, bars_of(FIRST, [])) == WriteCounts(0, 0, 0)
    async with storage.begin() as work, work.bars.writer("test") as writer:
        bars = bars_of(FIRST, [1.0])
        await writer.add(keys_of(stored, bars), bars)
    async with storage.begin() as work:
        assert await work.bars.count(stored) == 0


@pytest.mark.parametrize("known", [True, False])
async def test_a_bar_staged_twice_is_refused(storage: Storage, known: bool) -> None:
    stored = await stored_symbol(storage)
    bars = bars_of(FIRST, [1.0, 2.0])
    if known:
        await write(storage, stored, bars)
    with pytest.raises(DataCorrupt):
        await write(storage, stored, np.concatenate([bars, bars[:1]]))


@pytest.mark.parametrize(
    ("column", "value"),
    [("open", nan), ("high", inf), ("low", 0.0), ("low", -1.0), ("low", 1.5), ("close", 3.0), ("volume", 0.0)],
)
async def test_an_unsound_bar_is_refused_and_nothing_is_stored(storage: Storage, column: str, value: float) -> None:
    stored = await stored_symbol(storage)
    bars = bars_of(FIRST, [1.0, 1.0])
    bars[column][1] = value
    with pytest.raises(DataCorrupt) as caught:
        await write(storage, stored, bars)
    assert caught.value.reason is Reason.DATA_CORRUPT
    async with storage.begin() as work:
        assert await work.bars.count(stored) == 0


async def test_bars_of_a_deleted_instrument_are_refused(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    async with storage.begin() as work:
        await work.symbols.delete(stored.key)
    with pytest.raises(NotFound) as caught:
        await write(storage, stored, bars_of(FIRST, [1.0]))
    assert caught.value.reason is Reason.SYMBOL_NOT_FOUND


@pytest.mark.parametrize(
    ("which", "limit", "expected"),
    [
        (EVER, None, [1, 2, 3, 4, 5]),
        (EVER, 2, [1, 2]),
        (EVER, 0, []),
        (SessionRange(date(2024, 1, 2), date(2024, 1, 4)), None, [2, 3, 4]),
        (SessionRange(date(2024, 1, 4), None), None, [4, 5]),
        (SessionRange(None, date(2024, 1, 2)), 9, [1, 2]),
        (SessionRange(date(2025, 1, 1), None), None, []),
    ],
)
async def test_a_range_has_both_its_ends_and_a_limit_keeps_the_oldest(
    storage: Storage, which: SessionRange, limit: int | None, expected: list[float]
) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(FIRST, [1, 2, 3, 4, 5]))
    async with storage.begin() as work:
        assert (await work.bars.read(stored, which, limit)).bars["close"].tolist() == expected
        if limit is None:
            days = await work.bars.days(stored, which)
            assert (days - to_day(FIRST) + 1).tolist() == expected
            assert days.dtype == np.int32


async def test_newest_bar_extent_and_count_of_an_instrument(storage: Storage) -> None:
    stored, empty = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    await write(storage, stored, bars_of(date(1969, 12, 30), [1, 2, 3]))
    async with storage.begin() as work:
        assert (await work.bars.latest(stored)).bars["close"].tolist() == [3.0]
        assert await work.bars.extent(stored) == (date(1969, 12, 30), date(1970, 1, 1))
        assert await work.bars.count(stored) == 3
        assert len((await work.bars.latest(empty)).bars) == 0
        assert (await work.bars.latest(empty)).sources == ()
        assert await work.bars.extent(empty) is None
        assert await work.bars.count(empty) == 0
        assert (await work.bars.days(empty, EVER)).tolist() == []


async def test_closes_before_dates_ignore_the_day_itself(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    await write(storage, stored, bars_of(date(2024, 1, 2), [1, 2]))
    async with storage.begin() as work:
        dates = [date(2024, 6, 1), date(2024, 1, 2), date(2024, 1, 3)]
        closes = await work.bars.closes_before(stored, dates)
        assert await work.bars.closes_before(stored, []) == []
    assert closes[0] == 2.0
    assert isnan(closes[1])
    assert closes[2] == 1.0


async def test_a_stream_gives_each_instrument_in_turn_in_bounded_chunks(storage: Storage) -> None:
    async with storage.begin() as work:
        await work.symbols.add_missing([Instrument(f"S{number:02d}", "NYSE", "USD") for number in range(40)])
        stored = await work.symbols.get_many([f"S{number:02d}" for number in range(40)])
    for number, one in enumerate(stored[:39]):
        await write(storage, one, bars_of(FIRST, np.arange(1.0, 2.0 + number).tolist()), f"source {number}")
    asked = [*stored[::-1], stored[3]]
    seen: list[tuple[str, list[float]]] = []
    async with storage.begin() as work:
        async for one, series in work.bars.stream(asked, SessionRange(date(2024, 1, 2), None), 10):
            assert series.symbol == one.instrument.id
            assert series.sources == (f"source {int(one.instrument.symbol[1:])}",)
            assert 0 < len(series.bars) <= 10
            seen.append((one.instrument.symbol, series.bars["close"].tolist()))
            assert (await work.symbols.get(one.instrument.symbol)) == one
    expected = []
    for one in asked:
        number = int(one.instrument.symbol[1:])
        closes = np.arange(2.0, 2.0 + number).tolist() if number < 39 else []
        expected += [(one.instrument.symbol, closes[start : start + 10]) for start in range(0, len(closes), 10)]
    assert seen == expected


async def test_a_stream_of_no_instruments_is_empty(storage: Storage) -> None:
    async with storage.begin() as work:
        assert [chunk async for chunk in work.bars.stream([], EVER, 10)] == []


async def test_instruments_with_a_bar_in_the_range_are_told_from_those_without(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    await write(storage, stored, bars_of(FIRST, [1.0, 2.0]))
    last, after = date(2024, 1, 2), date(2024, 1, 3)
    async with storage.begin() as work:
        for which, expected in (
            (EVER, {stored.key}),
            (SessionRange(last, last), {stored.key}),
            (SessionRange(None, FIRST), {stored.key}),
            (SessionRange(after, None), set()),
            (SessionRange(None, date(2023, 12, 31)), set()),
        ):
            assert await work.bars.having_any([other, stored], which) == expected
        assert await work.bars.having_any([], EVER) == set()


SPLIT = CorporateAction(ActionType.SPLIT, date(2005, 2, 28), Decimal(2), "exchange")
DIVIDEND = CorporateAction(ActionType.DIVIDEND, date(2012, 8, 9), Decimal("2.65"), "company", date(2012, 8, 16))


async def test_corporate_actions_come_by_date(storage: Storage) -> None:
    stored, other = await stored_symbol(storage), await stored_symbol(storage, BHP_ASX)
    same_day = replace(SPLIT, ex_date=DIVIDEND.ex_date)
    async with storage.begin() as work:
        for action in (DIVIDEND, SPLIT, same_day):
            assert await work.actions.record(stored, action) == action
        assert await work.actions.of(stored) == [SPLIT, same_day, DIVIDEND]
        assert await work.actions.of(other) == []


async def test_an_action_recorded_again_stays_as_it_was(storage: Storage) -> None:
    stored = await stored_symbol(storage)
    async with storage.begin() as work:
        await work.actions.record(stored, DIVIDEND)
        same = replace(DIVIDEND, value=Decimal("2.650"), source="another")
        assert await work.actions.record(stored, same) == DIVIDEND
        with pytest.raises(AlreadyExists) as caught:
            await work.actions.record(stored, replace(DIVIDEND, value=Decimal(3)))
        assert await work.actions.of(stored) == [DIVIDEND]
    assert caught.value.reason is Reason.CORPORATE_ACTION_EXISTS
