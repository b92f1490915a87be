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
from scizor.services.backtest.load import History

_NS_PER_DAY = 86_400_000_000_000
Times = tuple[TimeArray, TimeArray] | tuple[None, None]


def market_of(history: History, calendar: SessionCalendar) -> Market:
    """Bars, delistings and corporate actions of all symbols, in the order given.

    Bars of whole days begin and end with their date where all symbols keep the same hours, else with their exchanges'
    sessions: only then the hours decide anything. Raises as `Panel` does.
    """
    series = [one.series for one in history.symbols]
    times = _times(series, calendar)
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


def _times(series: Sequence[BarSeries], calendar: SessionCalendar) -> list[Times]:
    own = [_own_times(one) for one in series]
    exchanges = [one.symbol.rpartition(".")[2] for one in series]
    if any(open_ns is not None for open_ns, _ in own) or len(set(exchanges)) == 1:
        return own
    try:
        codes = {calendar.code(exchange) for exchange in exchanges}
    except InvalidInput:  # an exchange whose hours are not known: its bars would be out of step with all others
        return own
    return (
        own
        if len(codes) == 1
        else [_session_times(one, at, calendar) for one, at in zip(series, exchanges, strict=True)]
    )


def _own_times(series: BarSeries) -> Times:
    if not series.interval.intraday:
        return None, None
    begins: TimeArray = series.bars["time_ns"].astype(np.int64)
    length_ns = int(series.interval.length.total_seconds()) * 1_000_000_000
    return begins, begins + length_ns


def _session_times(series: BarSeries, exchange: str, calendar: SessionCalendar) -> Times:
    days = series.bars["day"]
    hours = calendar.hours(exchange, from_day(days[0] - 31), from_day(days[-1]))
    return opens_and_closes(days.astype(np.int64), hours)


def opens_and_closes(days: TimeArray, hours: SessionHours) -> tuple[TimeArray, TimeArray]:
    """When the sessions open and close, shape (n,); a date without a session has the hours of the one before.

    `days`: since 1970-01-01, ascending.
    """
    place = np.maximum(np.searchsorted(hours.days, days, side="right") - 1, 0)
    shift = (days - hours.days[place]) * _NS_PER_DAY
    return hours.open_ns[place] + shift, hours.close_ns[place] + shift
