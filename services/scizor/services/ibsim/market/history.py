"""History as the gateway tells it: the bars of a request, out of series and grids, as of now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from scizor.services.ibsim.market.actions import dividend_factors, shares_factors
from scizor.services.ibsim.market.api import BarSize, Listing, SimBar
from scizor.services.ibsim.market.archive import Archive
from scizor.services.ibsim.market.durations import DAY_S, check_step, parse_duration, refusal, size_s
from scizor.services.ibsim.market.intraday import Columns
from scizor.services.ibsim.market.noise import Floats
from scizor.services.ibsim.market.telling import ADJUSTED_LAST, Rows, check_what, merge, no_data, tell
from scizor.services.ibsim.market.ticks import ticks_of
from scizor.services.ibsim.market.windows import Window, periods, window_of


def history(
    archive: Archive, listing: Listing, size: BarSize, end: datetime | None, duration: str, what: str
) -> Sequence[SimBar]:
    """As `Market.bars`. There is no trading outside regular hours, so that they make no difference."""
    check_what(what)
    span = parse_duration(duration)
    check_step(span, size)
    if what == ADJUSTED_LAST and end is not None:
        raise refusal("End Date not supported with adjusted last")
    window = window_of(archive, listing, size, end, span)
    series, table, today = archive.series(listing), archive.table(listing), archive.today(listing)
    shares = shares_factors(archive.splits(listing), series, today)
    rows = (_days if size_s(size) >= DAY_S else _within_days)(archive, listing, size_s(size), window, shares)
    if rows is None:
        raise no_data(listing, what)
    factor = 1.0 / shares
    if what == ADJUSTED_LAST:
        factor *= dividend_factors(archive.dividends(listing), series, today)
    told = tell(rows, what, factor[rows.index - series.first], ticks_of(listing.primary_exchange), table)
    return told if size_s(size) <= DAY_S else merge(told, periods(size, table.day[rows.index]))


def _days(archive: Archive, listing: Listing, length_s: int, window: Window, shares: Floats) -> Rows | None:
    """A row a session with trading, whatever the bar's length; the last may be what has been seen of it."""
    series, table = archive.series(listing), archive.table(listing)
    first, end = window.begin - series.first, window.stop - series.first
    row = np.flatnonzero(~series.halted[first:end]) + first if first < end else np.arange(0)
    if not len(row):
        return None
    index = row + series.first
    open_, high, low, close = series.open[row], series.high[row], series.low[row], series.close[row]
    rows = Rows(
        index=index,
        start_s=np.zeros_like(index),
        open=open_,
        high=high,
        low=low,
        close=close,
        average=(open_ + high + low + close) / 4.0,
        volume=np.floor(series.volume[row] * shares[row]),
        count=table.close_s[index] - table.open_s[index],
    )
    last = int(index[-1])
    grid = archive.grid(listing, last) if window.limit_s < table.close_s[last] else None
    if grid is not None:
        so_far = grid.bars(DAY_S, 0, window.limit_s - int(table.open_s[last]))
        _overwrite_last(rows, so_far, float(shares[row[-1]]))
    return rows


def _overwrite_last(rows: Rows, so_far: Columns, shares: float) -> None:
    rows.high[-1], rows.low[-1], rows.close[-1] = so_far.high[0], so_far.low[0], so_far.close[0]
    rows.average[-1], rows.count[-1] = so_far.average[0], so_far.count[0]
    rows.volume[-1] = np.floor(so_far.volume_by[-1] * shares)


def _within_days(archive: Archive, listing: Listing, length_s: int, window: Window, shares: Floats) -> Rows | None:
    """A row a bar of each session with trading."""
    table, first = archive.table(listing), archive.series(listing).first
    parts = []
    for index in range(window.begin, window.stop):
        grid = archive.grid(listing, index)
        if grid is None:
            continue
        open_s = int(table.open_s[index])
        bars = grid.bars(length_s, table.hours.open_local_s, min(window.limit_s - open_s, grid.length_s))
        # Rounded as sums, so that a session's bars have the volume of its day.
        volume = np.diff(np.floor(bars.volume_by * shares[index - first]))
        where = np.full(len(bars.start_s), index)
        columns = (where, bars.start_s, bars.open, bars.high, bars.low, bars.close, bars.average, volume, bars.count)
        wanted = slice(int(np.searchsorted(bars.start_s, window.since_s - open_s)), None)
        parts.append([column[wanted] for column in columns])
    if not any(len(part[0]) for part in parts):
        return None
    return Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
