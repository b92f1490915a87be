from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from scizor.domain.bars import ActionType, CorporateAction
from scizor.domain.orders import AccountType, PathPolicy
from scizor.engine.costs import Commission, Financing, Slippage
from scizor.engine.fingerprint import fingerprint
from scizor.engine.market import Delisting, Listing, Market
from scizor.engine.settings import Settings
from tests.unit.engine.build import NAN, panel_of

PANEL = panel_of([[10, NAN], [11, 5]], [[10, NAN], [11, 5]])
SPLIT = CorporateAction(ActionType.SPLIT, date(2020, 1, 2), Decimal(2), "x")
DIVIDEND = CorporateAction(ActionType.DIVIDEND, date(2020, 1, 2), Decimal("0.5"), "x")
MARKET = Market(PANEL, {"S1": Listing("EUR")}, {"S0": [SPLIT, DIVIDEND]}, {"EUR": np.array([1.1, 1.2])})
RECIPE: dict[str, Any] = {
    "engine_version": "1",
    "strategy_id": "sma_cross",
    "strategy_version": "1",
    "parameters": {"fast": 10, "slow": 30, "short": True},
    "settings": Settings(initial_cash=10_000),
    "market": MARKET,
}


def with_panel(**changes: Any) -> dict[str, Any]:
    return {"market": replace(MARKET, panel=replace(PANEL, **changes))}


def with_settings(**changes: Any) -> dict[str, Any]:
    return {"settings": replace(RECIPE["settings"], **changes)}


@pytest.mark.parametrize(
    "change",
    [
        {"engine_version": "2"},
        {"strategy_id": "other"},
        {"strategy_version": "2"},
        {"parameters": {"fast": 11, "slow": 30, "short": True}},
        {"parameters": {"fast": 10, "slow": 30, "short": False}},
        {"first_row": 1},
        with_settings(commission=Commission(value_bps=1)),
        with_settings(commission={"S1": Commission(value_bps=1)}),
        with_settings(slippage=Slippage.bps(1)),
        with_settings(financing=Financing.none()),
        with_settings(account=AccountType.CASH),
        with_settings(path=PathPolicy.OHLC),
        with_settings(base_currency="EUR"),
        {"market": replace(MARKET, panel=replace(PANEL, symbols=("S0", "X")), listings={})},
        with_panel(sessions=PANEL.sessions + 1),
        with_panel(open_ns=PANEL.open_ns + 1),
        with_panel(close_ns=PANEL.close_ns + 1),
        with_panel(high=PANEL.high * (1 + 1e-15)),
        with_panel(volume=np.ones((2, 2))),
        {"market": replace(MARKET, listings={"S1": Listing("EUR", tick_size=0.01)})},
        {"market": replace(MARKET, listings={"S1": Listing("EUR", delisting=Delisting(date(2020, 1, 2)))})},
        {"market": replace(MARKET, actions={"S0": [SPLIT]})},
        {"market": replace(MARKET, actions={"S0": [SPLIT, replace(DIVIDEND, pay_date=date(2020, 1, 3))]})},
        {"market": replace(MARKET, rates={"EUR": np.array([1.1, 1.3])})},
    ],
)
def test_whatever_a_result_follows_from_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(**RECIPE) != fingerprint(**{**RECIPE, **change})


def test_the_spelling_of_equal_inputs_does_not_change_the_fingerprint() -> None:
    other_nan = np.array([0x7FF8_0000_0000_0001], np.uint64).view(np.float64)[0]
    close = np.where(np.isnan(PANEL.close), other_nan, PANEL.close)
    same = {
        "parameters": {"slow": 30.0, "short": True, "fast": 10},
        "settings": Settings(initial_cash=10_000.0, commission={"": Commission(minimum=0)}),
        "market": Market(
            replace(PANEL, close=close),
            {"S0": Listing("USD"), "S1": Listing("EUR", 1)},
            {"S0": [replace(DIVIDEND, source="y"), SPLIT], "S1": []},
            {"EUR": np.array([1.1, 1.2])},
        ),
    }
    assert fingerprint(**RECIPE) == fingerprint(**{**RECIPE, **same})


def test_the_fingerprint_of_a_known_run_is_what_it_was() -> None:
    assert fingerprint(**RECIPE) == "24dcf73e60152e8a7a3373756752d3e2f39aee8c372cbe6a387bd98695203e87"


def test_whole_numbers_that_no_float_is_equal_to_differ() -> None:
    def of(seed: float) -> str:
        return fingerprint(**{**RECIPE, "parameters": {"seed": seed}})

    assert len({of(2**53), of(2**53 + 1), of(2**53 + 2), of(10**400), of(10**400 + 1)}) == 5
    assert of(2**60) == of(float(2**60))
    assert of(0) == of(-0.0)
