"""Interest, dividends, splits, delistings, currencies, exchanges: what happens to an account while it holds."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from scizor.domain.orders import AccountType, FillCause, OrderEnd, OrderState, OrderType
from scizor.engine.costs import Commission, Financing, Tier
from scizor.engine.market import Delisting, Listing, Market
from scizor.engine.panel import Panel, Series
from tests.unit.engine.build import NAN, bars, panel_of, settings
from tests.unit.engine.portfolio.play import buy, dividend, drive, ends, fills, play, sell, split, weigh

FLAT = (10, 10, 10, 10)
HOUR_NS = 3_600_000_000_000


def test_interest_is_for_calendar_days_on_what_is_lent_beyond_the_first_part() -> None:
    lending = Financing({"2020-01-01": 0.036}, 0.018, 0.018, 400.0, 0.0)
    panel = bars([FLAT] * 3)
    later = panel.sessions + np.array([0, 0, 2])  # a weekend
    moved = Panel(panel.symbols, later, panel.open_ns, panel.close_ns, *(panel.open,) * 4, panel.volume)
    result = play(moved, {}, settings(financing=lending))
    # (1000 - 400) x 1.8 % / 360 for a day, then for three.
    assert result.cash.tolist() == pytest.approx([1_000, 1_000.03, 1_000.03 + 600.03 * 0.018 * 3 / 360])
    assert result.costs.credit_interest == pytest.approx(result.equity[-1] - 1_000)


def test_shorts_are_borrowed_for_a_fee_and_negative_cash_costs_interest() -> None:
    lending = Financing({"2020-01-01": 0.018}, 0.018, 1.0, 0.0, 0.36)
    result = play(bars([FLAT] * 3), {0: [sell(10)]}, settings(financing=lending))
    assert result.costs.borrow == pytest.approx(-100 * 0.36 / 360)
    owing = play(bars([FLAT] * 3), {0: [buy(150)]}, settings(financing=lending, account=AccountType.MARGIN))
    assert owing.costs.debit_interest == pytest.approx(-500 * 0.036 / 360)


@pytest.mark.parametrize(("shares", "side"), [(10, 1), (10, -1)])
def test_a_dividend_is_due_from_its_ex_date_and_paid_on_its_pay_date(shares: float, side: int) -> None:
    market = Market(bars([FLAT] * 5), actions={"S0": [dividend("0.5", 3, 5)]})
    result = play(market, {0: [buy(shares) if side > 0 else sell(shares)]})
    owed = 5 * side
    assert (result.equity - 1_000).tolist() == [0, 0, owed, owed, owed]
    assert (result.cash - result.cash[1]).tolist()[1:] == [0, 0, 0, owed]
    assert result.costs.dividends == owed


def test_a_dividend_without_a_pay_date_is_cash_on_its_ex_date_and_belongs_to_the_trade() -> None:
    market = Market(bars([FLAT] * 4), actions={"S0": [dividend("0.5", 3)]})
    result = play(market, {0: [buy(10)], 2: [sell(10)]})
    assert result.cash.tolist() == [1_000, 900, 905, 1_005]
    assert result.trades[["gross_pnl", "dividends", "net_pnl"]].tolist() == [(0, 5, 5)]


def test_who_buys_on_the_ex_date_is_owed_nothing() -> None:
    market = Market(bars([FLAT] * 3), actions={"S0": [dividend("0.5", 2)]})
    assert play(market, {0: [buy(10)]}).costs.dividends == 0


def test_a_split_changes_shares_and_open_orders_and_pays_out_the_rest_of_a_share() -> None:
    rows = [FLAT, FLAT, (4, 4, 4, 4), (4, 4, 3, 4)]
    market = Market(bars(rows), actions={"S0": [split("2.5", 3)]})
    orders = [buy(11), sell(9, OrderType.STOP, trigger=7.5), sell(1, OrderType.TRAILING, trail_amount=5)]
    result = play(market, {0: orders})
    assert result.equity.tolist() == [1_000, 1_000, 1_000, 1_000 - 22]
    # 27.5 shares: 27 and half a share at 4. The stop of 9 at 7.5 is one of 22 at 3.
    assert result.cash[2] == 1_000 - 110 + 2
    assert fills(result)[1:] == [(3, 2, -22, 3)]
    assert result.orders["trail_amount"][2] == 2


def test_a_split_that_leaves_less_than_a_share_pays_it_out_and_ends_the_trade() -> None:
    market = Market(bars([FLAT, FLAT, (1_000, 1_000, 1_000, 1_000)]), actions={"S0": [split("0.01", 3)]})
    result = play(market, {0: [buy(50), buy(10, OrderType.LIMIT, limit=1)]})
    assert result.cash.tolist() == [1_000, 500, 1_000]
    assert result.trades[["quantity", "exit_cause", "net_pnl"]].tolist() == [(0.5, FillCause.SPLIT, 0)]
    assert ends(result)[1] == (OrderState.CANCELLED, OrderEnd.SPLIT)


@pytest.mark.parametrize(("value", "cash"), [(None, 1_020.0), (0.0, 900.0)])
def test_a_delisted_symbol_is_closed_at_its_last_close_or_at_what_was_paid(value: float | None, cash: float) -> None:
    rows = [[10, 1], [10, 1], [12, 1], [NAN, 1]]
    gone = Listing(delisting=Delisting(date(2020, 1, 3), value))
    script = {0: [buy(10), buy(1, OrderType.LIMIT, limit=1)], 3: [buy(1), weigh(0.5)]}
    result = play(Market(panel_of(rows, rows), {"S0": gone}), script)
    assert result.cash.tolist()[2:] == [cash, cash]
    assert result.fills["cause"].tolist() == [FillCause.ORDER, FillCause.DELISTING]
    assert ends(result)[1:] == [(OrderState.CANCELLED, OrderEnd.DELISTED), (OrderState.REJECTED, OrderEnd.DELISTED)]


def test_a_symbol_is_not_delisted_by_a_panel_that_ends_before() -> None:
    market = Market(bars([FLAT] * 3), {"S0": Listing(delisting=Delisting(date(2020, 2, 1)))})
    assert play(market, {0: [buy(10)]}).positions.tolist() == [10]


def test_a_fill_in_another_currency_is_converted_and_the_conversion_costs() -> None:
    rates = {"USD": np.array([1.5, 1.5, 1.6])}
    market = Market(bars([FLAT, FLAT, (10, 10, 10, 11)]), {"S0": Listing("USD")}, rates=rates)
    how = settings(base_currency="AUD", fx_bps=100, commission=Commission(minimum=2))
    result = play(market, {0: [buy(20)]}, how)
    # 202 USD at 1.5, and 1 % of them.
    assert result.cash.tolist() == pytest.approx([1_000, 1_000 - 303 * 1.01, 1_000 - 303 * 1.01])
    assert result.long_value.tolist() == pytest.approx([0, 300, 352])
    assert (result.costs.commission, result.costs.fx) == pytest.approx((-3, -3.03))
    assert result.fills[["commission", "fx_cost", "rate"]].tolist() == [pytest.approx((3.0, 3.03, 1.5))]


def _exchange(days: list[str], opens_hour: int, closes_hour: int, prices: list[float]) -> Series:
    sessions = np.array(days, "datetime64[D]")
    midnight = sessions.astype("datetime64[ns]").astype(np.int64)
    column = np.array(prices)
    hours = (midnight + opens_hour * HOUR_NS, midnight + closes_hour * HOUR_NS)
    return Series(sessions, column, column, column, column, None, *hours)


def test_exchanges_trade_in_the_order_the_world_does() -> None:
    days = ["2020-01-06", "2020-01-07", "2020-01-08"]
    panel = Panel.align(
        {
            "NEW YORK": _exchange(days, 14, 21, [10, 11, 12]),
            "LONDON": _exchange(days, 8, 16, [10, 11, 12]),
            "SYDNEY": _exchange(days, -1, 5, [10, 11, 12]),
        }
    )
    # Rows: Sydney, London, New York, each day. London closes while New York is open.
    on_all = [buy(1, symbol=symbol) for symbol in range(3)]
    result = play(panel, {4: on_all})
    filled = list(zip(result.fills["row"].tolist(), result.fills["symbol"].tolist(), strict=True))
    # At London's close New York's bar is open already: its order waits for the next day, Sydney comes first.
    assert filled == [(6, 2), (7, 1), (8, 0)]


def test_rows_that_open_together_share_one_auction() -> None:
    days = ["2020-01-06", "2020-01-07", "2020-01-08"]
    panel = Panel.align({"A": _exchange(days, 8, 12, [10] * 3), "B": _exchange(days, 8, 16, [10] * 3)})
    result = play(panel, {1: [weigh(1, symbol=1)], 3: [weigh(1, symbol=0), weigh(0, symbol=1)]})
    assert result.fills["symbol"].tolist() == [1, 1, 0]
    assert result.n_cut == 0


def test_tiers_go_by_the_shares_of_the_calendar_month() -> None:
    tiered = Commission(per_share=1.0, tiers=(Tier(10, 0.5),))
    panel = bars([FLAT] * 40)
    script = {0: [buy(8)], 1: [buy(4)], 35: [buy(2)]}
    result = play(panel, script, settings(commission=tiered, initial_cash=10_000))
    assert result.fills["commission"].tolist() == [8, 2 + 1, 2]


def test_commission_is_held_against_an_order_as_a_whole() -> None:
    rows = [FLAT, (10, 10, 10, 10, 10), (10, 10, 10, 10, 1_000)]
    how = settings(commission=Commission(per_share=1, minimum=4), max_participation=0.1)
    result = play(bars(rows), {0: [buy(7)]}, how)
    assert result.fills["commission"].tolist() == [4, 3]


def test_every_change_of_equity_is_price_dividend_or_a_cost_line() -> None:
    market = Market(bars([FLAT, FLAT, (12, 12, 12, 12), (11, 11, 11, 11)]), actions={"S0": [dividend("0.25", 3)]})
    how = settings(financing=Financing(credit_from=0.0), commission=Commission(value_bps=10))
    simulation = drive(market, {0: [buy(20)]}, how)
    costs = simulation.costs
    lines = costs.commission + costs.slippage + costs.borrow + costs.debit_interest + costs.credit_interest
    assert simulation.equity[-1] - 1_000 == pytest.approx(20 * 1 + costs.dividends + lines, rel=1e-12)
