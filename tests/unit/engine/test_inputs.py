"""What prices and settings refuse, by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.engine import Prices, Series, Settings
from tests.unit.engine.build import NAN, prices_of


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"initial_cash": 0}, "initial_cash"),
        ({"initial_cash": -1.0}, "initial_cash"),
        ({"initial_cash": NAN}, "initial_cash"),
        ({"commission_bps": -1}, "commission_bps"),
        ({"commission_bps": NAN}, "commission_bps"),
        ({"slippage_bps": 10_000}, "slippage_bps"),
        ({"lot_size": 0}, "lot_size"),
    ],
)
def test_a_setting_out_of_bounds_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Settings(**change)
    assert [violation.field for violation in caught.value.violations] == [field]


def test_symbols_are_laid_on_the_union_of_their_sessions() -> None:
    def series(days: list[str], price: float) -> Series:
        column = np.full(len(days), price)
        return Series(np.array(days, "datetime64[D]"), column, column, column, column)

    prices = Prices.align({"B": series(["2020-01-02", "2020-01-06"], 2.0), "A": series(["2020-01-03"], 1.0)})
    assert prices.symbols == ("B", "A")
    assert prices.sessions.astype(str).tolist() == ["2020-01-02", "2020-01-03", "2020-01-06"]
    np.testing.assert_array_equal(prices.close, [[2, NAN], [NAN, 1], [2, NAN]])


@pytest.mark.parametrize("price", [0.0, -1.0, float("inf")])
def test_a_price_that_is_not_positive_and_finite_is_refused(price: float) -> None:
    with pytest.raises(InvalidInput, match="positive and finite"):
        prices_of([price, 10], [10, 10])


def test_half_a_bar_is_refused() -> None:
    prices = prices_of([10, 10], [10, 10])
    with pytest.raises(InvalidInput, match=r"prices.high: a bar has all four prices or none"):
        replace(prices, high=np.array([[10.0], [NAN]]))


def test_sessions_that_do_not_rise_are_refused() -> None:
    prices = prices_of([10, 10], [10, 10])
    with pytest.raises(InvalidInput, match=r"prices.sessions"):
        replace(prices, sessions=prices.sessions[::-1])


def test_a_symbol_named_twice_is_refused() -> None:
    prices = prices_of([[1, 1]], [[1, 1]])
    with pytest.raises(InvalidInput, match=r"prices.symbols"):
        replace(prices, symbols=("A", "A"))


def test_a_matrix_of_another_shape_is_refused() -> None:
    prices = prices_of([10, 10], [10, 10])
    with pytest.raises(InvalidInput, match=r"prices\.open: must be float64 of shape \(2, 1\)"):
        replace(prices, open=np.ones((3, 1)))
    with pytest.raises(InvalidInput, match=r"prices\.close: must be float64 of shape \(2, 1\)"):
        replace(prices, close=np.ones((3, 1)))


def test_no_prices_at_all_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one session"):
        Prices.align({})
