"""Backtests that end when they are let; run as a program, the Backtest service with such, which it never lets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from scizor.services.backtest import execution
from scizor.services.backtest.__main__ import main
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.settings import BacktestSettings
from scizor.services.setup import start

STEPS = 20
STEP_S = 0.02
DEADLINE_S = 60.0


class SlowComputation(Computation):
    """Goes through half of its bars in small steps, and through the others, and to its end, when it is let."""

    let = threading.Event()

    def run(self, on_bars: Callable[[int], None] = lambda _: None) -> Outcome:
        for step in range(STEPS):
            on_bars(self.bars_total * step // (2 * STEPS))
            time.sleep(STEP_S)
        give_up = time.monotonic() + DEADLINE_S
        while not self.let.wait(STEP_S) and time.monotonic() < give_up:
            on_bars(self.bars_total // 2)
        return super().run(on_bars)


if __name__ == "__main__":
    setattr(execution, "Computation", SlowComputation)  # noqa: B010 - as monkeypatch does, for a program
    start(BacktestSettings, main)
