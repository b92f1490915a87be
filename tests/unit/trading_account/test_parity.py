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
CLOSE = datetime(2026, 11, 20, 21, tzinfo=UTC)
DAY = timedelta(days=1)
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
    traded: int = 0,
    fees: str = "1",
    decided: int = -1,
    instrument: str = AAPL,
) -> ParityFill:
    """`decided`, `traded`: days from the session's."""
    when = (CLOSE + decided * DAY, CLOSE + traded * DAY)
    return ParityFill(order, instrument, side, D(quantity), D(price), *when, D(fees))


def held(live: list[ParityFill], backtest: list[ParityFill], as_shown: list[ParityFill] | None = None) -> ParityReport:
    return compare(SESSION, live, backtest, ends=ENDS, rates=RATES, as_shown=as_shown)


def told(report: ParityReport) -> list[tuple[str, ParityCause, Decimal]]:
    return [(one.order_id, one.cause, one.pnl) for one in report.differences]


def test_the_same_fills_are_no_difference() -> None:
    report = held([fill("a"), fill("b", side=SELL)], [fill("1"), fill("2", side=SELL)])
    assert (report.live_fills, report.backtest_fills, report.equal_fills) == (2, 2, 2)
    assert (report.differences, report.pnl) == ((), D(0))


def test_a_worse_price_of_the_same_bar_is_the_prices_doing() -> None:
    report = held([fill("a", price="100.03")], [fill("1")])
    assert told(report) == [("a", ParityCause.PRICE, D("-0.30"))]
    assert told(held([fill("a", price="100.03", side=SELL)], [fill("1", side=SELL)]))[0][2] == D("0.30")


def test_less_than_a_cent_is_no_difference() -> None:
    report = held([fill("a", 1, "100.004", fees="1.004")], [fill("1", 1)])
    assert (report.differences, report.equal_fills) == ((), 1)
    assert told(held([fill("a", 100, "100.004")], [fill("1", 100)])) == [("a", ParityCause.PRICE, D("-0.4"))]


def test_a_price_of_another_bar_is_timing() -> None:
    report = held([fill("a", price="101", traded=3)], [fill("1")])
    assert told(report) == [("a", ParityCause.TIMING, D(-10))]


def test_an_order_that_took_longer_is_timing_even_at_the_same_price() -> None:
    report = held([fill("a", 4), fill("a", 6, traded=1, fees="0")], [fill("1")])
    assert told(report) == [("a", ParityCause.TIMING, D(0))]
    assert report.equal_fills == 0


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


def test_an_order_that_one_side_alone_has_is_timing_where_the_bars_are_the_same() -> None:
    report = held([fill("a"), fill("b", decided=2, traded=3)], [fill("1")])
    assert told(report) == [("b", ParityCause.TIMING, D(99))]
    assert (report.differences[0].backtest_price, report.equal_fills) == (None, 1)
    missed = held([], [fill("1", side=SELL)])
    assert told(missed) == [("", ParityCause.TIMING, D(101))]
    assert missed.differences[0].live_price is None


def test_an_order_that_other_bars_decided_comes_of_data() -> None:
    assert told(held([fill("a")], [], as_shown=[fill("1")])) == [("a", ParityCause.DATA, D(99))]
    assert told(held([], [fill("1")], as_shown=[])) == [("", ParityCause.DATA, D(-99))]


def test_an_order_that_either_bars_decided_does_not_come_of_data() -> None:
    assert told(held([], [fill("1")], as_shown=[fill("1", 9)])) == [("", ParityCause.TIMING, D(-99))]


def test_what_the_bars_that_were_shown_explain_is_one_difference() -> None:
    live, backtest = [fill("a", 6, "101", fees="1.20")], [fill("1", 10, "100", fees="1")]
    report = held(live, backtest, as_shown=[fill("1", 6, "101", fees="1.20")])
    assert told(report) == [("a", ParityCause.DATA, 6 * D(9) - D("1.20") - (10 * D(10) - 1))]


def test_what_they_do_not_explain_keeps_its_cause() -> None:
    report = held([fill("a", 6, "101")], [fill("1", 10)], as_shown=[fill("1", 6)])
    assert told(report) == [("a", ParityCause.DATA, D(-40)), ("a", ParityCause.PRICE, D(-6))]


def test_parts_of_an_order_count_by_their_average() -> None:
    live = [fill("a", 4, "99"), fill("a", 6, "101", fees="0")]
    report = held(live, [fill("1", 10, "100.20")])
    assert (report.differences, report.equal_fills, report.live_fills) == ((), 2, 2)


def test_orders_are_paired_by_the_bar_that_decided_them() -> None:
    # The live limit of the first bar fills last; by the times of the trades it would be taken for the second.
    live = [fill("a", traded=5), fill("b", decided=0, traded=1)]
    backtest = [fill("1"), fill("2", decided=0, traded=1)]
    report = held(live, backtest)
    assert told(report) == [("a", ParityCause.TIMING, D(0))]


def test_other_currencies_are_converted() -> None:
    report = held([fill("a", price="38.10", instrument=BHP)], [fill("1", price="38", instrument=BHP)])
    assert told(report) == [("a", ParityCause.PRICE, D("-0.50"))]
    with pytest.raises(FailedPrecondition):
        compare(SESSION, [fill("a", instrument=BHP)], [], ends=ENDS, rates=Rates("USD"))


def test_what_cannot_be_valued_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="AAPL"):
        compare(SESSION, [fill("a")], [], ends={}, rates=RATES)


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 4), st.sampled_from(Side), st.integers(1, 50), st.integers(9000, 12000), st.integers(0, 300)
    ),
    max_size=12,
)
Drawn = list[tuple[int, Side, int, int, int]]


@given(ORDERS, ORDERS, st.none() | ORDERS)
def test_differences_add_up_to_the_whole_whatever_happened(live: Drawn, backtest: Drawn, shown: Drawn | None) -> None:
    def fills(orders: Drawn) -> list[ParityFill]:
        return [
            fill(
                str(n), shares, str(D(cents) / 100), side=side, decided=day, traded=day + n % 2, fees=str(D(fees) / 100)
            )
            for n, (day, side, shares, cents, fees) in enumerate(orders)
        ]

    def profit(orders: list[ParityFill]) -> Decimal:
        return sum((int(one.side) * one.quantity * (ENDS[AAPL] - one.price) - one.fees for one in orders), D(0))

    ours, theirs = fills(live), fills(backtest)
    report = held(ours, theirs, None if shown is None else fills(shown))
    assert report.pnl == profit(ours) - profit(theirs)
    assert held(theirs, ours).pnl == -report.pnl
    assert held(ours, ours).differences == ()
    assert (report.live_fills, report.backtest_fills) == (len(live), len(backtest))
