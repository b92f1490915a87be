"""Use case: the stored bars beside the exchange's calendar and what is known of the sessions without any."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from scizor.domain.collections import SessionState
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, SessionRange, from_day, to_day
from scizor.ports.calendar import FIRST_SESSION, SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.truth.market_hours import today_in
from scizor.services.marketdata.truth.states import (
    Evidence,
    MissingRun,
    StateCount,
    StateRun,
    missing,
    state_runs,
    states,
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is there and what is missing. `range` is None when nothing is stored and none was asked for.

    `expected` and `present`: of the sessions held while it was listed. `partial`: those with bars not complete yet.
    """

    symbol: str
    calendar: str
    range: tuple[date, date] | None = None
    extent: tuple[date, date] | None = None
    expected: int = 0
    present: int = 0
    missing: tuple[MissingRun, ...] = ()
    runs: tuple[StateRun, ...] = ()
    counts: tuple[StateCount, ...] = ()
    partial: tuple[date, ...] = ()


class CoverageReport:
    """Compares bars with sessions."""

    def __init__(self, calendar: SessionCalendar, clock: Clock) -> None:
        self._calendar = calendar
        self._clock = clock

    async def of(
        self, work: UnitOfWork, reference: str, asked: SessionRange, interval: Interval = Interval.DAY_1
    ) -> Coverage:
        """A session that has not closed yet counts once it has a bar.

        Raises NotFound, and InvalidInput for an exchange without a calendar.
        """
        instrument = await work.symbols.get(reference)
        symbol, exchange = instrument.instrument.id, instrument.instrument.primary_exchange
        code = self._calendar.code(exchange)
        today = today_in(self._calendar.time_zone(exchange), self._clock.now())
        extent = await _extent(work, instrument, interval)
        spanned = _spanned(asked, extent, today)
        if spanned is None:
            return Coverage(symbol, code)
        known = max(spanned[0], FIRST_SESSION), min(spanned[1], today)
        evidence, partial = await self._evidence(work, instrument, interval, known)
        found = states(evidence)
        not_listed = found.days[found.codes == SessionState.NOT_LISTED]
        evidence = replace(evidence, held=np.setdiff1d(evidence.held, not_listed))
        return Coverage(
            symbol,
            code,
            range=spanned,
            extent=extent,
            expected=len(evidence.held),
            present=int(np.isin(evidence.held, evidence.with_bar).sum()),
            missing=missing(evidence),
            runs=state_runs(found),
            counts=found.counts,
            partial=partial,
        )

    async def _evidence(
        self, work: UnitOfWork, instrument: StoredInstrument, interval: Interval, span: tuple[date, date]
    ) -> tuple[Evidence, tuple[date, ...]]:
        """What is known of a span of dates, and its sessions whose bars are not complete yet."""
        if span[0] > span[1]:  # all of it is to come
            none = np.zeros(0, dtype=np.int32)
            return Evidence(span, held=none, to_come=none, with_bar=none, gaps={}), ()
        which = SessionRange(*span)
        with_bar = await _days(work, instrument, interval, which)
        complete = await _complete_days(work, instrument, interval, which)
        gaps = await work.gaps.of(instrument, interval, which)
        hours = await asyncio.to_thread(self._calendar.hours, instrument.instrument.primary_exchange, *span)
        counts = (hours.close_ns <= self._clock.now().timestamp() * 1e9) | np.isin(hours.days, with_bar)
        evidence = Evidence(
            span,
            held=hours.days[counts],
            to_come=hours.days[~counts],
            with_bar=with_bar,
            gaps={to_day(gap.session): gap for gap in gaps},
            listed=SessionRange(instrument.instrument.listed_date, instrument.instrument.delisted_date),
        )
        partial = np.setdiff1d(with_bar, complete)
        return evidence, tuple(from_day(day) for day in partial)


async def _days(work: UnitOfWork, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> DayArray:
    if interval.intraday:
        return await work.intraday.days(instrument, interval, which)
    return await work.bars.days(instrument, which)


async def _complete_days(
    work: UnitOfWork, instrument: StoredInstrument, interval: Interval, which: SessionRange
) -> DayArray:
    if interval.intraday:
        found = await work.intraday.days_of_many([instrument.key], interval, which)
    else:
        found = await work.bars.days_of_many([instrument.key], which)
    return found.get(instrument.key, np.zeros(0, dtype=np.int32))


async def _extent(work: UnitOfWork, instrument: StoredInstrument, interval: Interval) -> tuple[date, date] | None:
    if not interval.intraday:
        return await work.bars.extent(instrument)
    days = await work.intraday.days(instrument, interval, SessionRange())
    return (from_day(days[0]), from_day(days[-1])) if len(days) else None


def _spanned(asked: SessionRange, extent: tuple[date, date] | None, today: date) -> tuple[date, date] | None:
    """The range asked for, its open ends those of the bars; where there are none, today."""
    if extent is None and asked.start is None and asked.end is None:
        return None
    first, last = extent or (asked.end or today, today)
    start, end = asked.start or first, asked.end or last
    if start <= end:
        return start, end
    return (start, start) if asked.start else (end, end)
