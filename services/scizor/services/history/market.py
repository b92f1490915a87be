"""Stored bars as the engine reads a market: rows in the order of real time, one column a symbol."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scizor.domain.bars import BarSeries
from scizor.domain.errors import InvalidInput
from scizor.domain.sessions import from_day
from scizor.engine.market import Delisting, Listing, Market
from scizor.engine.panel import Panel, Series, TimeArray
from scizor.ports.calendar import SessionCalendar, SessionHours
from scizor.services.history.load import History

_NS_PER_DAY = 86_400_000_000_000
_NEVER = np.iinfo(np.int64).max
Times = tuple[TimeArray, TimeArray] | tuple[None, None]


def market_of(history: History, calendar: SessionCalendar) -> Market:
    """Bars, delistings and corporate actions of all symbols, in the order given.

    Bars of whole days begin and end with their date where all symbols keep the same hours, else with their exchanges'
    sessions: only then the hours decide anything. Shorter bars end as `ends_of` says. Raises as `Panel` does.
    """
    series = [one.series for one in history.symbols]
    times = times_of(series, calendar)
    panel = Panel.align({one.symbol: _columns(one, *when) for one, when in zip(series, times, strict=True)})
    listings = {
        one.series.symbol: Listing(delisting=Delisting(one.delisted)) for one in history.symbols if one.delisted
    }
    actions = {one.series.symbol: one.actions for one in history.symbols if one.actions}
    return Market(panel, listings, actions)


def _columns(series: BarSeries, open_ns: TimeArray | None, close_ns: TimeArray | None) -> Series:
    bars = series.bars
    sessions = bars["day"].astype("datetime64[D]")
    prices = (bars["open"], bars["high"], bars["low"], bars["close"])
    return Series(sessions, *prices, bars["volume"], open_ns, close_ns)


def times_of(series: Sequence[BarSeries], calendar: SessionCalendar) -> list[Times]:
    """When each one's bars begin and end; None for days that are whole. All that a calendar is asked for."""
    if any(one.interval.intraday for one in series):
        return [_own_times(one, calendar) for one in series]
    whole_days: list[Times] = [(None, None) for _ in series]
    exchanges = [_exchange(one) for one in series]
    if len(set(exchanges)) == 1:
        return whole_days
    try:
        codes = {calendar.code(exchange) for exchange in exchanges}
    except InvalidInput:  # an exchange whose hours are not known: its bars would be out of step with all others
        return whole_days
    return whole_days if len(codes) == 1 else [_session_times(one, calendar) for one in series]


def _own_times(series: BarSeries, calendar: SessionCalendar) -> Times:
    begins: TimeArray = series.bars["time_ns"].astype(np.int64)
    length_ns = int(series.interval.length.total_seconds()) * 1_000_000_000
    days: TimeArray = series.bars["day"].astype(np.int64)
    try:
        closes = _closes(series, days, calendar)
    except InvalidInput:  # an exchange whose hours are not known
        closes = np.full(len(days), _NEVER)
    return begins, ends_of(begins, days, closes, length_ns)


def ends_of(begins: TimeArray, days: TimeArray, closes: TimeArray, length_ns: int) -> TimeArray:
    """When bars shorter than a session end, shape (n,), from where they begin, their dates and their sessions' closes.

    Brokers cut an hour at the full hour, so that a session from half past begins with half an hour; others count whole
    hours from the open, and end with half of one. The bars behind the first of their session show which: where those
    all lie a whole number of lengths apart, every bar ends at the next such instant, and else a length after it began.
    None ends later than the next bar of its symbol begins or, begun in the session, than that closes.
    """
    first = np.diff(days, prepend=days[0] - 1) != 0
    phases = np.unique(begins[~first] % length_ns)
    whole = begins + length_ns
    ends = whole - (begins - phases[0]) % length_ns if len(phases) == 1 else whole
    ends[:-1] = np.minimum(ends[:-1], np.maximum(begins[1:], begins[:-1] + 1))
    return np.where(begins < closes, np.minimum(ends, closes), ends)


def _closes(series: BarSeries, days: TimeArray, calendar: SessionCalendar) -> TimeArray:
    """When the session of each bar closes; never, where the calendar knows of none on its date."""
    hours = calendar.hours(_exchange(series), from_day(days[0]), from_day(days[-1]))
    place = np.searchsorted(hours.days, days)
    known = np.isin(days, hours.days)
    closes = np.full(len(days), _NEVER)
    closes[known] = hours.close_ns[place[known]]
    return closes


def _exchange(series: BarSeries) -> str:
    return series.symbol.rpartition(".")[2]


def _session_times(series: BarSeries, calendar: SessionCalendar) -> Times:
    days = series.bars["day"]
    hours = calendar.hours(_exchange(series), from_day(days[0] - 31), from_day(days[-1]))
    return opens_and_closes(days.astype(np.int64), hours)


def opens_and_closes(days: TimeArray, hours: SessionHours) -> tuple[TimeArray, TimeArray]:
    """When the sessions open and close, shape (n,); a date without a session has the hours of the one before.

    `days`: since 1970-01-01, ascending.
    """
    place = np.maximum(np.searchsorted(hours.days, days, side="right") - 1, 0)
    shift = (days - hours.days[place]) * _NS_PER_DAY
    return hours.open_ns[place] + shift, hours.close_ns[place] + shift
