"""Commissions of orders that fill in parts: bounds of the order as a whole, tiers of the month, fees passed on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import InvalidInput
from scizor.engine.costs import MAX_TIERS, Commission, Tier
from scizor.engine.costs import schedules as ready
from scizor.engine.costs.charges import NEW_BILL, commission_nb, schedule_record, share_cost_nb

TIERED = ready.ib_tiered_us(ready.NO_SELL_FEES, clearing_per_share=0.0)


def charges(
    schedule: Commission, fills: Sequence[tuple[float, float]], *, side: int = 1, month: float = 0.0
) -> list[float]:
    """What each fill (shares, price) of one order pays."""
    record, bill, paid = schedule_record(schedule), NEW_BILL, []
    for shares, price in fills:
        after = commission_nb(record[()], bill, side, shares, price, month)
        paid.append(after.paid - bill.paid)
        bill, month = after, month + shares
    return paid


def order(schedule: Commission, shares: float, price: float, *, side: int = 1, month: float = 0.0) -> float:
    return charges(schedule, [(shares, price)], side=side, month=month)[0]


# zipline's unit orders: 500 shares in three fills.
ZIPLINE = [(230.0, 100.0), (170.0, 101.0), (100.0, 102.0)]


def test_the_unit_values_of_ziplines_commission_per_dollar() -> None:
    assert charges(ready.per_dollar(0.0015), ZIPLINE) == pytest.approx([34.5, 25.755, 15.3], abs=1e-12)


@pytest.mark.parametrize(
    ("minimum", "pays"), [(0.0, [1.725, 1.275, 0.75]), (3.0, [3.0, 0.0, 0.75]), (10.0, [10.0, 0.0, 0.0])]
)
def test_a_minimum_is_of_the_order_and_not_of_each_fill(minimum: float, pays: list[float]) -> None:
    assert charges(ready.per_share(0.0075, minimum), ZIPLINE) == pytest.approx(pays, abs=1e-12)


def test_a_commission_per_order_is_paid_with_its_first_fill() -> None:
    assert charges(ready.per_order(5.0), ZIPLINE) == [5.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("shares", "price", "pays"), [(100, 50, 1.0), (1_000, 50, 5.0), (1_000, 0.25, 2.50), (10, 0.25, 0.025)]
)
def test_ib_fixed_us(shares: float, price: float, pays: float) -> None:
    assert order(ready.ib_fixed_us(), shares, price) == pytest.approx(pays)


@pytest.mark.parametrize(("shares", "price", "pays"), [(400, 50, 16.0), (10, 50, 6.0)])
def test_ib_fixed_asx(shares: float, price: float, pays: float) -> None:
    assert order(ready.ib_fixed_asx(), shares, price) == pytest.approx(pays)


def test_ib_tiered_us_passes_clearing_on() -> None:
    assert order(ready.ib_tiered_us(), 1_000, 50.0) == pytest.approx(3.5 + 0.2)
    assert order(ready.ib_tiered_us(), 10, 50.0) == pytest.approx(0.35 + 0.002)


def test_ib_tiered_asx_is_its_first_tier() -> None:
    assert order(ready.ib_tiered_asx(), 400, 50.0) == pytest.approx(16.0)
    assert order(ready.ib_tiered_asx(), 10, 50.0) == pytest.approx(5.0)


def test_sells_pay_the_activity_fee_up_to_its_maximum_and_the_secs() -> None:
    fees = ready.SellFees(sec_bps=0.278, taf_per_share=0.000166, taf_maximum=8.30)
    schedule = ready.ib_fixed_us(fees)
    assert order(schedule, 1_000, 50.0, side=-1) == pytest.approx(5.0 + 0.166 + 1.39)
    assert order(schedule, 100_000, 50.0, side=-1) == pytest.approx(500.0 + 8.30 + 139.0)
    assert order(schedule, 1_000, 50.0) == pytest.approx(5.0)


def test_a_maximum_below_the_minimum_holds() -> None:
    assert order(Commission(minimum=5.0, maximum_bps=10.0), 10, 1.0) == pytest.approx(0.01)


def test_fees_are_beside_the_bounds() -> None:
    schedule = Commission(minimum=5.0, maximum_bps=100.0, fee_bps=10.0, fee_per_share=0.01)
    assert order(schedule, 100, 1.0) == pytest.approx(1.0 + 0.1 + 1.0)


def test_each_share_pays_the_rate_of_the_tier_it_falls_in() -> None:
    assert order(TIERED, 2_000, 50.0, month=299_000) == pytest.approx(1_000 * 0.0035 + 1_000 * 0.0020)
    assert order(TIERED, 1_000, 50.0, month=300_000) == pytest.approx(1_000 * 0.0020)
    assert order(TIERED, 1_000, 50.0, month=200e6) == pytest.approx(1_000 * 0.0005)


rates = st.integers(0, 100).map(lambda number: number / 10_000)
quantities = st.integers(1, 5_000).map(float)


@st.composite
def tiered(draw: st.DrawFn) -> Commission:
    starts = sorted(draw(st.sets(st.integers(1, 20_000), max_size=MAX_TIERS)))
    return Commission(draw(rates), tiers=tuple(Tier(float(start), draw(rates)) for start in starts))


@given(tiered(), quantities, st.integers(0, 20_000).map(float))
def test_tiers_agree_with_a_count_share_by_share(schedule: Commission, shares: float, month: float) -> None:
    edges = [(0, Decimal(str(schedule.per_share)))]
    edges += [(int(tier.from_shares), Decimal(str(tier.per_share))) for tier in schedule.tiers]
    expected = Decimal(0)
    for place, (start, rate) in enumerate(edges):
        end = edges[place + 1][0] if place + 1 < len(edges) else 10**9
        expected += rate * len(range(max(start, int(month)), min(end, int(month + shares))))
    assert share_cost_nb(schedule_record(schedule)[()], shares, month) == pytest.approx(float(expected), abs=1e-9)


schedules = st.builds(
    Commission,
    per_share=rates,
    value_bps=st.integers(0, 50).map(float),
    minimum=st.integers(0, 10).map(float),
    maximum_bps=st.none() | st.integers(1, 200).map(float),
    tiers=tiered().map(lambda one: one.tiers),
    fee_bps=st.integers(0, 5).map(float),
    sell_per_share=rates,
    sell_maximum=st.none() | st.integers(0, 10).map(float),
    sell_bps=st.integers(0, 5).map(float),
    fee_per_share=rates,
)
parts = st.lists(quantities, min_size=1, max_size=8)


@given(schedules, parts, st.sampled_from([1, -1]), st.integers(1, 500).map(float))
def test_an_order_costs_the_same_however_it_is_filled(
    schedule: Commission, fills: list[float], side: int, price: float
) -> None:
    paid = charges(schedule, [(shares, price) for shares in fills], side=side)
    assert sum(paid) == pytest.approx(order(schedule, sum(fills), price, side=side), abs=1e-9)
    assert min(paid) >= 0.0


@given(schedules, parts, st.integers(1, 500).map(float))
def test_minimum_and_maximum_hold_after_every_fill(schedule: Commission, fills: list[float], price: float) -> None:
    shares, total = 0.0, 0.0
    for filled, paid in zip(fills, charges(schedule, [(one, price) for one in fills]), strict=True):
        shares, total = shares + filled, total + paid
        value = shares * price
        commission = total - schedule.fee_bps / 10_000 * value - schedule.fee_per_share * shares
        most = math.inf if schedule.maximum_bps is None else schedule.maximum_bps / 10_000 * value
        assert min(schedule.minimum, most) - 1e-9 <= commission <= most + 1e-9


def test_more_tiers_than_a_record_holds_are_refused() -> None:
    with pytest.raises(InvalidInput, match=f"at most {MAX_TIERS}"):
        Commission(tiers=tuple(Tier(float(start), 0.001) for start in range(1, MAX_TIERS + 2)))


@pytest.mark.parametrize("starts", [(0.0,), (10.0, 10.0), (20.0, 10.0)])
def test_tiers_that_do_not_rise_are_refused(starts: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"commission\.tiers"):
        Commission(tiers=tuple(Tier(start, 0.001) for start in starts))


@pytest.mark.parametrize("name", ["per_share", "minimum", "maximum_bps", "sell_maximum", "fee_per_share"])
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_negative_rate_is_refused_by_its_name(name: str, value: float) -> None:
    given: dict[str, Any] = {name: value}
    with pytest.raises(InvalidInput, match=rf"commission\.{name}"):
        Commission(**given)


@pytest.mark.parametrize("name", ready.SCHEDULES)
def test_every_named_schedule_charges_a_usual_order_little(name: str) -> None:
    assert 0.0 <= order(ready.SCHEDULES[name](), 100, 50.0, side=-1) <= 10.0
