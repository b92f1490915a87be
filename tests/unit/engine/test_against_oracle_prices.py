"""What one order does at one price and what one fill pays: the kernels against the slow reading of the page."""

from __future__ import annotations

import math
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.domain.orders import OrderType, PriceRounding
from scizor.engine.costs import Commission
from scizor.engine.costs.charges import NEW_BILL, commission_nb, schedule_record
from scizor.engine.costs.pricing import pay_price_nb, pricing_of
from scizor.engine.fills import at_price_nb, stop_of_nb
from scizor.engine.settings import Settings
from tests.unit.engine.oracle.costs import commission_of_order, paid_price, raw_commission
from tests.unit.engine.oracle.how import commissions, slippages
from tests.unit.engine.oracle.money import ZERO, exact
from tests.unit.engine.oracle.orders import LIMITED, STOPS, TOUCHES, Order

quarters = st.integers(4, 80).map(lambda one: one / 4)
sides = st.sampled_from([1, -1])


@given(st.sampled_from(OrderType), sides, quarters, quarters, st.booleans(), st.lists(quarters, min_size=1, max_size=8))
@settings(max_examples=1_000, deadline=None)
def test_an_order_does_at_each_price_what_the_table_says(
    kind: OrderType, side: int, limit: float, trigger: float, by_amount: bool, prices: list[float]
) -> None:
    order = Order(1, 0, side, Decimal(1), kind)
    order.limit = exact(limit) if kind in LIMITED else None
    order.trigger = exact(trigger) if kind in (*STOPS, *TOUCHES) else None
    order.trail_amount, order.trail_fraction = (Decimal("0.5"), None) if by_amount else (None, Decimal("0.125"))
    trail_amount, trail_fraction = (0.5, math.nan) if by_amount else (math.nan, 0.125)
    extreme, triggered = prices[0], False
    order.follow(exact(prices[0]))
    for price in prices[1:]:
        stop = stop_of_nb(side, trail_amount, trail_fraction, extreme) if kind is OrderType.TRAILING else trigger
        triggered, fills = at_price_nb(int(kind), side, triggered, limit, stop, price)
        assert (fills, triggered) == (order.at_price(exact(price)), order.triggered)
        extreme = min(extreme, price) if side > 0 else max(extreme, price)


@given(
    st.builds(Settings, slippage=slippages, price_rounding=st.sampled_from(PriceRounding)),
    sides,
    quarters,
    st.sampled_from([1.0, 10.0, 75.0]),
    st.sampled_from([0.0, 100.0, 1_000.0]),
    st.one_of(st.none(), st.just(0.0), st.integers(1, 4)),
    st.sampled_from([0.0, 0.01, 0.05, 0.25]),
)
@settings(max_examples=1_000, deadline=None)
def test_a_fill_pays_slippage_then_rounding_and_never_beyond_its_limit(
    how: Settings, side: int, price: float, shares: float, volume: float, room: float | None, tick: float
) -> None:
    limit = math.nan if room is None else price + side * room / 16
    exact_limit = None if room is None else exact(limit)
    expected = paid_price(how, side, exact(price), exact(shares), exact(volume), exact_limit, exact(tick))
    assert math.isclose(pay_price_nb(pricing_of(how), side, price, shares, volume, limit, tick), expected, rel_tol=1e-9)


@given(
    commissions, sides, st.lists(st.tuples(st.integers(1, 400), quarters), min_size=1, max_size=5), st.integers(0, 400)
)
@settings(max_examples=500, deadline=None)
def test_the_fills_of_an_order_pay_what_the_order_comes_to(
    schedule: Commission, side: int, fills: list[tuple[int, float]], month: int
) -> None:
    bill, raw, value, shares = NEW_BILL, ZERO, ZERO, ZERO
    for some, price in fills:
        bill = commission_nb(schedule_record(schedule)[()], bill, side, float(some), price, float(month + shares))
        raw += raw_commission(schedule, Decimal(some), some * exact(price), month + shares)
        shares, value = shares + some, value + some * exact(price)
        assert math.isclose(
            bill.paid, commission_of_order(schedule, side, raw, shares, value), rel_tol=1e-9, abs_tol=1e-9
        )
