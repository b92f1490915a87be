from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scizor.engine import Prices
from scizor.strategy import all_strategies, get, resolve
from tests.unit.engine.build import NAN, prices_of

closes = st.lists(
    st.lists(st.one_of(st.integers(1, 20).map(float), st.just(NAN)), min_size=2, max_size=2), min_size=1, max_size=40
)


def first(prices: Prices, n_sessions: int) -> Prices:
    columns = (matrix[:n_sessions] for matrix in (prices.open, prices.high, prices.low, prices.close))
    return Prices(prices.symbols, prices.sessions[:n_sessions], *columns)


@given(closes, st.data())
@settings(max_examples=200, deadline=None)
def test_no_strategy_looks_ahead(rows: list[list[float]], data: st.DataObject) -> None:
    prices = prices_of(rows, rows)
    known = data.draw(st.integers(1, len(rows)))
    for strategy in all_strategies():
        raw = {"fast": 2, "slow": 3, "direction": "long_short"} if strategy.id == "sma_cross" else {}
        params = resolve(strategy, raw)
        whole, cut = strategy.targets(prices, params), strategy.targets(first(prices, known), params)
        np.testing.assert_array_equal(whole[:known], cut)


@pytest.mark.parametrize(("direction", "below"), [("long_only", 0.0), ("long_short", -0.5)])
def test_sma_cross_follows_the_side_from_the_first_cross_on(direction: str, below: float) -> None:
    column = [1.0, 2, 3, 2, 1, 5]
    rows = [[price, 7.0] for price in column]
    strategy = get("sma_cross")
    params = resolve(strategy, {"fast": 1, "slow": 2, "direction": direction})
    weights = strategy.targets(prices_of(rows, rows), params)
    np.testing.assert_array_equal(weights[:, 0], [NAN, NAN, NAN, below, below, 0.5])
    assert np.isnan(weights[:, 1]).all()


def test_buy_and_hold_wants_an_equal_share_of_each_symbol_from_its_first_bar() -> None:
    rows = [[1.0, NAN], [2.0, 5.0]]
    strategy = get("buy_and_hold")
    weights = strategy.targets(prices_of(rows, rows), resolve(strategy, {}))
    np.testing.assert_array_equal(weights, [[0.5, NAN], [0.5, 0.5]])
