"""Use case: the stored bars beside the exchange's calendar."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from scizor.domain.sessions import DayArray, SessionRange, from_day
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class MissingRun:
    """Consecutive sessions without a bar."""

    first: date
    last: date
    sessions: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is there and what is missing. `range` is None when nothing is stored and none was asked for."""

    symbol: str
    calendar: str
    range: tuple[date, date] | None
    expected: int
    present: int
    missing: tuple[MissingRun, ...]
    extent: tuple[date, date] | None


class CoverageReport:
    """Compares bars with sessions."""

    def __init__(self, calendar: SessionCalendar, clock: Clock) -> None:
        self._calendar = calendar
        self._clock = clock

    async def of(self, work: UnitOfWork, reference: str, asked: SessionRange) -> Coverage:
        """Raises NotFound, and InvalidInput for an exchange without a calendar."""
        instrument = await work.symbols.get(reference)
        symbol, exchange = instrument.instrument.id, instrument.instrument.primary_exchange
        code = self._calendar.code(exchange)
        extent = await work.bars.extent(instrument)
        spanned = self._spanned(asked, extent)
        if spanned is None:
            return Coverage(symbol, code, None, 0, 0, (), extent)
        start, end = spanned[0], min(spanned[1], self._clock.now().date())  # what is to come cannot be missing
        held = await asyncio.to_thread(self._calendar.sessions, exchange, start, end)
        has_bar = np.isin(held, await work.bars.days(instrument, SessionRange(*spanned)))
        runs = tuple(_runs(held, ~has_bar))
        return Coverage(symbol, code, spanned, len(held), int(has_bar.sum()), runs, extent)

    def _spanned(self, asked: SessionRange, extent: tuple[date, date] | None) -> tuple[date, date] | None:
        """The range asked for, its open ends those of the bars; where there are none, today."""
        if extent is None and asked.start is None and asked.end is None:
            return None
        first, last = extent or (asked.end or self._clock.now().date(), self._clock.now().date())
        start, end = asked.start or first, asked.end or last
        if start <= end:
            return start, end
        return (start, start) if asked.start else (end, end)


def _runs(held: DayArray, missing: npt.NDArray[np.bool_]) -> Iterator[MissingRun]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], missing.astype(np.int8), [0]))))
    for first, behind in zip(edges[::2], edges[1::2], strict=True):
        yield MissingRun(from_day(held[first]), from_day(held[behind - 1]), int(behind - first))
