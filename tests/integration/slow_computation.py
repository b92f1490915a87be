"""Backtests that take seconds whatever they compute; run as a program, the Backtest service with such backtests."""

from __future__ import annotations

import time
from collections.abc import Callable

from scizor.services.backtest import execution
from scizor.services.backtest.__main__ import main
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.settings import BacktestSettings
from scizor.services.setup import start

STEPS = 100
STEP_S = 0.02


class SlowComputation(Computation):
    """Goes through its bars in many steps, and computes at the end."""

    def run(self, on_bars: Callable[[int], None] = lambda _: None) -> Outcome:
        for step in range(STEPS):
            on_bars(self.bars_total * step // STEPS)
            time.sleep(STEP_S)
        return super().run(on_bars)


if __name__ == "__main__":
    setattr(execution, "Computation", SlowComputation)  # noqa: B010 - as monkeypatch does, for a program
    start(BacktestSettings, main)
