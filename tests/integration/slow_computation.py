"""Backtests that end when they are let; run as a program, the Backtest service with such, which it never lets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from scizor.ports.calendar import SessionCalendar
from scizor.services.backtest import __main__ as service
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.settings import BacktestSettings
from scizor.services.setup import start
from tests.fakes import bench
from tests.fakes.bench import ThreadBench

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


class SlowBench(ThreadBench):
    """In place of the service's processes."""

    def __init__(self, _: Any, calendar: SessionCalendar) -> None:
        super().__init__(calendar, ThreadPoolExecutor(2))

    def warm(self) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done


if __name__ == "__main__":
    setattr(bench, "Computation", SlowComputation)  # noqa: B010 - as monkeypatch does, for a program
    setattr(service, "ProcessBench", SlowBench)  # noqa: B010
    start(BacktestSettings, service.main)
