"""Use cases about the bars of one instrument."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from scizor.domain.bars import BarSeries, empty_bars
from scizor.domain.errors import NotFound, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange, from_day
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.bars.scaling import Scale, scaling_of
from scizor.services.marketdata.truth.suspicions import lower_within


@dataclass(frozen=True, slots=True)
class BarPage:
    """Some of the bars in a range. `next_after`: the key of the bar the next page goes on behind, None on the last.

    A bar's key is its session's day, or the instant it begins where it is shorter than a session.
    """

    series: BarSeries
    next_after: int | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which bars of one instrument, and on what scale."""

    which: SessionRange = field(default_factory=SessionRange)
    interval: Interval = Interval.DAY_1
    scale: Scale = field(default_factory=Scale)


async def page(work: UnitOfWork, reference: str, asked: Selection, after: int | None, limit: int) -> BarPage:
    """Up to `limit` bars of the selection behind the bar with the key `after`.

    Raises NotFound, InvalidInput for the symbol.
    """
    instrument = await work.symbols.get(reference)
    found = await _read(work, instrument, asked, after, limit + 1)
    series = replace(found, bars=found.bars[:limit])
    scaling = await scaling_of(work, instrument, asked.scale)
    key = "time_ns" if asked.interval.intraday else "day"
    return BarPage(scaling.applied(series), int(series.bars[key][-1]) if len(found.bars) > limit else None)


async def _read(
    work: UnitOfWork, instrument: StoredInstrument, asked: Selection, after: int | None, limit: int
) -> BarSeries:
    if asked.interval.intraday:
        return await work.intraday.read(instrument, asked.interval, asked.which, after, limit)
    rest = asked.which if after is None else asked.which.behind(from_day(after))
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
