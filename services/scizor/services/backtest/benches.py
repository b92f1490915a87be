"""Where what came with the system is computed: processes that do nothing else, so that the service always answers.

A process holds its interpreter for as long as it computes; the service's own would keep every caller waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Protocol

from scizor.domain.backtests import BacktestSpec
from scizor.ports.calendar import SessionCalendar
from scizor.ports.compute import TellingCompute
from scizor.services.backtest.computation import Computation
from scizor.services.backtest.handing import handed_over
from scizor.services.backtest.outcome import Outcome
from scizor.services.backtest.strategies.timetable import Timetable, timetable_for
from scizor.services.backtest.warm import warm_up
from scizor.services.history.load import History
from scizor.strategy.registry import get

_NOTHING: Final = "nothing"  # that tasks share: each brings its own bars
_BETWEEN_REPORTS_S: Final = 0.05


class Bench(Protocol):
    """Computes backtests of strategies that came with the system."""

    async def run(self, spec: BacktestSpec, history: History, on_bars: Callable[[int], None]) -> Outcome:
        """What it comes to; `on_bars` is told how many bars are done. Cancelling ends it.

        Raises as Computation, and Unavailable when it took process after process with it.
        """
        ...


class ProcessBench:
    """On warm processes."""

    def __init__(self, compute: TellingCompute, calendar: SessionCalendar) -> None:
        self._compute, self._calendar = compute, calendar
        self._compute.share(_NOTHING, None)
        self._warm: Future[None] | None = None

    def warm(self) -> Future[None]:
        """Start a process and have it compile, or load, what jobs need; jobs wait for it, so that it is done once."""
        self._warm = self._compute.submit(ready, _NOTHING)
        return self._warm

    async def run(self, spec: BacktestSpec, history: History, on_bars: Callable[[int], None]) -> Outcome:
        """Hand it over, with the hours of its exchanges."""
        loop = asyncio.get_running_loop()

        def on_news(done: int) -> None:  # in another thread
            loop.call_soon_threadsafe(on_bars, done)

        def submit() -> Future[Outcome]:
            hours = timetable_for(history, self._calendar)
            return self._compute.submit_telling(compute, _NOTHING, spec, history, hours, on_news=on_news)

        if self._warm is not None:
            await asyncio.wait([asyncio.wrap_future(self._warm)])
        return await handed_over(submit)


def compute(_: None, spec: BacktestSpec, history: History, timetable: Timetable, say: Callable[[int], Any]) -> Outcome:
    """In a process: run it, and say some times a second how many bars are done."""
    last = 0.0

    def on_bars(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _BETWEEN_REPORTS_S:
            last = now
            say(done)

    strategy = get(spec.strategy_id)(**spec.parameters)
    return Computation(spec, strategy, history, timetable).run(on_bars)


def ready(_: None) -> None:
    """In a process: compile, or load, what runs need."""
    warm_up(Timetable({}, {}))
