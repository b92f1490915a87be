"""What a collection has to ask for: the sessions its symbols should have, less those that storage knows of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import structlog

from scizor.domain.collections import CollectionKind, CollectionSpec, SessionGap, SessionState
from scizor.domain.errors import InvalidInput
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, SessionRange, from_day, to_day
from scizor.ports.broker import HistorySource
from scizor.ports.clock import Clock
from scizor.ports.storage import UnitOfWork
from scizor.ports.symbols import SymbolFilter
from scizor.services.marketdata.collection.planner import NO_DAYS, Plan, PlanRules, Wanted, planned
from scizor.services.marketdata.collection.sessions import Held, SessionTimes
from scizor.services.marketdata.collection.settings import CollectionSettings

_RUN_UP = timedelta(days=21)
"""What is looked at before a window, for the sessions that may be asked again beside it: holidays are shorter."""
AHEAD = timedelta(days=1)
"""A session in the east bears tomorrow's date in UTC."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Window:
    """The dates one symbol's sessions are looked for in."""

    instrument: StoredInstrument
    first: date
    last: date


class Planning:
    """Plans collections; asks nobody but storage and the calendar."""

    def __init__(self, times: SessionTimes, history: HistorySource, clock: Clock, settings: CollectionSettings) -> None:
        self._times = times
        self._history = history
        self._clock = clock
        self._settings = settings

    async def plan(self, work: UnitOfWork, spec: CollectionSpec) -> Plan:
        """Raises NotFound, InvalidInput for the symbols that were named."""
        windows = await self._windows(work, spec)
        held = await self._held(windows, demanded=bool(spec.symbols))
        windows = [one for one in windows if one.instrument.instrument.primary_exchange in held]
        present, barren = await self._known(work, spec, windows)
        wanted = [
            Wanted(
                key=one.instrument.key,
                symbol=one.instrument.instrument.id,
                days=_asked(spec, one, held[one.instrument.instrument.primary_exchange]),
                first=to_day(one.first),
                last=to_day(one.last),
                present=present.get(one.instrument.key, NO_DAYS),
                barren=barren.get(one.instrument.key, NO_DAYS),
            )
            for one in windows
        ]
        rules = PlanRules(spec.interval, self._history.span_days(spec.interval), self._settings.anchor_sessions)
        return await asyncio.to_thread(planned, wanted, rules)

    async def _windows(self, work: UnitOfWork, spec: CollectionSpec) -> list[_Window]:
        """What to look at of each symbol, within the time it was listed."""
        today = self._clock.now().date()
        last = min(spec.end or date.max, today + AHEAD)
        instruments = await instruments_of(work, spec)
        if spec.kind is CollectionKind.DAILY:
            oldest = last - timedelta(days=self._settings.daily_days)
            instruments = [one for one in instruments if (one.instrument.delisted_date or date.max) >= oldest]
        if spec.kind is CollectionKind.HISTORY:
            first = spec.start or _years_before(min(spec.end or today, today), self._settings.history_years)
            firsts = dict.fromkeys((one.key for one in instruments), first)
        else:
            firsts = await self._unfinished_since(work, spec.interval, instruments, last)
        windows = []
        for one in instruments:
            listed, delisted = one.instrument.listed_date, one.instrument.delisted_date
            windows.append(
                _Window(one, max(firsts[one.key], listed or date.min), min(last, delisted or date.max)),
            )
        return windows

    async def _unfinished_since(
        self, work: UnitOfWork, interval: Interval, instruments: Sequence[StoredInstrument], last: date
    ) -> dict[int, date]:
        """From when on each symbol may lack something.

        That is some days ago, its newest bar where that is older, so that no outage leaves a hole, or a session whose
        asking failed.
        """
        keys = [one.key for one in instruments]
        newest = await newest_sessions(work, instruments, interval)
        firsts = {key: last - timedelta(days=self._settings.daily_days) for key in keys}
        retried = SessionRange(last - timedelta(days=self._settings.failed_days), last)
        for key, gaps in (await work.gaps.of_many(keys, interval, retried)).items():
            failed = [gap.session for gap in gaps if gap.state is SessionState.FETCH_FAILED]
            firsts[key] = min([firsts[key], *failed])
        return {key: min(first, newest.get(key, first)) for key, first in firsts.items()}

    async def _known(
        self, work: UnitOfWork, spec: CollectionSpec, windows: Sequence[_Window]
    ) -> tuple[Mapping[int, DayArray], Mapping[int, DayArray]]:
        """Sessions with a complete bar, and sessions known to have none, by storage's number of the symbol.

        A few symbols that were left alone for years do not make all others be read for as long.
        """
        if spec.refresh or not windows:
            return {}, {}
        since = waits_since(spec, [one.instrument for one in windows], self._times, self._clock.now())
        median = sorted(one.first for one in windows)[len(windows) // 2]
        present: dict[int, DayArray] = {}
        barren: dict[int, DayArray] = {}
        for group in ([one for one in windows if one.first >= median], [one for one in windows if one.first < median]):
            if group:
                which = SessionRange(min(one.first for one in group) - _RUN_UP, max(one.last for one in windows))
                keys = [one.instrument.key for one in group]
                present.update(await present_days(work, keys, spec.interval, which))
                barren.update(barren_days(await work.gaps.of_many(keys, spec.interval, which), since))
        return present, barren

    async def _held(self, windows: Sequence[_Window], *, demanded: bool) -> dict[str, Held]:
        """By exchange the sessions of all its symbols' windows and some before; exchanges without a calendar lack."""
        first_of: dict[str, date] = {}
        for one in windows:
            exchange = one.instrument.instrument.primary_exchange
            first_of[exchange] = min(one.first, first_of.get(exchange, one.first))
        now, held = self._clock.now(), {}
        for exchange, first in first_of.items():
            try:
                held[exchange] = await asyncio.to_thread(
                    self._times.held, exchange, first - _RUN_UP, now.date() + AHEAD, now
                )
            except InvalidInput:
                if demanded:
                    raise
                _log.warning("exchange_without_calendar", exchange=exchange)
        return held


async def instruments_of(work: UnitOfWork, spec: CollectionSpec) -> list[StoredInstrument]:
    """Those named, each once, or all active ones. Raises NotFound, InvalidInput."""
    if spec.symbols:
        named = await work.symbols.get_many(spec.symbols)
        return list({one.key: one for one in named}.values())
    return await work.symbols.all(SymbolFilter(primary_exchange=spec.primary_exchange, active_only=True))


async def present_days(
    work: UnitOfWork, keys: Sequence[int], interval: Interval, which: SessionRange
) -> Mapping[int, DayArray]:
    """Sessions with complete bars, by storage's number of the symbol."""
    if interval.intraday:
        return await work.intraday.days_of_many(keys, interval, which)
    return await work.bars.days_of_many(keys, which)


async def newest_sessions(
    work: UnitOfWork, instruments: Sequence[StoredInstrument], interval: Interval
) -> Mapping[int, date]:
    """The newest session with bars, by storage's number of the symbol; those without any are left out."""
    if not interval.intraday:
        return await work.bars.newest_of_many([one.key for one in instruments])
    days = {one.key: (await work.intraday.latest(one, interval)).bars["day"] for one in instruments}
    return {key: from_day(found[-1]) for key, found in days.items() if len(found)}


def waits_since(
    spec: CollectionSpec, instruments: Sequence[StoredInstrument], times: SessionTimes, now: datetime
) -> Mapping[int, datetime]:
    """By storage's number since when what the broker had no bar of yet is not asked for again: a session's close.

    Only daily collections wait for the next session. Who asks for a symbol, or for a range of dates, means now.
    """
    if spec.kind is not CollectionKind.DAILY:
        return {}
    exchanges = {one.instrument.primary_exchange for one in instruments}
    newest = {exchange: times.newest_settled(exchange, now) for exchange in exchanges}
    return {one.key: newest[one.instrument.primary_exchange] for one in instruments}


def barren_days(gaps: Mapping[int, Sequence[SessionGap]], since: Mapping[int, datetime]) -> dict[int, DayArray]:
    """Sessions not to ask for, by storage's number of the symbol: known to have no bar, or asked `since` then."""
    return {
        key: np.array([to_day(gap.session) for gap in found if _is_barren(gap, since.get(key))], dtype=np.int32)
        for key, found in gaps.items()
    }


def _is_barren(gap: SessionGap, since: datetime | None) -> bool:
    return gap.state is not SessionState.FETCH_FAILED or (since is not None and gap.awaited_since(since))


def _asked(spec: CollectionSpec, window: _Window, held: Held) -> DayArray:
    """The exchange's sessions from some days before the window on; those under way only for one symbol."""
    days = held.days if spec.kind is CollectionKind.SYMBOL else held.over
    first, behind = np.searchsorted(days, [to_day(window.first - _RUN_UP), to_day(window.last) + 1])
    return days[first:behind]


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - years, day=28)
