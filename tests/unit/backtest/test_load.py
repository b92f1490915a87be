"""The bars of a backtest: the right instrument's, in its range, on one scale."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, Adjustment, BarSeries, CorporateAction, empty_bars
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.instruments import Instrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange, to_day
from scizor.services.history.load import History, load_history
from tests.fakes.storage import FakeStorage
from tests.unit.backtest.build import bars_of, spec_of, store_bars

# Sessions 2020-01-02 to 2020-01-05; the shares are split two for one before the fourth, a dividend of 5 on the third.
SPLIT = CorporateAction(ActionType.SPLIT, date(2020, 1, 5), Decimal(2), "test")
TODAY = date(2020, 2, 1)
DIVIDEND = CorporateAction(ActionType.DIVIDEND, date(2020, 1, 4), Decimal(5), "test")


@pytest.fixture
async def storage() -> FakeStorage:
    storage = FakeStorage()
    await store_bars(storage, "A.X", bars_of([100, 100, 100, 50], [100, 100, 100, 50]))
    async with storage.begin() as work:
        instrument = await work.symbols.get("A.X")
        for action in (SPLIT, DIVIDEND):
            await work.actions.record(instrument, action)
    return storage


def series_of(history: History) -> list[BarSeries]:
    return [one.series for one in history.symbols]


async def test_a_split_that_is_only_announced_changes_nothing_yet(storage: FakeStorage) -> None:
    (series,) = series_of(await load_history(storage, spec_of(["A.X"]), date(2020, 1, 4)))
    assert series.bars["close"].tolist() == [100, 100, 100, 50]


@pytest.mark.parametrize(
    ("adjustment", "closes"),
    [
        (Adjustment.RAW, [100, 100, 100, 50]),
        (Adjustment.SPLIT, [50, 50, 50, 50]),
        (Adjustment.TOTAL_RETURN, [47.5, 47.5, 50, 50]),
    ],
)
async def test_prices_are_on_the_scale_asked_for(
    storage: FakeStorage, adjustment: Adjustment, closes: list[float]
) -> None:
    (series,) = series_of(await load_history(storage, spec_of(["A.X"], adjustment=adjustment), TODAY))
    assert series.adjustment is adjustment
    assert series.bars["close"].tolist() == pytest.approx(closes)


async def test_actions_after_the_range_and_closes_before_it_still_count(storage: FakeStorage) -> None:
    before = spec_of(["A.X"], sessions=SessionRange(end=date(2020, 1, 2)), adjustment=Adjustment.TOTAL_RETURN)
    (series,) = series_of(await load_history(storage, before, TODAY))
    assert series.bars["close"].tolist() == pytest.approx([47.5])


async def test_symbols_come_in_the_order_asked(storage: FakeStorage) -> None:
    await store_bars(storage, "B.X", bars_of([7], [7]))
    found = series_of(await load_history(storage, spec_of(["B.X", "A.X"]), TODAY))
    assert [one.symbol for one in found] == ["B.X", "A.X"]


async def test_a_listing_added_later_in_another_currency_changes_nothing(storage: FakeStorage) -> None:
    await store_bars(storage, "A.X", bars_of([7], [7]), currency="EUR")
    (series,) = series_of(await load_history(storage, spec_of(["A.X"]), TODAY))
    assert len(series.bars) == 4


async def test_bars_that_were_deleted_meanwhile_are_missed_by_name(storage: FakeStorage) -> None:
    with pytest.raises(FailedPrecondition, match=r"A\.X has no bars") as caught:
        await load_history(storage, spec_of(["A.X"], sessions=SessionRange(start=date(2021, 1, 1))), TODAY)
    assert caught.value.reason is Reason.BARS_NOT_FOUND


async def test_actions_happen_to_the_account_only_where_prices_are_as_traded(storage: FakeStorage) -> None:
    actions = {}
    for adjustment in Adjustment:
        history = await load_history(storage, spec_of(["A.X"], adjustment=adjustment), TODAY)
        actions[adjustment] = sorted(action.value for action in history.symbols[0].actions)
    assert actions == {Adjustment.RAW: [2, 5], Adjustment.SPLIT: [], Adjustment.TOTAL_RETURN: []}


async def test_a_benchmark_has_total_returns_where_prices_are_as_traded(storage: FakeStorage) -> None:
    await store_bars(storage, "B.X", bars_of([7], [7]))
    history = await load_history(storage, spec_of(["B.X"], benchmark="A.X", adjustment=Adjustment.RAW), TODAY)
    assert [one.symbol for one in series_of(history)] == ["B.X"]
    assert history.benchmark is not None
    assert history.benchmark.bars["close"].tolist() == pytest.approx([47.5, 47.5, 50, 50])


@pytest.mark.parametrize(
    ("delisted", "last"),
    [(date(2020, 1, 10), date(2020, 1, 5)), (date(2020, 1, 5), date(2020, 1, 5)), (date(2021, 1, 5), None)],
)
async def test_a_delisting_counts_where_the_bars_reach_it(delisted: date, last: date | None) -> None:
    storage = FakeStorage()
    async with storage.begin() as work:
        await work.symbols.add(Instrument("A", "X", "USD", delisted_date=delisted))
    await store_bars(storage, "A.X", bars_of([100] * 4, [100] * 4))
    assert (await load_history(storage, spec_of(["A.X"]), TODAY)).symbols[0].delisted == last


async def test_minutes_are_read_as_minutes(storage: FakeStorage) -> None:
    bars = empty_bars(3, Interval.MINUTE_1)
    bars["day"], bars["time_ns"] = to_day(date(2020, 1, 2)), np.arange(3) * 60_000_000_000
    for column in ("open", "high", "low", "close"):
        bars[column] = 5.0
    async with storage.begin() as work:
        key = (await work.symbols.get("A.X")).key
        async with work.intraday.writer("test", Interval.MINUTE_1) as writer:
            await writer.add(np.full(3, key, np.int32), bars)
            await writer.store()
    (series,) = series_of(await load_history(storage, spec_of(["A.X"], interval=Interval.MINUTE_1), TODAY))
    assert (series.interval, len(series.bars)) == (Interval.MINUTE_1, 3)
    with pytest.raises(FailedPrecondition, match="no bars of 1h"):
        await load_history(storage, spec_of(["A.X"], interval=Interval.HOUR_1), TODAY)
