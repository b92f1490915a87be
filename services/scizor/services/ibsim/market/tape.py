"""Quotes and the tape, out of the same sessions that history is told from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from scizor.services.ibsim.market.actions import shares_factor
from scizor.services.ibsim.market.api import Listing, SimQuote, SimTrade
from scizor.services.ibsim.market.archive import Archive
from scizor.services.ibsim.market.intraday import Grid
from scizor.services.ibsim.market.ticks import ticks_of

_DECIMALS = 6
_ROUND_LOT = 100
_MOST_LOTS = 40


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a session's trades so far amount to; without a trade `last` is the close before and the rest is nothing."""

    last: float
    last_size: int = 0
    volume: int = 0
    open: float | None = None
    high: float | None = None
    low: float | None = None


def quote_at(archive: Archive, listing: Listing, now: datetime) -> SimQuote:
    """As `Market.quote`. Out of session it is the last session's, at its close, until the next one's date has come."""
    table, series = archive.table(listing), archive.series(listing)
    end, second = series.first + len(series), math.floor(now.timestamp())
    begun = min(table.begun_by(second + 1), end) - 1
    closes = datetime.fromtimestamp(int(table.close_s[begun]), UTC)
    time = min(now, closes)
    grid = archive.grid(listing, begun)
    if grid is None or (begun + 1 < end and table.dates[begun + 1] == table.local_date(now.timestamp())):
        previous = _close_before(archive, listing, begun + 1)
        return _quote(listing, time, _Seen(previous), previous, in_session=False)
    reached = min(second - int(table.open_s[begun]), grid.length_s - 1)
    seen = _seen(grid, reached, _factor(archive, listing, begun))
    return _quote(listing, time, seen, _close_before(archive, listing, begun), in_session=now < closes)


def trades_between(archive: Archive, listing: Listing, after: datetime, until: datetime) -> Sequence[SimTrade]:
    """As `Market.trades`: those later than `after`, up to `until`, and none of the future."""
    table = archive.table(listing)
    first_s = math.floor(after.timestamp()) + 1
    end_s = min(math.floor(until.timestamp()) + 1, archive.seen_until_s())
    found: list[SimTrade] = []
    for index in range(int(np.searchsorted(table.close_s, first_s, side="right")), table.begun_by(end_s)):
        grid = archive.grid(listing, index)
        if grid is None:
            continue
        open_s = int(table.open_s[index])
        begin, end = max(first_s - open_s, 0), min(end_s - open_s, grid.length_s)
        factor = _factor(archive, listing, index)
        prices, volume_by = grid.seconds(begin, end)
        sizes = np.diff(np.floor(volume_by * factor)).astype(np.int64).tolist()
        told = np.round(prices / factor, _DECIMALS).tolist()
        times = range(open_s + begin, open_s + end)
        found += [
            SimTrade(datetime.fromtimestamp(second, UTC), price, size)
            for second, price, size in zip(times, told, sizes, strict=True)
            if size
        ]
    return found


def _seen(grid: Grid, second: int, factor: float) -> _Seen:
    last, high, low, size, volume = grid.at(second)
    prices = (last, float(grid.path[0]), high, low)
    told, open_, top, bottom = (round(price / factor, _DECIMALS) for price in prices)
    return _Seen(told, math.floor(size * factor), math.floor(volume * factor), open_, top, bottom)


def _close_before(archive: Archive, listing: Listing, index: int) -> float:
    """The close of the last session with trading before that one; of a first session, the price it opens at."""
    series = archive.series(listing)
    row = index - series.first - 1
    while row >= 0 and series.halted[row]:
        row -= 1
    if row < 0:
        return float(series.open[0])
    return round(float(series.close[row]) / _factor(archive, listing, row + series.first), _DECIMALS)


def _factor(archive: Archive, listing: Listing, index: int) -> float:
    day = int(archive.table(listing).day[index])
    return shares_factor(archive.splits(listing), day, archive.today(listing))


def _quote(listing: Listing, time: datetime, seen: _Seen, previous_close: float, *, in_session: bool) -> SimQuote:
    ticks, last = ticks_of(listing.primary_exchange), np.array([seen.last])
    return SimQuote(
        time=time,
        bid=float(ticks.bid(last)[0]),
        ask=float(ticks.ask(last)[0]),
        last=seen.last,
        bid_size=_size(listing.con_id, time),
        ask_size=_size(-listing.con_id, time),
        last_size=seen.last_size,
        volume=seen.volume,
        open=seen.open,
        high=seen.high,
        low=seen.low,
        previous_close=previous_close,
        in_session=in_session,
    )


def _size(side: int, time: datetime) -> int:
    """Shares on a side of the market: accidental to look at, the same for a second each time (Knuth's multiplier)."""
    mixed = (side * 2_654_435_761 + math.floor(time.timestamp()) * 40_503) & 0xFFFF_FFFF
    return ((mixed >> 9) % _MOST_LOTS + 1) * _ROUND_LOT
