"""Rows become sessions: one value a date, however many bars and exchanges."""

from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.arrays import FloatArray
from scizor.engine.analytics.curve import calendar_returns, initial_cash, session_curve
from scizor.engine.panel import Panel
from tests.unit.engine.analytics.build import DAY_NS, fills_of, minute_panel, panel_of, result_of


def test_daily_bars_give_a_return_from_session_to_session() -> None:
    curve = session_curve(result_of([100, 110, 99]), panel_of([1, 1, 1]))
    assert curve.values.tolist() == [100, 110, 99]
    assert curve.returns.tolist() == [pytest.approx(0.1), pytest.approx(-0.1)]
    assert (curve.n_sessions, curve.n_days) == (3, 2)
    assert curve.days.tolist() == curve.sessions.tolist()


def test_minute_bars_count_by_the_last_of_each_session_and_the_first_session_has_a_return() -> None:
    panel = minute_panel(["2020-01-02", "2020-01-03"], 3, np.full(6, 10.0))
    curve = session_curve(result_of([100, 105, 110, 90, 95, 99]), panel)
    assert curve.values.tolist() == [100, 110, 99]
    assert curve.rows.tolist() == [-1, 2, 5]
    assert [str(day) for day in curve.days] == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert (curve.n_sessions, curve.n_days) == (2, 1)


def test_what_the_account_began_with_is_known_although_the_first_close_already_saw_fills() -> None:
    # Ten shares bought at 10 at the very first close, 1 commission, 2 for the conversion at a rate of 0.5.
    fills = fills_of(1, row=0, quantity=10, price=10, commission=1, fx_cost=2, rate=0.5)
    result = result_of([997, 1_000], cash=np.array([947.0, 947.0]), fills=fills)
    assert initial_cash(result) == pytest.approx(1_000)
    curve = session_curve(result, panel_of([10, 10]))
    assert curve.values.tolist() == [pytest.approx(1_000), 997, 1_000]
    assert curve.n_sessions == 2


def test_rows_before_the_first_traded_one_are_left_out() -> None:
    curve = session_curve(result_of([100, 100, 100, 120], first_row=2), panel_of([1, 1, 1, 1]))
    assert curve.values.tolist() == [100, 120]


def test_a_date_that_comes_back_after_another_counts_once_at_its_last_row() -> None:
    # Two exchanges whose sessions overlap: the later date's first bar ends before the earlier date's last.
    days = np.array(["2020-01-02", "2020-01-03", "2020-01-02", "2020-01-03"], "datetime64[D]")
    opens = np.arange(4, dtype=np.int64) * DAY_NS
    flat: FloatArray = np.ones((4, 1))
    panel = Panel(("S0",), days, opens, opens + DAY_NS, flat, flat, flat, flat, flat)
    curve = session_curve(result_of([100, 101, 102, 103]), panel)
    assert curve.values.tolist() == [100, 102, 103]
    assert [str(day) for day in curve.sessions] == ["2020-01-02", "2020-01-03"]


def test_a_sample_for_each_calendar_day_has_the_weekend_and_neither_the_first_nor_the_last_day() -> None:
    sessions = np.array(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"], "datetime64[D]")
    curve = session_curve(result_of([100, 110, 121, 60.5]), panel_of([1, 1, 1, 1], sessions))
    returns, outside = calendar_returns(curve)
    # Friday, Saturday, Sunday, Monday; Thursday had none, Tuesday halved it.
    assert returns.tolist() == [pytest.approx(0.1), 0, 0, pytest.approx(0.1)]
    assert outside == pytest.approx(0.5)
    returns, outside = calendar_returns(curve, (2, 0))
    assert returns.tolist() == [0, 0, pytest.approx(0.1), pytest.approx(-0.5)]
    assert outside == pytest.approx(1.1)


def test_a_run_of_fewer_days_than_are_left_out_has_no_calendar_return() -> None:
    for n in (1, 2):
        returns, outside = calendar_returns(session_curve(result_of([100, 120][:n]), panel_of(np.ones(n))))
        assert len(returns) == 0
        assert outside == pytest.approx([1.0, 1.2][n - 1])
