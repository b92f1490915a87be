"""Backtests computed in threads of the test's process, where tests can put another `Computation` in their way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor

from scizor.domain.backtests import BacktestSpec
from scizor.ports.calendar import SessionCalendar
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.outcome import Outcome
from scizor.services.history.load import History
from scizor.strategy.registry import get


class Stopped(Exception):
    """Nobody waits for it any more."""


class ThreadBench:
    """`services.backtest.benches.Bench`. What runs ends at its next word."""

    def __init__(self, calendar: SessionCalendar, executor: Executor) -> None:
        self._calendar, self._executor = calendar, executor

    async def run(self, spec: BacktestSpec, history: History, on_bars: Callable[[int], None]) -> Outcome:
        loop, stopped = asyncio.get_running_loop(), threading.Event()

        def on_bars_there(done: int) -> None:
            if stopped.is_set():
                raise Stopped
            loop.call_soon_threadsafe(on_bars, done)

        def work() -> Outcome:
            strategy = get(spec.strategy_id)(**spec.parameters)
            return Computation(spec, strategy, history, self._calendar).run(on_bars_there)

        try:
            return await loop.run_in_executor(self._executor, work)
        except asyncio.CancelledError:
            stopped.set()
            raise
