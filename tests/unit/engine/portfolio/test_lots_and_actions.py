"""Lots that are no whole numbers, what a split leaves of lots, and actions that meet in one gap."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import AccountType, OrderState
from scizor.engine.costs import Commission, Slippage
from scizor.engine.market import Delisting, Listing, Market
from scizor.engine.settings import Margin
from tests.unit.engine.build import NAN, bars, panel_of, settings
from tests.unit.engine.portfolio.play import buy, dividend, ends, fills, play, sell, split

FLAT = (10, 10, 10, 10)


@pytest.mark.parametrize("account", list(AccountType))
def test_tenths_of_a_share_bought_at_once_and_sold_one_by_one_leave_nothing(account: AccountType) -> None:
    market = Market(bars([FLAT] * 5), {"S0": Listing(lot_size=0.1)})
    result = play(market, {0: [buy(0.3)], 1: [sell(0.1)], 2: [sell(0.1)], 3: [sell(0.1)]}, settings(account=account))
    assert [end[0] for end in ends(result)] == [OrderState.FILLED] * 4
    assert result.positions.tolist() == [0.0]
    assert result.in_market.tolist() == [False, True, True, True, True]
    assert len(result.trades) == 1


def test_a_dividend_is_paid_on_the_shares_there_were_before_a_split_of_the_same_gap() -> None:
    market = Market(panel_of([10, NAN, NAN, 5], [10, NAN, NAN, 5]), actions={"S0": [split("2", 4), dividend("1", 3)]})
    result = play(
        Market(panel_of([10, 10, NAN, NAN, 5], [10, 10, NAN, NAN, 5]), actions=market.actions), {0: [buy(50)]}
    )
    assert result.costs.dividends == 50
    assert result.positions.tolist() == [100]


def test_a_split_before_its_open_applies_to_what_a_margin_call_named() -> None:
    panel = bars([(10, 10, 10, 10), (10, 10, 10, 10), (10, 10, 6, 6), (3, 3, 3, 3)])
    margin = Margin(initial=0.5, maintenance_long=0.4, maintenance_short=0.4)
    how = settings(account=AccountType.MARGIN, margin=margin)
    plain = play(Market(bars([FLAT, FLAT, (10, 10, 6, 6), (6, 6, 6, 6)])), {0: [buy(200)]}, how)
    halved = play(Market(panel, actions={"S0": [split("2", 4)]}), {0: [buy(200)]}, how)
    (_, _, sold, _), (_, _, sold_after, _) = fills(plain)[1], fills(halved)[1]
    # Twice as many, and each rounded up to a whole share by itself.
    assert 2 * sold <= sold_after < 2 * sold + 2
    assert (plain.n_margin_calls, halved.n_margin_calls) == (1, 1)


@pytest.mark.parametrize(("value", "cash"), [(12.0, 1_020.0), (None, 999.0)])
def test_what_a_share_was_paid_at_its_end_costs_nothing_a_sale_does(value: float | None, cash: float) -> None:
    market = Market(bars([FLAT] * 3), {"S0": Listing(delisting=Delisting(date(2020, 1, 3), value))})
    how = settings(slippage=Slippage.bps(100))
    result = play(market, {0: [buy(10)]}, how)
    assert result.cash[-1] == pytest.approx(cash - 1)
    fee = settings(commission=Commission(per_share=1))
    assert play(market, {0: [buy(10)]}, fee).costs.commission == (-10 if value else -20)


@pytest.mark.parametrize("value", [-1.0, float("inf"), NAN])
def test_no_share_is_paid_less_than_nothing_or_without_end(value: float) -> None:
    with pytest.raises(InvalidInput, match=r"delisting\.value"):
        Delisting(date(2020, 1, 3), value)


@pytest.mark.parametrize("value", ["0", "-2", "NaN", "Infinity"])
def test_a_split_or_dividend_is_more_than_nothing(value: str) -> None:
    for kind in ActionType:
        with pytest.raises(InvalidInput, match=r"action\.value"):
            CorporateAction(kind, date(2020, 1, 2), Decimal(value), "x")


def test_a_symbol_that_ended_before_its_first_bar_is_refused() -> None:
    market = Market(bars([FLAT] * 3), {"S0": Listing(delisting=Delisting(date(2019, 1, 1)))})
    with pytest.raises(InvalidInput, match=r"market\.listings\.S0.*2019-01-01"):
        play(market, {})


def test_all_that_is_held_can_be_sold_though_a_split_left_part_of_a_lot() -> None:
    market = Market(bars([FLAT] * 4), {"S0": Listing(lot_size=10)}, {"S0": [split("1.5", 3)]})
    result = play(market, {0: [buy(10)], 2: [sell(15)]})
    assert result.positions.tolist() == [0.0]
    with pytest.raises(InvalidInput, match="whole lots of 10"):
        play(market, {0: [buy(10)], 2: [sell(5)]})
    assert np.isclose(result.equity[-1], 1_050)
