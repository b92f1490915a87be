"""The bars that come with the platform, and the actions recorded for them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from bokeh_sampledata import stocks

from scizor.client.bundled import bundled_actions, bundled_bars, bundled_symbols
from scizor.domain.bars import ActionType
from scizor.services.marketdata.symbols.universe import universe


def test_five_symbols_come_with_their_bars() -> None:
    rows = {part.symbol: len(part.session_date) for part in bundled_bars()}
    assert rows == {"AAPL.NASDAQ": 3270, "GOOG.NASDAQ": 2148, "IBM.NYSE": 3270, "MSFT.NASDAQ": 3270, "FB.NASDAQ": 196}


def test_every_bundled_symbol_is_in_the_universe_or_given() -> None:
    known = {one.id for one in universe()} | {f"{one.symbol}.{one.primary_exchange}" for one in bundled_symbols()}
    assert {part.symbol for part in bundled_bars()} <= known
    assert not {one.id for one in universe()} & {f"{one.symbol}.{one.primary_exchange}" for one in bundled_symbols()}


def test_the_splits_and_the_special_dividend_are_the_known_ones() -> None:
    found = list(bundled_actions())
    assert len(found) == 95
    splits = {(symbol, action.ex_date, action.value) for symbol, action in found if action.type is ActionType.SPLIT}
    assert splits == {
        ("AAPL.NASDAQ", date(2000, 6, 21), Decimal(2)),
        ("AAPL.NASDAQ", date(2005, 2, 28), Decimal(2)),
        ("MSFT.NASDAQ", date(2003, 2, 18), Decimal(2)),
    }
    special = [action.value for symbol, action in found if action.ex_date == date(2004, 11, 15)]
    assert special == [Decimal("3.08")]


@pytest.mark.parametrize("ticker", ["AAPL", "GOOG", "IBM", "MSFT", "FB"])
def test_the_actions_explain_every_jump_between_raw_and_adjusted_close(ticker: str) -> None:
    columns = getattr(stocks, ticker)
    close, adjusted = np.array(columns["close"]), np.array(columns["adj_close"])
    days = np.array(columns["date"], dtype="datetime64[D]")
    explained = np.ones(len(close))
    for symbol, action in bundled_actions():
        if symbol.split(".")[0] == ticker:
            at = int(np.searchsorted(days, np.datetime64(action.ex_date)))
            value = float(action.value)
            # The source takes a dividend as a part of the close on its ex-date.
            factor = value if action.type is ActionType.SPLIT else 1 + value / close[at]
            explained[at] *= factor
    factors = adjusted / close
    np.testing.assert_allclose(factors[1:] / factors[:-1], explained[1:], rtol=1e-9)
