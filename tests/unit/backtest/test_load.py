"""The bars of a backtest: the right instrument's, in its range, on one scale."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from scizor.domain.bars import ActionType, Adjustment, CorporateAction
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.sessions import SessionRange
from scizor.services.backtest.load import load_series
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


async def test_a_split_that_is_only_announced_changes_nothing_yet(storage: FakeStorage) -> None:
    (series,) = await load_series(storage, spec_of(["A.X"], adjustment=Adjustment.SPLIT), date(2020, 1, 4))
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
    (series,) = await load_series(storage, spec_of(["A.X"], adjustment=adjustment), TODAY)
    assert series.adjustment is adjustment
    assert series.bars["close"].tolist() == pytest.approx(closes)


async def test_actions_after_the_range_and_closes_before_it_still_count(storage: FakeStorage) -> None:
    before = spec_of(["A.X"], sessions=SessionRange(end=date(2020, 1, 2)), adjustment=Adjustment.TOTAL_RETURN)
    (series,) = await load_series(storage, before, TODAY)
    assert series.bars["close"].tolist() == pytest.approx([47.5])


async def test_symbols_come_in_the_order_asked(storage: FakeStorage) -> None:
    await store_bars(storage, "B.X", bars_of([7], [7]))
    assert [one.symbol for one in await load_series(storage, spec_of(["B.X", "A.X"]), TODAY)] == ["B.X", "A.X"]


async def test_a_listing_added_later_in_another_currency_changes_nothing(storage: FakeStorage) -> None:
    await store_bars(storage, "A.X", bars_of([7], [7]), currency="EUR")
    (series,) = await load_series(storage, spec_of(["A.X"]), TODAY)
    assert len(series.bars) == 4


async def test_bars_that_were_deleted_meanwhile_are_missed_by_name(storage: FakeStorage) -> None:
    with pytest.raises(FailedPrecondition, match=r"A\.X has no bars") as caught:
        await load_series(storage, spec_of(["A.X"], sessions=SessionRange(start=date(2021, 1, 1))), TODAY)
    assert caught.value.reason is Reason.BARS_NOT_FOUND
