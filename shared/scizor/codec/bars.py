"""Bars between arrays and columns.

Writing always uses the twin message, whose columns are bytes; reading takes either, so that a client may call the typed
stub or the twin's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scizor.codec import packed
from scizor.domain.bars import VALUE_COLUMNS, Adjustment, BarArray, BarSeries, empty_bars
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DAY_NS, days_to_yyyymmdd, yyyymmdd_to_days


def to_columns(series: BarSeries) -> Any:
    """The series as a twin `BarColumns`: same bytes as the typed message."""
    bars = series.bars
    return packed.BarColumns(
        symbol=series.symbol,
        interval=series.interval.value,
        adjustment=series.adjustment.value,
        currency=series.currency,
        time_ns=packed.to_bytes(_times_ns(series), "<i8"),
        session_date=packed.to_bytes(days_to_yyyymmdd(bars["day"]), "<i4"),
        revision=packed.to_bytes(bars["revision"], "<i4"),
        sources=series.sources,
        source_index=packed.to_bytes(bars["source"], "<i4"),
        partial_rows=packed.to_bytes(np.flatnonzero(bars["partial"]), "<i4"),
        **{name: packed.to_bytes(bars[name], "<f8") for name in VALUE_COLUMNS},
    )


def from_columns(columns: Any) -> BarSeries:
    """The series in a typed or twin `BarColumns`."""
    interval = from_interval(columns.interval)
    return BarSeries(
        symbol=columns.symbol,
        currency=columns.currency,
        bars=_bars(columns, interval),
        sources=tuple(columns.sources),
        adjustment=Adjustment(columns.adjustment or Adjustment.RAW),
        interval=interval,
    )


def from_interval(interval: int) -> Interval:
    """A bar's length; a day when not said."""
    return Interval(interval or Interval.DAY_1)


def column(columns: Any, name: str, dtype: str) -> npt.NDArray[Any]:
    """One repeated field of fixed width as an array, shape (n,); read-only when it comes from a twin."""
    value = getattr(columns, name)
    return packed.from_bytes(value, dtype) if isinstance(value, bytes) else np.array(value, dtype=dtype)


def _times_ns(series: BarSeries) -> npt.NDArray[np.int64]:
    """When each bar begins; a day's at midnight UTC of its date. Shape (n,)."""
    if series.interval.intraday:
        return series.bars["time_ns"]
    return series.bars["day"].astype(np.int64) * DAY_NS


def _bars(columns: Any, interval: Interval) -> BarArray:
    time_ns = column(columns, "time_ns", "<i8")
    bars = empty_bars(len(time_ns), interval)
    if interval.intraday:
        bars["time_ns"] = time_ns
        bars["day"], _ = yyyymmdd_to_days(column(columns, "session_date", "<i4"))
    else:
        bars["day"] = time_ns // DAY_NS
    for name in VALUE_COLUMNS:
        bars[name] = column(columns, name, "<f8")
    bars["revision"] = column(columns, "revision", "<i4")
    bars["source"] = column(columns, "source_index", "<i4")
    bars["partial"][column(columns, "partial_rows", "<i4")] = True
    return bars
