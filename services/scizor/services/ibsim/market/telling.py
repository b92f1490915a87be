"""How rows as traded become the bars of a request: which prices are shown, as of which splits and dividends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from scizor.services.ibsim.market.api import Listing, MarketError, SimBar
from scizor.services.ibsim.market.calendar import SecondArray, SessionTable
from scizor.services.ibsim.market.durations import refusal
from scizor.services.ibsim.market.intraday import IndexArray
from scizor.services.ibsim.market.noise import Floats
from scizor.services.ibsim.market.ticks import PriceArray, Ticks

ADJUSTED_LAST = "ADJUSTED_LAST"
_QUOTED = ("MIDPOINT", "BID", "ASK", "BID_ASK")
_WHAT_TO_SHOW = ("TRADES", ADJUSTED_LAST, *_QUOTED)
# What the gateway fills in where quotes have no volume, average or count.
_NOT_OF_QUOTES = -1
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Rows:
    """Bars as traded but with volumes as of now, shapes (n,). `index`: their session; `start_s`: since its open."""

    index: IndexArray
    start_s: IndexArray
    open: PriceArray
    high: PriceArray
    low: PriceArray
    close: PriceArray
    average: PriceArray
    volume: Floats
    count: IndexArray


def check_what(what: str) -> None:
    """Raises MarketError(321)."""
    if what not in _WHAT_TO_SHOW:
        raise refusal(f"Parameter 'what to show' should be one of {', '.join(_WHAT_TO_SHOW)}")


def no_data(listing: Listing, what: str) -> MarketError:
    """Error 162, as a data farm that has nothing answers."""
    text = f"HMDS query returned no data: {listing.symbol}@{listing.exchange} {what.capitalize()}"
    return MarketError(162, f"Historical Market Data Service error message:{text}")


def tell(rows: Rows, what: str, factor: Floats, ticks: Ticks, table: SessionTable) -> list[SimBar]:
    """The rows as bars of the wanted kind, their prices times `factor`, shape (n,)."""
    prices = [np.round(column * factor, _DECIMALS).tolist() for column in _shown(rows, what, ticks)]
    if what in _QUOTED:
        volume = count = [_NOT_OF_QUOTES] * len(factor)
        average = [float(_NOT_OF_QUOTES)] * len(factor)
    else:
        volume, count = rows.volume.astype(np.int64).tolist(), rows.count.tolist()
        average = np.round(rows.average * factor, _DECIMALS).tolist()
    sessions = [table.dates[each] for each in rows.index.tolist()]
    return list(map(SimBar, _starts(rows, table), sessions, *prices, volume, average, count))


def merge(bars: Sequence[SimBar], numbers: SecondArray) -> list[SimBar]:
    """One bar for each run of equal `numbers`, shape (n,), under the date of its last session."""
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(bars)]
    return [_merged(bars[first:end]) for first, end in pairwise(edges)]


def _starts(rows: Rows, table: SessionTable) -> list[datetime]:
    if not rows.start_s.any():
        return [table.opens[each] for each in rows.index.tolist()]
    return [datetime.fromtimestamp(second, UTC) for second in (table.open_s[rows.index] + rows.start_s).tolist()]


def _shown(rows: Rows, what: str, ticks: Ticks) -> Sequence[PriceArray]:
    trades = (rows.open, rows.high, rows.low, rows.close)
    if what == "BID":
        return [ticks.bid(column) for column in trades]
    if what == "ASK":
        return [ticks.ask(column) for column in trades]
    if what == "MIDPOINT":
        return [(ticks.bid(column) + ticks.ask(column)) / 2.0 for column in trades]
    if what == "BID_ASK":  # average bid, highest ask, lowest bid, average ask
        return ticks.bid(rows.average), ticks.ask(rows.high), ticks.bid(rows.low), ticks.ask(rows.average)
    return trades


def _merged(bars: Sequence[SimBar]) -> SimBar:
    of_quotes = bars[0].volume == _NOT_OF_QUOTES
    volume = _NOT_OF_QUOTES if of_quotes else sum(bar.volume for bar in bars)
    paid = sum(bar.average * bar.volume for bar in bars)
    return SimBar(
        start=bars[0].start,
        session=bars[-1].session,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=volume,
        average=float(_NOT_OF_QUOTES) if of_quotes else round(paid / volume, _DECIMALS),
        count=_NOT_OF_QUOTES if of_quotes else sum(bar.count for bar in bars),
    )
