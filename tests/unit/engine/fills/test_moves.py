"""Orders within the bar: where a straight move meets an order, and how a trailing stop follows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.orders import OrderType
from scizor.engine.fills import at_price_nb, extreme_nb, meets_nb, stop_of_nb

NONE = math.nan
SIDES = pytest.mark.parametrize("side", [1, -1])


def met(
    kind: OrderType,
    side: int,
    start: float,
    end: float,
    *,
    limit: float = NONE,
    trigger: float = NONE,
    was: bool = False,
    through: bool = False,
) -> float | None:
    """Where the order acts, None for nowhere; for a sell all prices are mirrored at 100."""
    limit, trigger, start, end = (one if side > 0 else 200.0 - one for one in (limit, trigger, start, end))
    price = meets_nb(int(kind), side, was, limit, trigger, start, end, through)
    if math.isnan(price):
        return None
    return price if side > 0 else 200.0 - price


@SIDES
def test_a_market_order_acts_where_the_move_begins(side: int) -> None:
    assert met(OrderType.MARKET, side, 100.0, 101.0) == 100.0


@SIDES
def test_a_limit_acts_at_its_limit(side: int) -> None:
    assert met(OrderType.LIMIT, side, 101.0, 98.0, limit=100.0) == 100.0
    assert met(OrderType.LIMIT, side, 101.0, 100.5, limit=100.0) is None


@SIDES
def test_an_order_that_could_act_where_the_move_begins_acts_there(side: int) -> None:
    assert met(OrderType.LIMIT, side, 99.0, 103.0, limit=100.0) == 99.0
    assert met(OrderType.STOP, side, 104.0, 90.0, trigger=100.0) == 104.0
    assert met(OrderType.MARKET_IF_TOUCHED, side, 97.0, 103.0, trigger=100.0) == 97.0


@SIDES
def test_a_limit_that_is_only_touched_fills_under_touch_and_not_under_through(side: int) -> None:
    for start, end in [(101.0, 100.0), (100.0, 101.0), (100.0, 100.0)]:
        assert met(OrderType.LIMIT, side, start, end, limit=100.0) == 100.0
        assert met(OrderType.LIMIT, side, start, end, limit=100.0, through=True) is None
    for start in (101.0, 100.0):
        assert met(OrderType.LIMIT, side, start, 99.9, limit=100.0, through=True) == 100.0


@SIDES
@pytest.mark.parametrize("through", [False, True])
def test_a_stop_and_a_touch_trigger_when_they_are_only_touched(side: int, through: bool) -> None:
    assert met(OrderType.STOP, side, 99.0, 100.0, trigger=100.0, through=through) == 100.0
    assert met(OrderType.TRAILING, side, 99.0, 100.0, trigger=100.0, through=through) == 100.0
    assert met(OrderType.MARKET_IF_TOUCHED, side, 101.0, 100.0, trigger=100.0, through=through) == 100.0


@SIDES
def test_a_stop_limit_triggers_first_and_then_waits_for_its_limit(side: int) -> None:
    assert met(OrderType.STOP_LIMIT, side, 98.0, 103.0, trigger=100.0, limit=99.0) == 100.0
    assert met(OrderType.STOP_LIMIT, side, 100.0, 103.0, trigger=100.0, limit=99.0, was=True) is None
    assert met(OrderType.STOP_LIMIT, side, 103.0, 97.0, trigger=100.0, limit=99.0, was=True) == 99.0


@SIDES
def test_a_limit_if_touched_triggers_first_and_fills_further_on_the_same_move(side: int) -> None:
    assert met(OrderType.LIMIT_IF_TOUCHED, side, 103.0, 97.0, trigger=100.0, limit=99.0) == 100.0
    assert met(OrderType.LIMIT_IF_TOUCHED, side, 100.0, 97.0, trigger=100.0, limit=99.0, was=True) == 99.0


@SIDES
@pytest.mark.parametrize("kind", [OrderType.STOP, OrderType.TRAILING, OrderType.MARKET_IF_TOUCHED])
def test_what_is_left_of_a_triggered_order_acts_where_the_move_begins(side: int, kind: OrderType) -> None:
    assert met(kind, side, 95.0, 105.0, trigger=100.0, was=True) == 95.0


def test_the_stop_trails_the_best_price_by_an_amount_or_a_fraction() -> None:
    assert stop_of_nb(-1, 5.0, NONE, 120.0) == 115.0
    assert stop_of_nb(1, 5.0, NONE, 80.0) == 85.0
    assert stop_of_nb(-1, NONE, 0.25, 120.0) == 90.0
    assert stop_of_nb(1, NONE, 0.25, 80.0) == 100.0


def test_the_best_price_of_a_sell_is_the_highest_and_of_a_buy_the_lowest() -> None:
    for side, best in [(-1, 12.0), (1, 9.0)]:
        extreme = NONE
        for price in (10.0, 12.0, 9.0, 11.0):
            extreme = extreme_nb(side, extreme, price)
        assert extreme == best


cents = st.integers(900, 1100).map(lambda number: number / 10)


@given(st.sampled_from(OrderType), st.sampled_from([1, -1]), st.booleans(), cents, cents, cents, cents)
def test_a_move_meets_an_order_at_the_first_price_at_which_it_would_act(
    kind: OrderType, side: int, was: bool, limit: float, trigger: float, start: float, end: float
) -> None:
    def acts(price: float) -> bool:
        triggered, fills = at_price_nb(int(kind), side, was, limit, trigger, price)
        return fills or triggered != was

    way = 1 if end >= start else -1
    tenths = range(round(start * 10), round(end * 10) + way, way)
    first = next((tenth / 10 for tenth in tenths if acts(tenth / 10)), None)
    price = meets_nb(int(kind), side, was, limit, trigger, start, end, False)
    assert (None if math.isnan(price) else price) == first
