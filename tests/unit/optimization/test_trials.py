"""Trials are runs: the same figures, whichever way they are made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scizor.domain.arrays import FloatArray
from scizor.domain.search_spaces import Axis, Space
from scizor.engine.market import Market
from scizor.engine.panel import Panel, Series
from scizor.engine.settings import Settings
from scizor.engine.sweep.parts import block_sums, figures_of_parts
from scizor.engine.validation import BlockSums, Split
from scizor.strategy import Bars, VectorStrategy
from scizor.strategy.parameters import Int
from scizor.strategy.registry import get
from scizor.strategy.run import run
from scizor.strategy.study import returns_of, try_sets
from scizor.strategy.sweep import sweep
from scizor.strategy.trials import TrialRunner
from tests.unit.optimization.build import CROSSES, market, study

SETS = {"fast": np.array([2.0, 5.0, 9.0]), "slow": np.array([6.0, 20.0, 30.0])}


class Picky(VectorStrategy):
    """Holds all there is, unless it does not like its number."""

    number = Int(1, 0, 9)

    def targets(self, bars: Bars) -> FloatArray:
        if self.number == 3:
            raise ValueError("not three")
        return np.full(bars.matrix("close").shape, 1.0 / bars.n_symbols)


def test_a_compiled_strategys_trials_are_its_sweep() -> None:
    grid = {"fast": range(2, 9), "slow": range(10, 30, 3)}
    swept = np.concatenate([batch.records for batch in sweep(market(), get("sma_cross"), grid, Settings())])  # type: ignore[arg-type] # a vector strategy
    columns = {name: swept[name].astype(np.float64) for name in grid}
    found = TrialRunner(market(), get("sma_cross"), Settings()).run(columns).figures
    for name in found.dtype.names or ():
        assert np.array_equal(found[name], swept[name], equal_nan=True), name


@pytest.mark.parametrize("symbols", [("A",), ("A", "B")])
@pytest.mark.parametrize("strategy_id", ["sma_cross", "sma_cross_event", "rsi_reversion"])
def test_a_trials_figures_and_returns_are_those_of_its_run(strategy_id: str, symbols: tuple[str, ...]) -> None:
    whole, strategy = market(symbols=symbols), get(strategy_id)
    columns = SETS if strategy_id.startswith("sma") else {"window": np.array([5.0, 9.0])}
    trials = TrialRunner(whole, strategy, Settings()).run(columns)
    for place in range(len(trials.figures)):
        one = run(strategy(**{name: column[place] for name, column in columns.items()}), whole, Settings())
        for name in ("sharpe", "sortino", "calmar", "cagr", "max_drawdown", "volatility", "total_return"):
            value = one.metric(name).value
            assert trials.figures[name][place] == pytest.approx(np.nan if value is None else value, nan_ok=True), name
        assert trials.figures["n_trades"][place] == len(one.result.trades)
        growth = np.cumprod(1.0 + trials.returns[place])
        assert growth * 100_000.0 == pytest.approx(one.result.equity)


def test_a_ruined_accounts_returns_end_with_all_of_it() -> None:
    """A short of all there is, and prices that rise tenfold overnight."""
    closes = np.concatenate([np.linspace(100.0, 110.0, 10), np.linspace(109.0, 80.0, 30), np.full(20, 900.0)])
    sessions = np.datetime64("2020-01-01", "D") + np.arange(60)
    risen = Market(Panel.align({"A": Series(sessions, closes, closes, closes, closes, np.full(60, 1e9))}))
    columns = {"fast": np.array([1.0, 2.0]), "slow": np.array([2.0, 3.0]), "direction": np.array(["long_short"] * 2)}
    trials = TrialRunner(risen, get("sma_cross"), Settings()).run(columns)
    assert trials.figures["ruined"].any()
    for returns in trials.returns[trials.figures["ruined"]]:
        gone = int(np.argmin(returns))
        assert returns[gone] == -1.0
        assert not returns[gone + 1 :].any()


def test_a_set_that_fails_leaves_the_others_alone() -> None:
    trials = TrialRunner(market(), Picky, Settings()).run({"number": np.array([1, 3, 2])})
    assert list(trials.errors) == [1]
    assert "not three" in trials.errors[1]
    assert np.isnan(trials.figures["sharpe"][1])
    assert trials.figures["total_return"][0] == trials.figures["total_return"][2]


def test_parts_of_the_sessions_have_the_figures_of_their_own_returns() -> None:
    returns = np.random.default_rng(1).normal(0.001, 0.01, (3, 120))
    parts = [np.arange(0, 50), np.r_[0:20, 60:120], np.arange(120)]
    found = figures_of_parts(returns, parts)
    for place, part in enumerate(parts):
        own = returns[:, part]
        assert found["sharpe"][:, place] == pytest.approx(own.mean(1) / own.std(1, ddof=1) * np.sqrt(252))
        assert found["total_return"][:, place] == pytest.approx(np.prod(1 + own, 1) - 1)
        curve = np.concatenate([np.ones((3, 1)), np.cumprod(1 + own, 1)], axis=1)
        depth = (curve / np.maximum.accumulate(curve, 1) - 1).min(1)
        assert found["max_drawdown"][:, place] == pytest.approx(depth)


def test_block_sums_are_those_that_overfitting_is_judged_by() -> None:
    returns = np.random.default_rng(2).normal(0.0, 0.01, (4, 125))
    sums, whole = block_sums(returns, 12), BlockSums.of(returns.T, 12)
    assert pytest.approx(whole.sums) == sums[:, :, 0].T
    assert pytest.approx(whole.squares) == sums[:, :, 1].T


def test_a_task_scores_both_parts_of_every_split() -> None:
    split = Split((range(100),), (range(110, 200),))
    asked = study(CROSSES, splits=(split,))
    codes = np.array([[2.0, 8.0], [5.0, 20.0]])
    found, returns = try_sets(asked, codes), returns_of(asked, codes)
    assert found.scores.shape == (2, 1, 2)
    own = returns[:, 110:200]
    assert found.scores[:, 0, 1] == pytest.approx(own.mean(1) / own.std(1, ddof=1) * np.sqrt(252))
    assert found.sums.shape == (2, 12, 2)


def test_words_are_told_by_their_codes() -> None:
    space = Space((Axis("direction", ("long_short", "long_only")), Axis("fast", (3, 5))))
    found = try_sets(study(space), np.array([[0.0, 3.0], [1.0, 3.0]]))
    expected: list[Any] = [
        run(get("sma_cross")(fast=3, direction=word), market(), Settings()).metric("sharpe").value
        for word in ("long_short", "long_only")
    ]
    assert found.figures["sharpe"] == pytest.approx(expected)


def test_a_value_out_of_bounds_fails_its_set() -> None:
    trials = TrialRunner(market(), Picky, Settings()).run({"number": np.array([1, 10])})
    assert "between 0 and 9" in trials.errors[1]
