"""Shocks are exact, history is ranked, tails need enough of it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from scizor.domain.trading.stress import History, Scenario, stressed, tail

D = Decimal
VALUES = {"A": D(1000), "B": D(-400)}


def test_a_shock_moves_all_prices_but_those_it_names() -> None:
    result = stressed(VALUES, Scenario("crash", D("-0.2"), {"B": D("0.1")}))
    assert [(line.instrument, line.pnl) for line in result.lines] == [("A", D(-200)), ("B", D(-40))]
    assert result.pnl == -240


def test_the_worst_days_are_those_of_these_positions() -> None:
    days = tuple(date(2026, 1, 5) + timedelta(days=number) for number in range(3))
    history = History(days, ("A", "B", "C"), np.array([[-0.05, 0.0, 1.0], [0.0, 0.2, 0.0], [np.nan, -0.1, 0.0]]))
    worst = history.worst(VALUES, 2)
    assert [(one.name, one.pnl) for one in worst] == [("2026-01-06", D(-80)), ("2026-01-05", D(-50))]
    assert history.pnl(VALUES).tolist() == [-50.0, -80.0, 40.0]


def test_a_tail_is_the_worst_twentieth() -> None:
    pnl = np.arange(-100.0, 0.0)
    assert tail(pnl) == (96.0, 98.0)
    assert tail(np.ones(200)) == (0.0, 0.0)
    assert tail(pnl[:99]) is None
    assert tail(pnl, 0.99) == pytest.approx((100.0, 100.0))
