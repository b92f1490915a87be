"""What panels, markets and settings refuse, by name."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.market import Listing, Market
from scizor.engine.panel import Panel, Series
from scizor.engine.settings import Margin, Settings
from scizor.engine.simulate import Simulation, decided
from tests.unit.engine.build import NAN, panel_of


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"initial_cash": 0}, "initial_cash"),
        ({"initial_cash": -1.0}, "initial_cash"),
        ({"initial_cash": NAN}, "initial_cash"),
        ({"cash_buffer": 1.0}, "cash_buffer"),
        ({"fx_bps": -1}, "fx_bps"),
        ({"max_participation": 0}, "max_participation"),
        ({"max_participation": 1.5}, "max_participation"),
    ],
)
def test_a_setting_out_of_bounds_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Settings(**change)
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_margin_below_the_maintenance_margin_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"margin\.initial: must not be below"):
        Margin(initial=0.2)


def test_a_lot_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="lot_size: must be positive"):
        Listing(lot_size=0)


def test_symbols_are_laid_on_the_union_of_their_sessions() -> None:
    def series(days: list[str], price: float) -> Series:
        column = np.full(len(days), price)
        return Series(np.array(days, "datetime64[D]"), column, column, column, column)

    panel = Panel.align({"B": series(["2020-01-02", "2020-01-06"], 2.0), "A": series(["2020-01-03"], 1.0)})
    assert panel.symbols == ("B", "A")
    assert panel.sessions.astype(str).tolist() == ["2020-01-02", "2020-01-03", "2020-01-06"]
    np.testing.assert_array_equal(panel.close, [[2, NAN], [NAN, 1], [2, NAN]])


@pytest.mark.parametrize("price", [0.0, -1.0, float("inf")])
def test_a_price_that_is_not_positive_and_finite_is_refused(price: float) -> None:
    with pytest.raises(InvalidInput, match="positive and finite"):
        panel_of([price, 10], [10, 10])


def test_half_a_bar_is_refused() -> None:
    panel = panel_of([10, 10], [10, 10])
    with pytest.raises(InvalidInput, match=r"panel.high: a bar has all four prices or none"):
        replace(panel, high=np.array([[10.0], [NAN]]))


def test_a_symbol_named_twice_is_refused() -> None:
    panel = panel_of([[1, 1]], [[1, 1]])
    with pytest.raises(InvalidInput, match=r"panel.symbols"):
        replace(panel, symbols=("A", "A"))


def test_a_matrix_of_another_shape_is_refused() -> None:
    panel = panel_of([10, 10], [10, 10])
    with pytest.raises(InvalidInput, match=r"panel\.open: must be float64 of shape \(2, 1\)"):
        replace(panel, open=np.ones((3, 1)))
    with pytest.raises(InvalidInput, match=r"panel\.close: must be float64 of shape \(2, 1\)"):
        replace(panel, close=np.ones((3, 1)))


def test_no_prices_at_all_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one row"):
        Panel.align({})


def test_rows_that_do_not_rise_are_refused() -> None:
    panel = panel_of([10, 10], [10, 10])
    with pytest.raises(InvalidInput, match=r"panel\.close_ns: rows must be sorted"):
        replace(panel, open_ns=panel.open_ns[::-1].copy(), close_ns=panel.close_ns[::-1].copy())


def test_two_bars_of_one_slot_are_refused() -> None:
    day, column = np.array(["2020-01-02"] * 2, "datetime64[D]"), np.full(2, 10.0)
    with pytest.raises(InvalidInput, match=r"panel\.A: the bar of 2020-01-02 repeats"):
        Panel.align({"A": Series(day, column, column, column, column)})


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume", "open_ns", "close_ns"])
def test_a_column_of_another_length_is_refused_by_name(column: str) -> None:
    days, three = np.array(["2020-01-02", "2020-01-03", "2020-01-06"], "datetime64[D]"), np.full(3, 10.0)
    series = Series(days, three, three, three, three)
    change: dict[str, Any] = {column: np.arange(1, 3) if column.endswith("ns") else three[:1]}
    short = replace(series, **change)
    with pytest.raises(InvalidInput, match=rf"panel\.A\.{column}: must have shape \(3,\), as sessions have, not"):
        Panel.align({"B": series, "A": short})


def test_a_bar_without_a_date_is_refused() -> None:
    days, column = np.array(["2020-01-02", "NaT"], "datetime64[D]"), np.full(2, 10.0)
    with pytest.raises(InvalidInput, match=r"panel\.A\.sessions: every bar has a date"):
        Panel.align({"A": Series(days, column, column, column, column)})


def test_sessions_that_fall_are_refused() -> None:
    days, column = np.array(["2020-01-03", "2020-01-02"], "datetime64[D]"), np.full(2, 10.0)
    opens = np.array([0, 10])
    with pytest.raises(InvalidInput, match=r"panel\.A\.sessions: must not fall, but 2020-01-02 comes after 2020-01-03"):
        Panel.align({"A": Series(days, column, column, column, column, None, opens, opens + 10)})


def test_a_slot_of_two_sessions_is_refused_whichever_symbol_comes_first() -> None:
    column, opens = np.array([10.0]), np.array([1_577_919_600_000_000_000])

    def series(day: str) -> Series:
        days = np.array([day], "datetime64[D]")
        return Series(days, column, column, column, column, None, opens, opens + 3_600_000_000_000)

    both = {"A": series("2020-01-01"), "B": series("2020-01-02")}
    slot = "its bar from 2020-01-01T23:00:00 to 2020-01-02T00:00:00 UTC is of the session"
    with pytest.raises(InvalidInput, match=rf"panel\.B: {slot} 2020-01-02, that of A of 2020-01-01: one slot, one"):
        Panel.align(both)
    with pytest.raises(InvalidInput, match=rf"panel\.A: {slot} 2020-01-01, that of B of 2020-01-02: one slot, one"):
        Panel.align({name: both[name] for name in ("B", "A")})


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("account", "AccountType"),
        ("sizing", "Sizing"),
        ("fill_timing", "FillTiming"),
        ("path", "PathPolicy"),
        ("limit_fills", "LimitPolicy"),
        ("price_rounding", "PriceRounding"),
    ],
)
def test_a_choice_that_is_none_is_refused(field: str, kind: str) -> None:
    for wrong in ("margin", 1, None):
        with pytest.raises(InvalidInput, match=rf"{field}: must be a {kind} \([A-Z_, ]+\), not {wrong!r}"):
            Settings(**{field: wrong})  # type: ignore[arg-type]  # that is what is tested


def test_bars_of_one_symbol_that_overlap_are_refused() -> None:
    panel = panel_of([10, 10], [10, 10])
    with pytest.raises(InvalidInput, match=r"panel\.S0: a bar must not open before the one before it has closed"):
        Simulation(replace(panel, open_ns=panel.open_ns - np.array([0, 1])), Settings())


def test_rows_that_open_together_have_one_rate() -> None:
    column = np.array([10.0, 10.0])
    days = np.array(["2020-01-02", "2020-01-03"], "datetime64[D]")
    opens = np.array([0, 100])
    short = Series(days, column, column, column, column, open_ns=opens, close_ns=opens + 10)
    long = Series(days, column, column, column, column, open_ns=opens, close_ns=opens + 150)
    panel = Panel.align({"A": short, "B": long})
    assert panel.open_ns.tolist() == [0, 100, 0, 100]  # rows are in the order of their closes
    Market(panel, rates={"EUR": np.array([1.5, 1.25, 1.5, 1.25])})
    rule = r"market\.rates\.EUR: rows 1 and 3 open at the same instant, with two rates: 1\.25 and 1\.5"
    with pytest.raises(InvalidInput, match=rule):
        Market(panel, rates={"AUD": np.ones(4), "EUR": np.array([1.5, 1.25, 1.5, 1.5])})


def test_a_symbol_in_a_currency_without_rates_is_refused() -> None:
    market = Market(panel_of([10, 10], [10, 10]), {"S0": Listing("EUR")})
    with pytest.raises(InvalidInput, match=r"market\.rates\.EUR: S0 needs them"):
        Simulation(market, Settings())


@pytest.mark.parametrize("first_row", [-1, 2, 0.5, 1.0, "1", None, math.nan])
@pytest.mark.parametrize("targets", [None, np.zeros((2, 1))])
def test_a_first_row_that_is_no_row_of_the_panel_is_refused(first_row: Any, targets: FloatArray | None) -> None:
    with pytest.raises(InvalidInput, match="first_row: must be a whole number between 0 and 1"):
        Simulation(panel_of([10, 10], [10, 10]), Settings(), targets, first_row=first_row)
    with pytest.raises(InvalidInput, match="first_row: must be a whole number between 0 and 1"):
        decided(Market(panel_of([10, 10], [10, 10])), Settings(), np.zeros((2, 1)), first_row=first_row)
