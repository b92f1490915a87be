from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.errors import InvalidInput
from scizor.engine.indicators import TABLE, sma_cross
from scizor.engine.panel import Panel
from scizor.engine.sweep import Compiled, Grid, Number, Shared, plans
from scizor.engine.sweep.crosses import cross_decisions_nb, sma_cross_plan
from scizor.engine.sweep.plans import Decisions, decider
from tests.unit.engine.sweep.build import panel_of, random_closes


def standing(weights: np.ndarray) -> np.ndarray:
    """Weights with those kept filled in."""
    last = np.maximum.accumulate(np.where(np.isnan(weights), -1, np.arange(len(weights))))
    return np.where(last >= 0, weights[np.maximum(last, 0)], np.nan)


def test_a_cross_in_a_sweep_is_the_cross_of_the_indicators() -> None:
    panel = panel_of(random_closes(400, 3, seed=1, missing=0.05))
    grid = Grid({"fast": [1, 2, 5, 9], "slow": [2, 6, 30], "direction": ["long_only", "long_short"]})
    work = decider(sma_cross_plan(1 / 3, {"long_only": 0.0, "long_short": -1.0}), panel, grid, 0, 1)
    places = grid.places(0, len(grid))
    values = grid.values(places)
    allowed = work.allowed(values)
    np.testing.assert_array_equal(allowed, values["fast"] < values["slow"])
    decisions = Decisions.room(3, len(grid), 400)
    work.decide(places, decisions)
    for one in np.flatnonzero(allowed):
        below = 0.0 if values["direction"][one] == "long_only" else -1 / 3
        expected = sma_cross(panel.close, int(values["fast"][one]), int(values["slow"][one]), 1 / 3, below)
        for symbol in range(3):
            rows, weights, counts = (part[one] for part in decisions.of(symbol))
            found = np.full(400, np.nan)
            found[rows[:counts]] = weights[:counts]
            np.testing.assert_array_equal(standing(found), standing(expected[:, symbol]))


def test_an_indicator_is_computed_once_for_each_of_its_values_not_for_each_combination() -> None:
    panel = panel_of(random_closes(50, 2, seed=2))
    grid = Grid({"fast": [2, 3], "slow": [4, 5, 6], "level": [0.1, 0.2]})
    shared = (
        Shared("sma", ("close",), {"window": "slow"}),
        Shared("macd", ("close",), {"fast": "fast", "slow": "slow", "signal": 3}, output=1),
        Shared("atr", ("high", "low", "close"), {"window": 7}),
    )
    seen: list[np.ndarray] = []

    def kernel(
        series: np.ndarray,
        picks: np.ndarray,
        numbers: np.ndarray,
        rows: np.ndarray,
        weights: np.ndarray,
        counts: np.ndarray,
        first_row: int,
    ) -> None:
        assert series.shape == (3 + 2 * 3 + 1, 50)
        seen.append(np.stack([series[pick] for pick in picks[0]]))
        assert numbers.tolist() == [[0.5, 20.0]]
        counts[:] = 0

    plan = Compiled(kernel, shared, (0.5, Number("level", {0.1: 10.0, 0.2: 20.0})))
    places = grid.places(9, 10)
    assert {name: column[0] for name, column in grid.values(places).items()} == {"fast": 3, "slow": 5, "level": 0.2}
    decider(plan, panel, grid, 0, 1).decide(places, Decisions.room(2, 1, 50))
    for symbol, found in enumerate(seen):
        bar = [matrix[:, symbol] for matrix in (panel.high, panel.low, panel.close)]
        np.testing.assert_array_equal(found[0], TABLE["sma"].column(bar[2], window=5)[0])
        np.testing.assert_array_equal(found[1], TABLE["macd"].column(bar[2], fast=3, slow=5, signal=3)[1])
        np.testing.assert_array_equal(found[2], TABLE["atr"].column(*bar, window=7)[0])


def test_indicators_that_would_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MAX_SHARED_BYTES", 1_000)
    plan = Compiled(cross_decisions_nb, (Shared("sma", ("close",), {"window": "fast"}),))
    panel: Panel = panel_of(random_closes(50, 1, seed=3))
    with pytest.raises(InvalidInput, match="grid: the indicators of the grid would take"):
        decider(plan, panel, Grid({"fast": [1, 2, 3]}), 0, 1)
