"""Exposure, costs, turnover and capacity, worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.errors import InvalidInput
from scizor.engine.analytics.account import (
    buy_and_hold_return,
    capacity,
    cost_attribution,
    exposure,
    turnover,
)
from scizor.engine.analytics.curve import session_curve
from scizor.engine.analytics.metrics import evaluate
from scizor.engine.market import Listing, Market
from scizor.engine.result import CostLines
from tests.unit.engine.analytics.build import NAN, fills_of, minute_panel, panel_of, result_of, values


def test_exposure_is_over_the_rows_of_the_run() -> None:
    longs, shorts = np.array([0, 50.0, 100, 0]), np.array([0, 0, -50.0, -100])
    held = np.array([False, True, True, True])
    result = result_of([100, 100, 100, 100], long_value=longs, short_value=shorts, in_market=held)
    found = exposure(result, session_curve(result, panel_of([1, 1, 1, 1])))
    assert found.in_market == pytest.approx(0.75)
    assert found.gross == pytest.approx((0.5 + 1.5 + 1.0) / 4)
    assert found.net == pytest.approx((0.5 + 0.5 - 1.0) / 4)


def test_a_fall_within_a_session_shows_by_bar_alone() -> None:
    panel = minute_panel(["2020-01-02", "2020-01-03"], 3, np.ones(6))
    found = values(evaluate(result_of([100, 60, 100, 100, 150, 110]), panel))
    assert found["max_drawdown"] == 0
    assert found["max_drawdown_by_bar"] == pytest.approx(-0.4)
    assert found["peak_equity"] == 150


def test_costs_are_said_in_currency_and_as_fractions_of_the_beginning_a_year() -> None:
    costs = CostLines(-100.0, -50.0, -5.0, -20.0, -10.0, 30.0, 70.0)
    lines = {one.name: one for one in cost_attribution(result_of([1_000, 1_015], costs=costs), n_years=2.0)}
    assert lines["commissions"].amount == 100
    assert lines["commissions"].per_year == pytest.approx(0.05)
    assert lines["credit_interest"].amount == 30
    assert lines["dividends"].per_year == pytest.approx(0.035)
    assert lines["total_costs"].amount == 185
    with pytest.raises(InvalidInput, match="n_years"):
        cost_attribution(result_of([1_000]), 0.0)


def test_free_trading_costs_zero_not_minus_zero() -> None:
    assert [str(one.amount) for one in cost_attribution(result_of([1_000]), 1.0)] == ["0.0"] * 8


def test_turnover_is_half_of_what_was_traded_over_the_mean_equity() -> None:
    fills = fills_of(2, row=[1, 2], quantity=10, price=[10, 20], rate=2.0)
    result = result_of([1_000, 1_000, 1_000, 1_000], fills=fills)
    curve = session_curve(result, panel_of(np.ones(4)))
    assert turnover(result, curve, 252) == pytest.approx((200 + 400) / 2 / 1_000 * 252 / 4)


def test_capacity_is_the_account_whose_fills_would_take_the_given_part_of_their_bars() -> None:
    # 100 of 10,000 shares with an account of 1,000: one per cent. At 2,000 it would be two.
    fills = fills_of(2, row=[1, 2], quantity=[100, 200])
    result = result_of([1_000, 1_000, 2_000], fills=fills)
    panel = panel_of([1, 1, 1], volume=10_000)
    assert capacity(result, panel, 0.01) == pytest.approx(1_000)
    assert capacity(result, panel, 0.05) == pytest.approx(5_000)
    assert capacity(result, panel_of([1, 1, 1], volume=NAN)) is None
    with pytest.raises(InvalidInput, match="participation"):
        capacity(result, panel, 0.0)


def test_buying_and_holding_is_the_mean_over_symbols_of_what_their_closes_did() -> None:
    market = Market(panel_of([[10, NAN, NAN], [20, 5, NAN], [15, 10, NAN]]))
    assert buy_and_hold_return(market) == pytest.approx((0.5 + 1.0) / 2)
    assert buy_and_hold_return(market, 1) == pytest.approx((-0.25 + 1.0) / 2)
    assert buy_and_hold_return(Market(panel_of([[10, NAN], [10, NAN]])), 1) == 0.0
    assert buy_and_hold_return(Market(panel_of([[NAN], [NAN]]))) is None


def test_buying_and_holding_keeps_what_splits_make_of_a_share() -> None:
    panel = panel_of([100, 100, 50, 60])
    split = CorporateAction(ActionType.SPLIT, panel.sessions[2].item(), Decimal(2), "test")
    market = Market(panel, actions={"S0": [split]})
    assert buy_and_hold_return(market) == pytest.approx(0.2)
    assert buy_and_hold_return(market, 2) == pytest.approx(0.2)
    assert values(evaluate(result_of([1.0, 1, 1, 1]), market))["buy_and_hold_return"] == pytest.approx(0.2)


def test_buying_and_holding_is_counted_in_the_accounts_currency() -> None:
    market = Market(panel_of([10, 11]), {"S0": Listing("AUD")}, rates={"AUD": np.array([0.5, 1.0])})
    assert buy_and_hold_return(market) == pytest.approx(1.2)


def test_what_the_first_row_lost_of_the_cash_is_a_fall_by_bar_too() -> None:
    # 100 shares bought at the first open at 10 with 1,000, a commission of 5: nothing is left of it at the close at 9.
    fills = fills_of(1, row=[0], quantity=[100.0], price=[10.0], commission=[5.0])
    cash = np.array([-5.0, -5.0])
    result = result_of([895.0, 995.0], cash=cash, fills=fills)
    found = values(evaluate(result, panel_of([9, 10])))
    assert found["max_drawdown_by_bar"] == pytest.approx(found["max_drawdown"]) == pytest.approx(-0.105)
    assert found["peak_equity"] == 1_000
