"""How many shares a sum of money buys, slippage and commission included."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.orders import PriceRounding
from scizor.engine.costs import Commission, Slippage, SlippageModel
from scizor.engine.costs.budget import affordable_shares_nb, needed_nb
from scizor.engine.costs.charges import NEW_BILL, Bill, commission_nb, schedule_record
from scizor.engine.costs.pricing import pricing_of
from scizor.engine.costs.schedules import ib_fixed_us, per_order
from scizor.engine.settings import Settings

FREE = Settings()


def affordable(
    budget: float,
    price: float,
    *,
    lot: float = 1.0,
    settings: Settings = FREE,
    bill: Bill = NEW_BILL,
    side: int = 1,
    volume: float = 1e6,
    limit: float = math.nan,
) -> float:
    record = schedule_record(settings.schedule(""))[()]
    return affordable_shares_nb(budget, lot, pricing_of(settings), record, bill, side, price, volume, limit, 0.01, 0.0)


@pytest.mark.parametrize(
    ("budget", "lot", "shares"), [(999.0, 1, 99), (1_000.0, 1, 100), (999.0, 50, 50), (-5.0, 1, 0), (0.0, 1, 0)]
)
def test_a_budget_buys_whole_lots(budget: float, lot: float, shares: float) -> None:
    assert affordable(budget, 10.0, lot=lot) == shares


def test_commission_and_slippage_are_paid_from_the_budget() -> None:
    assert affordable(1_000.0, 10.0, settings=Settings(commission=per_order(10.0))) == 99.0
    assert affordable(1_000.0, 10.0, settings=Settings(slippage=Slippage.bps(100))) == 99.0


def test_a_minimum_beyond_the_budget_buys_nothing() -> None:
    assert affordable(50.0, 10.0, settings=Settings(commission=per_order(50.0))) == 0.0


def test_what_an_order_has_paid_already_counts() -> None:
    settings = Settings(commission=per_order(10.0))
    bill = commission_nb(schedule_record(per_order(10.0))[()], NEW_BILL, 1, 10.0, 10.0, 0.0)
    assert affordable(1_000.0, 10.0, settings=settings, bill=bill) == 100.0


def test_a_limit_bounds_what_a_share_may_cost() -> None:
    settings = Settings(slippage=Slippage.bps(1_000))
    assert affordable(1_000.0, 10.0, settings=settings, limit=10.0) == 100.0


def test_the_slippage_of_a_short_is_paid_from_the_budget_too() -> None:
    assert affordable(1_000.0, 10.0, settings=Settings(slippage=Slippage.bps(100)), side=-1) == 99.0


def test_a_small_lot_buys_fractions() -> None:
    assert affordable(100.0, 30.0, lot=0.001) == pytest.approx(3.333)


slippages = st.builds(Slippage, st.sampled_from(SlippageModel), st.integers(0, 9).map(lambda number: number / 10))
commissions = st.builds(
    Commission,
    per_share=st.integers(0, 100).map(lambda number: number / 1_000),
    value_bps=st.integers(0, 100).map(float),
    minimum=st.integers(0, 20).map(float),
    maximum_bps=st.none() | st.integers(1, 200).map(float),
    sell_bps=st.integers(0, 5).map(float),
) | st.just(ib_fixed_us())


@given(
    slippages,
    commissions,
    st.sampled_from(PriceRounding),
    st.sampled_from([1, -1]),
    st.sampled_from([1.0, 7.0, 100.0, 0.5]),
    st.integers(0, 10_000_000).map(lambda cents: cents / 100),
    st.integers(100, 50_000).map(lambda cents: cents / 100),
    st.sampled_from([0.0, 300.0, 1e6]),
)
def test_one_lot_more_would_not_be_affordable(
    slippage: Slippage,
    commission: Commission,
    rounding: PriceRounding,
    side: int,
    lot: float,
    budget: float,
    price: float,
    volume: float,
) -> None:
    settings = Settings(slippage=slippage, commission=commission, price_rounding=rounding)
    shares = affordable(budget, price, lot=lot, settings=settings, side=side, volume=volume)
    pricing, record = pricing_of(settings), schedule_record(commission)[()]

    def needed(amount: float) -> float:
        return needed_nb(pricing, record, NEW_BILL, side, amount, price, volume, math.nan, 0.01, 0.0)

    assert shares % lot == 0.0
    assert shares == 0.0 or needed(shares) <= budget
    assert needed(shares + lot) > budget


@pytest.mark.timeout(20)
@pytest.mark.parametrize("budget", [1e16, 1e300, math.inf, math.nan])
def test_a_budget_beyond_all_counting_comes_to_an_end(budget: float) -> None:
    assert 0.0 <= affordable(budget, 0.01) <= 2.0**50 + 1
