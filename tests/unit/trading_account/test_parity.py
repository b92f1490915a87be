"""A live session held against its backtest: every difference has a cause, and they add up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import FailedPrecondition, InvalidInput
from scizor.domain.orders import Side
from scizor.domain.trading.money import Rates
from scizor.domain.trading.parity import ParityCause, ParityFill, ParityReport, compare

D = Decimal
SESSION = date(2026, 11, 20)
OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AAPL, BHP = "AAPL.NASDAQ.USD", "BHP.ASX.AUD"
ENDS = {AAPL: D(110), BHP: D(40)}
RATES = Rates("USD", {"AUD": D("0.5")})
BUY, SELL = Side.BUY, Side.SELL


def fill(
    order: str,
    quantity: int = 10,
    price: str = "100",
    *,
    side: Side = BUY,
    minute: float = 0,
    fees: str = "1",
    decided: float | None = None,
    instrument: str = AAPL,
) -> ParityFill:
    when = None if decided is None else OPEN + decided * MINUTE
    return ParityFill(order, instrument, side, D(quantity), D(price), OPEN + minute * MINUTE, D(fees), when)


def held(live: list[ParityFill], backtest: list[ParityFill], other_bars: tuple[str, ...] = ()) -> ParityReport:
    return compare(SESSION, live, backtest, ends=ENDS, rates=RATES, bar=MINUTE, other_bars=other_bars)


def told(report: ParityReport) -> list[tuple[str, ParityCause, Decimal]]:
    return [(one.order_id, one.cause, one.pnl) for one in report.differences]


def test_the_same_fills_are_no_difference() -> None:
    report = held([fill("a"), fill("b", side=SELL, minute=5)], [fill("1"), fill("2", side=SELL, minute=5)])
    assert (report.live_fills, report.backtest_fills, report.equal_fills) == (2, 2, 2)
    assert (report.differences, report.pnl) == ((), D(0))


def test_a_worse_price_of_the_same_bar_is_the_prices_doing() -> None:
    report = held([fill("a", price="100.03")], [fill("1")])
    assert told(report) == [("a", ParityCause.PRICE, D("-0.30"))]
    assert told(held([fill("a", price="100.03", side=SELL)], [fill("1", side=SELL)]))[0][2] == D("0.30")


def test_a_price_of_another_bar_is_timing() -> None:
    report = held([fill("a", price="101", minute=3, decided=0)], [fill("1", decided=0)])
    assert told(report) == [("a", ParityCause.TIMING, D(-10))]


def test_fewer_shares_are_a_matter_of_size_valued_at_the_end() -> None:
    report = held([fill("a", 6)], [fill("1", 10)])
    assert told(report) == [("a", ParityCause.SIZE, D(-40))]
    assert (report.differences[0].live_quantity, report.differences[0].backtest_quantity) == (D(6), D(10))


def test_dearer_fees_are_told_apart() -> None:
    assert told(held([fill("a", fees="1.35")], [fill("1")])) == [("a", ParityCause.FEES, D("-0.35"))]


def test_one_order_may_differ_in_everything_and_the_parts_add_up() -> None:
    live, backtest = [fill("a", 8, "100.50", fees="1.20")], [fill("1", 10, "100", fees="1")]
    report = held(live, backtest)
    assert [one.cause for one in report.differences] == [ParityCause.SIZE, ParityCause.PRICE, ParityCause.FEES]
    assert report.pnl == (8 * (D(110) - D("100.50")) - D("1.20")) - (10 * (D(110) - 100) - 1)


def test_an_order_that_one_side_alone_has_comes_of_other_data() -> None:
    report = held([fill("a"), fill("b", minute=30)], [fill("1")])
    assert told(report) == [("b", ParityCause.DATA, D(99))]
    assert (report.differences[0].backtest_price, report.equal_fills) == (None, 1)
    missed = held([], [fill("1", side=SELL)])
    assert told(missed) == [("", ParityCause.DATA, D(101))]
    assert missed.differences[0].live_price is None


def test_parts_of_an_order_count_by_their_average() -> None:
    live = [fill("a", 4, "99"), fill("a", 6, "101", minute=0.5, fees="0")]
    report = held(live, [fill("1", 10, "100.20")])
    assert (report.differences, report.equal_fills, report.live_fills) == ((), 2, 2)


def test_orders_are_paired_by_the_bar_that_decided_them() -> None:
    # The live limit of the first bar fills last; by the times of the trades it would be taken for the second.
    live = [fill("a", minute=50, decided=0), fill("b", minute=10, decided=10)]
    backtest = [fill("1", minute=0, decided=0), fill("2", minute=10, decided=10)]
    report = held(live, backtest)
    assert told(report) == [("a", ParityCause.TIMING, D(0))]


def test_what_was_decided_on_other_bars_differs_in_size_because_of_the_data() -> None:
    report = held([fill("a", 6)], [fill("1", 10)], other_bars=(AAPL,))
    assert told(report) == [("a", ParityCause.DATA, D(-40))]


def test_other_currencies_are_converted() -> None:
    report = held([fill("a", price="38.10", instrument=BHP)], [fill("1", price="38", instrument=BHP)])
    assert told(report) == [("a", ParityCause.PRICE, D("-0.50"))]
    with pytest.raises(FailedPrecondition):
        compare(SESSION, [fill("a", instrument=BHP)], [], ends=ENDS, rates=Rates("USD"), bar=MINUTE)


def test_what_cannot_be_valued_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="AAPL"):
        compare(SESSION, [fill("a")], [], ends={}, rates=RATES, bar=MINUTE)


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from(Side), st.integers(1, 50), st.integers(9000, 12000), st.integers(0, 300)
    ),
    max_size=12,
)


@given(ORDERS, ORDERS)
def test_differences_add_up_to_the_whole_whatever_happened(
    live: list[tuple[int, Side, int, int, int]], backtest: list[tuple[int, Side, int, int, int]]
) -> None:
    def fills(orders: list[tuple[int, Side, int, int, int]]) -> list[ParityFill]:
        return [
            fill(str(number), quantity, str(D(cents) / 100), side=side, minute=minute, fees=str(D(fees) / 100))
            for number, (minute, side, quantity, cents, fees) in enumerate(orders)
        ]

    def profit(orders: list[ParityFill]) -> Decimal:
        return sum((int(one.side) * one.quantity * (ENDS[AAPL] - one.price) - one.fees for one in orders), D(0))

    ours, theirs = fills(live), fills(backtest)
    report = held(ours, theirs)
    assert report.pnl == profit(ours) - profit(theirs)
    assert held(theirs, ours).pnl == -report.pnl
    assert held(ours, ours).differences == ()
    assert (report.live_fills, report.backtest_fills) == (len(live), len(backtest))
