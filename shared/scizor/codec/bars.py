"""Bars between arrays and columns.

Writing always uses the twin message, whose columns are bytes; reading takes either, so that a client may call the typed
stub or the twin's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from scizor.codec import packed
from scizor.domain.bars import BAR_DTYPE, VALUE_COLUMNS, Adjustment, BarArray, BarSeries
from scizor.domain.sessions import DAY_NS, days_to_yyyymmdd
from scizor.type.v1 import bars_pb2


def to_columns(series: BarSeries) -> Any:
    """The series as a twin `BarColumns`: same bytes as the typed message."""
    bars = series.bars
    return packed.BarColumns(
        symbol=series.symbol,
        interval=bars_pb2.BAR_INTERVAL_1D,
        adjustment=series.adjustment.value,
        currency=series.currency,
        time_ns=packed.to_bytes(bars["day"].astype(np.int64) * DAY_NS, "<i8"),
        session_date=packed.to_bytes(days_to_yyyymmdd(bars["day"]), "<i4"),
        revision=packed.to_bytes(bars["revision"], "<i4"),
        sources=series.sources,
        source_index=packed.to_bytes(bars["source"], "<i4"),
        partial_rows=packed.to_bytes(np.flatnonzero(bars["partial"]), "<i4"),
        **{name: packed.to_bytes(bars[name], "<f8") for name in VALUE_COLUMNS},
    )


def from_columns(columns: Any) -> BarSeries:
    """The series in a typed or twin `BarColumns`."""
    return BarSeries(
        symbol=columns.symbol,
        currency=columns.currency,
        bars=_bars(columns),
        sources=tuple(columns.sources),
        adjustment=Adjustment(columns.adjustment or Adjustment.RAW),
    )


def column(columns: Any, name: str, dtype: str) -> npt.NDArray[Any]:
    """One repeated field of fixed width as an array, shape (n,); read-only when it comes from a twin."""
    value = getattr(columns, name)
    return packed.from_bytes(value, dtype) if isinstance(value, bytes) else np.array(value, dtype=dtype)


def _bars(columns: Any) -> BarArray:
    time_ns = column(columns, "time_ns", "<i8")
    bars = np.zeros(len(time_ns), dtype=BAR_DTYPE)
    bars["day"] = time_ns // DAY_NS
    for name in VALUE_COLUMNS:
        bars[name] = column(columns, name, "<f8")
    bars["revision"] = column(columns, "revision", "<i4")
    bars["source"] = column(columns, "source_index", "<i4")
    bars["partial"][column(columns, "partial_rows", "<i4")] = True
    return bars
