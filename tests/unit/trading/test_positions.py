"""Lots, profit and fees; what came in is what is there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.orders import Side
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.money import Rates
from scizor.domain.trading.positions import (
    CashDividend,
    Fill,
    Position,
    ShareSplit,
    by_account,
    by_strategy,
    closing_side,
    fills_of,
)
from scizor.domain.trading.valuation import Mark, totals, value_all, worth
from tests.unit.trading.build import INSTRUMENT, NOW, execution, fill, order_of

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
USD = Rates("USD")


def traded(*trades: tuple[Side, int, str], strategy: str = "") -> list[Fill]:
    return [
        Fill(execution(f"{number:03}.01", quantity, price, side=side, at=timedelta(seconds=number)), strategy)
        for number, (side, quantity, price) in enumerate(trades)
    ]


def held(*trades: tuple[Side, int, str]) -> Position:
    return by_account(traded(*trades))[INSTRUMENT]


def test_lots_close_first_in_first_out() -> None:
    position = held((BUY, 100, "10"), (BUY, 100, "12"), (SELL, 150, "15"))
    assert (position.shares, position.cost, position.realised) == (D(50), D(600), D(650))
    assert position.average_cost == 12
    assert position.unrealised(D(13)) == 50


def test_a_sale_beyond_what_is_held_opens_a_short() -> None:
    position = held((BUY, 100, "10"), (SELL, 150, "12"))
    assert (position.shares, position.cost, position.realised) == (D(-50), D(-600), D(200))
    assert (position.average_cost, position.unrealised(D(11))) == (D(12), D(50))
    assert held((SELL, 50, "12"), (BUY, 50, "11")).realised == 50


def test_a_split_changes_shares_and_no_cost() -> None:
    split = ShareSplit(INSTRUMENT, NOW + timedelta(hours=1), D(4))
    position = by_account(traded((BUY, 10, "100")), [split])[INSTRUMENT]
    assert (position.shares, position.cost, position.average_cost) == (D(40), D(1000), D(25))


def test_a_fraction_that_a_split_leaves_is_paid_out() -> None:
    split = ShareSplit(INSTRUMENT, NOW + timedelta(hours=1), D("0.1"), lieu_price=D(100))
    position = by_account(traded((BUY, 25, "10")), [split])[INSTRUMENT]
    assert (position.shares, position.cost, position.realised) == (D(2), D(200), D(0))
    assert position.cash == -200


def test_a_dividend_is_paid_to_holders_and_by_shorts() -> None:
    dividend = CashDividend(INSTRUMENT, NOW + timedelta(hours=1), D("0.5"))
    assert by_account(traded((BUY, 10, "100")), [dividend])[INSTRUMENT].dividends == 5
    assert by_account(traded((SELL, 10, "100")), [dividend])[INSTRUMENT].dividends == -5
    before = CashDividend(INSTRUMENT, NOW, D("0.5"))
    assert by_account(traded((BUY, 10, "100")), [before])[INSTRUMENT].dividends == 0


def test_an_orders_fills_carry_the_fees_that_are_known() -> None:
    order = order_of(e.Working(), fill(40), fill(10, "b.01"), e.Charged(Commission("a.01", D("1.05"), "USD")))
    assert [one.fees for one in fills_of(order)] == [{"USD": D("1.05")}, {}]
    assert by_account(fills_of(order))[INSTRUMENT].fees == {"USD": D("1.05")}


def test_amounts_of_other_currencies_are_converted_and_never_taken_for_the_base() -> None:
    name = "BHP.ASX.AUD"
    position = Position(name).filled(Fill(execution("a.01", 10, 40, instrument=name), fees={"AUD": D(6), "USD": D(1)}))
    mark = Mark(D(50), NOW)
    valued = worth(position, mark, Rates("USD", {"AUD": D("0.65")}))
    assert (valued.market_value, valued.unrealised, valued.fees) == (D(325), D(65), D("4.90"))
    assert valued.net == D("60.10")
    with pytest.raises(FailedPrecondition) as refused:
        worth(position, mark, USD)
    assert refused.value.reason is Reason.EXCHANGE_RATE_UNKNOWN


def test_what_has_no_price_is_named_and_not_guessed() -> None:
    open_position, closed = held((BUY, 10, "10")), held((BUY, 10, "10"), (SELL, 10, "11"))
    summed = totals(value_all([open_position, closed], {}, USD))
    assert worth(open_position, None, USD).net is None
    assert (summed.gross, summed.profit, summed.unpriced) == (D(0), D(10), (INSTRUMENT,))
    assert Mark(D(1), NOW).age(NOW + timedelta(seconds=3)) == timedelta(seconds=3)


def test_the_side_that_closes() -> None:
    assert (closing_side(D(5)), closing_side(D(-5))) == (SELL, BUY)
    with pytest.raises(ValueError, match="nothing"):
        closing_side(D(0))


PRICE = st.integers(1, 100_000).map(lambda cents: D(cents) / 100)
TRADES = st.lists(
    st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(Side), st.integers(1, 500), PRICE), max_size=20
)
WHEN = st.integers(0, 20)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(WHEN, st.sampled_from(["0.1", "0.3333333333", "1.5", "2", "7"]), PRICE),
        st.tuples(WHEN, st.just("dividend"), PRICE),
    ),
    max_size=4,
)


@given(TRADES, PRICE)
def test_value_is_conserved_to_the_last_digit(trades: list[tuple[str, Side, int, D]], price: D) -> None:
    fills = [
        Fill(
            execution(f"{number:03}.01", quantity, str(paid), side=side, at=timedelta(seconds=number)),
            strategy,
            {"USD": D("1.05")},
        )
        for number, (strategy, side, quantity, paid) in enumerate(trades)
    ]
    spent = sum((one.execution.shares * one.execution.price for one in fills), D(0))
    marks = {INSTRUMENT: Mark(price, NOW)}
    account, strategies = by_account(fills), by_strategy(fills)
    whole = totals(value_all(account.values(), marks, USD))
    parts = totals(value_all(strategies.values(), marks, USD))
    assert whole.net == parts.net == sum((one.execution.shares for one in fills), D(0)) * price
    assert whole.profit == parts.profit == whole.net - spent - D("1.05") * len(fills)
    for position in (*account.values(), *strategies.values()):
        assert len({lot.shares > 0 for lot in position.lots}) <= 1


@given(TRADES, ACTIONS)
def test_cash_is_what_came_and_went_whatever_the_company_does(
    trades: list[tuple[str, Side, int, D]], actions: list[tuple[int, str, D]]
) -> None:
    happened = [
        CashDividend(INSTRUMENT, NOW + timedelta(seconds=when), value)
        if what == "dividend"
        else ShareSplit(INSTRUMENT, NOW + timedelta(seconds=when), D(what), lieu_price=value)
        for when, what, value in actions
    ]
    fills = [
        Fill(execution(f"{number:03}.01", quantity, str(paid), side=side, at=timedelta(seconds=number)))
        for number, (_, side, quantity, paid) in enumerate(trades)
    ]
    position, paid_out = Position(INSTRUMENT), D(0)
    story = sorted([*happened, *fills], key=lambda one: one.execution.time if isinstance(one, Fill) else one.time)
    for step in story:
        if isinstance(step, Fill):
            position = position.filled(step)
            paid_out -= step.execution.shares * step.execution.price
            continue
        before = position
        position = position.after(step)
        if isinstance(step, CashDividend):
            paid_out += before.shares * step.per_share
        else:
            split = sum(((lot.shares * step.ratio).quantize(D("1e-6")) for lot in before.lots), D(0))
            assert step.lieu_price is not None
            paid_out += (split - position.shares) * step.lieu_price
            assert position.shares % 1 == 0
    assert position.cash == paid_out
