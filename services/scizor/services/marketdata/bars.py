"""Use cases that read bars."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial

from scizor.domain.bars import ActionType, Adjustment, BarSeries, CorporateAction, empty_bars
from scizor.domain.errors import InvalidInput, NotFound, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange, from_day
from scizor.ports.storage import Storage, UnitOfWork
from scizor.services.marketdata.ahead import ahead
from scizor.services.marketdata.suspicions import lower_within

_SYMBOLS_AT_A_TIME = 16
"""Symbols of one read: enough to forget the round trip, few enough to hold in memory."""
_READS_AHEAD = 3
"""Reads of one stream under way at once: one alone leaves a core idle, each holds a connection while it lasts.

So a slow reader's stream holds at most 4 x 16 symbols, with those being sent. A bar takes 53 bytes. No calendar has
more than 33,000 sessions: 112 MB, and 52 MB of raw rows for each read while it lasts. At ten years a symbol it is 9 MB.
"""

Place = tuple[int, date]
"""How far a stream came: the place of a symbol among those asked for, and its last session sent."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How prices are to be put on one scale: by actions with an ex-date up to `as_of`, None for all recorded."""

    adjustment: Adjustment = Adjustment.RAW
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class BarPage:
    """Some of the bars in a range. `next_after`: the key of the bar the next page goes on behind, None on the last.

    A bar's key is its session's day, or the instant it begins where it is shorter than a session.
    """

    series: BarSeries
    next_after: int | None


@dataclass(frozen=True, slots=True)
class _Scaling:
    """What puts one instrument's series on a scale, wherever a series begins or ends."""

    adjustment: Adjustment
    actions: Sequence[CorporateAction] = ()
    closes_before: Sequence[float] = field(default=())

    def applied(self, series: BarSeries) -> BarSeries:
        return series.adjusted(self.adjustment, self.actions, self.closes_before)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which bars of one instrument, and on what scale."""

    which: SessionRange = field(default_factory=SessionRange)
    interval: Interval = Interval.DAY_1
    scale: Scale = Scale()


async def page(work: UnitOfWork, reference: str, asked: Selection, after: int | None, limit: int) -> BarPage:
    """Up to `limit` bars of the selection behind the bar with the key `after`.

    Raises NotFound, InvalidInput for the symbol.
    """
    instrument = await work.symbols.get(reference)
    found = await _read(work, instrument, asked, after, limit + 1)
    series = replace(found, bars=found.bars[:limit])
    scaling = await _scaling(work, instrument, asked.scale)
    key = "time_ns" if asked.interval.intraday else "day"
    return BarPage(scaling.applied(series), int(series.bars[key][-1]) if len(found.bars) > limit else None)


async def _read(
    work: UnitOfWork, instrument: StoredInstrument, asked: Selection, after: int | None, limit: int
) -> BarSeries:
    if asked.interval.intraday:
        return await work.intraday.read(instrument, asked.interval, asked.which, after, limit)
    rest = _behind(asked.which, None if after is None else from_day(after))
    if rest is None:
        return BarSeries(instrument.instrument.id, instrument.instrument.currency, empty_bars(), ())
    return await work.bars.read(instrument, rest, limit)


async def delete(work: UnitOfWork, reference: str, which: SessionRange, interval: Interval) -> int:
    """Remove bars of one length with what was noted of them; how many. Raises NotFound, InvalidInput for the symbol."""
    instrument = await work.symbols.get(reference, locked=True)  # else bars could come between
    if interval.intraday:
        return await work.intraday.delete(instrument, interval, which)
    await lower_within(work, instrument, which)
    return await work.bars.delete(instrument, which)


async def latest(work: UnitOfWork, reference: str, interval: Interval = Interval.DAY_1) -> BarSeries:
    """The newest bar. Raises NotFound(SYMBOL_NOT_FOUND, BARS_NOT_FOUND)."""
    instrument = await work.symbols.get(reference)
    intraday = interval.intraday
    series = await (work.intraday.latest(instrument, interval) if intraday else work.bars.latest(instrument))
    if len(series.bars) == 0:
        name = instrument.instrument.id
        raise NotFound(f"symbol {name} has no bars of this length", Reason.BARS_NOT_FOUND, metadata={"symbol": name})
    return series


class BarStreams:
    """Streams of bars, which together never read with more than `reads_at_once` connections: others need some too."""

    def __init__(self, storage: Storage, reads_at_once: int) -> None:
        self._storage = storage
        self._gate = asyncio.Semaphore(reads_at_once)

    async def stream(
        self,
        references: Sequence[str],
        which: SessionRange,
        scale: Scale,
        after: Place | None,
        chunk_bars: int,
    ) -> AsyncGenerator[tuple[Place, BarSeries], None]:
        """Chunks of each symbol's bars in turn, each with its place. Raises NotFound, InvalidInput for the symbols.

        Bars are read some symbols at a time, each time in a transaction of its own: a slow reader holds memory, never a
        connection that others wait for.
        """
        async with self._storage.begin() as work:
            instruments = await work.symbols.get_many(references)
        places = {one.key: place for place, one in enumerate(instruments)}
        if len(places) < len(instruments):
            raise InvalidInput.of_field("symbols", "must name each instrument once")
        reads = (
            partial(self._chunks, asked, sessions, scale, chunk_bars)
            for asked, sessions in _left(instruments, which, after)
        )
        async with aclosing(ahead(reads, _READS_AHEAD)) as read:
            async for chunks in read:
                for instrument, series in chunks:
                    yield (places[instrument.key], from_day(series.bars["day"][-1])), series

    async def _chunks(
        self, asked: Sequence[StoredInstrument], which: SessionRange, scale: Scale, chunk_bars: int
    ) -> list[tuple[StoredInstrument, BarSeries]]:
        async with self._gate, self._storage.begin() as work:
            scalings = {one.key: await _scaling(work, one, scale) for one in asked}
            return [
                (instrument, scalings[instrument.key].applied(series))
                async for instrument, series in work.bars.stream(asked, which, chunk_bars)
            ]


def _left(
    instruments: Sequence[StoredInstrument], which: SessionRange, after: Place | None
) -> Iterator[tuple[Sequence[StoredInstrument], SessionRange]]:
    """What is still to be sent: the rest of the symbol that was begun, then the symbols behind it, some at a time."""
    next_place = 0
    if after is not None:
        begun, session = after
        rest = _behind(which, session)
        if rest is not None:
            yield instruments[begun : begun + 1], rest
        next_place = begun + 1
    for start in range(next_place, len(instruments), _SYMBOLS_AT_A_TIME):
        yield instruments[start : start + _SYMBOLS_AT_A_TIME], which


async def _scaling(work: UnitOfWork, instrument: StoredInstrument, scale: Scale) -> _Scaling:
    if scale.adjustment is Adjustment.RAW:
        return _Scaling(scale.adjustment)
    recorded = await work.actions.of(instrument)
    actions = [action for action in recorded if scale.as_of is None or action.ex_date <= scale.as_of]
    if scale.adjustment is Adjustment.SPLIT:
        actions = [action for action in actions if action.type is ActionType.SPLIT]
        return _Scaling(scale.adjustment, actions, [float("nan")] * len(actions))
    closes = await work.bars.closes_before(instrument, [action.ex_date for action in actions])
    return _Scaling(scale.adjustment, actions, closes)


def _behind(which: SessionRange, after: date | None) -> SessionRange | None:
    """What is left of the range behind a session; None when nothing is."""
    if after is None:
        return which
    start = after + timedelta(days=1)
    return SessionRange(start, which.end) if which.end is None or start <= which.end else None
