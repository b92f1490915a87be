from __future__ import annotations

import numpy as np
import pytest

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.strategy import Bars, Int, VectorStrategy
from scizor.strategy import indicators as ta
from scizor.strategy.builtin.sma_cross import SmaCross
from scizor.strategy.parameters import broken_rule
from scizor.strategy.sweep import Sweepable, sweep
from scizor.strategy.weights import weights_of
from tests.unit.engine.sweep.build import panel_of, random_closes


class Slow(VectorStrategy):
    """Holds while the close is above its mean; without a compiled way."""

    window = Int(10, 2, 50)
    delay = Int(0, 0, 9)
    mean = ta.sma("close", window=window)

    def check(self) -> None:
        """The delay must be below the window."""
        if self.delay >= self.window:
            raise broken_rule("delay", "must be below window")

    def targets(self, bars: Bars) -> FloatArray:
        """1/N above the mean."""
        held = np.where(np.isnan(self.mean.matrix), np.nan, (bars.close > self.mean.matrix) / bars.n_symbols)
        return np.concatenate([np.full((self.delay, bars.n_symbols), np.nan), held[: bars.n_rows - self.delay]])


@pytest.mark.parametrize(
    ("strategy", "grid", "n_left_out"),
    [
        (Slow, {"window": [3, 4, 12], "delay": [0, 3]}, 1),
        (SmaCross, {"fast": [2, 5, 9], "slow": [5, 20], "direction": ["long_only", "long_short"]}, 4),
        (SmaCross, {"fast": [2, 5, 9]}, 0),
    ],
)
@pytest.mark.parametrize("n_symbols", [1, 2])
def test_a_sweep_ends_each_combination_as_a_run_does(
    strategy: type[VectorStrategy], grid: dict[str, list[int | float | str | bool]], n_left_out: int, n_symbols: int
) -> None:
    panel = panel_of(random_closes(150, n_symbols, seed=3))
    (batch,) = sweep(panel, strategy, grid, Settings(), threads=2)
    assert batch.n_left_out == n_left_out
    names = [parameter.name for parameter in strategy.parameters()]
    for record in batch.records:
        alone = strategy(**{name: record[name].item() for name in names})
        result = Simulation(panel, Settings(), weights_of(alone, Market(panel), Settings())).run()
        assert record["final_equity"] == result.equity[-1]
        assert record["n_trades"] == len(result.trades)


def test_only_strategies_with_a_kernel_are_compiled() -> None:
    assert isinstance(SmaCross, Sweepable)
    assert not isinstance(Slow, Sweepable)


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"width": [1]}, "grid.width: unknown to slow; it has window, delay"),
        ({"window": [1]}, "must be between 2 and 50"),
    ],
)
def test_a_grid_the_strategy_cannot_take_is_refused(
    grid: dict[str, list[int | float | str | bool]], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        sweep(panel_of(random_closes(20, 1, seed=1)), Slow, grid, Settings())
