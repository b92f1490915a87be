"""What the client's callers hold: columns as numpy arrays, and plain dates and amounts turned into the contract's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
from google.type.money_pb2 import Money

from scizor.backtest.v1.backtest_service_pb2 import GetEquityCurveResponse
from scizor.codec.backtests import money_from_decimal
from scizor.codec.bars import column
from scizor.domain.arrays import FloatArray
from scizor.domain.bars import Adjustment
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.sessions import DayArray, parse_session, yyyymmdd_to_days
from scizor.type.v1 import bars_pb2

IntArray = npt.NDArray[np.int32]
DateArray = npt.NDArray[np.datetime64]
Amount = Decimal | int | float | str
Session = date | str | None
_PRICES = ("open", "high", "low", "close")
_COLUMNS = ("time_ns", "session_date", *_PRICES, "volume", "revision", "source_index", "partial")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one symbol to import, in any order; columns of shape (n,), sessions as YYYYMMDD, a missing value NaN."""

    symbol: str
    session_date: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one symbol, oldest first; columns (n,). Prices in `currency`, volume in shares, sessions as YYYYMMDD.

    `time_ns` is when a bar begins, UTC; a daily bar has its session date's midnight there.
    """

    symbol: str
    currency: str
    interval: Interval
    adjustment: Adjustment
    time_ns: npt.NDArray[np.int64]
    session_date: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    revision: IntArray
    sources: tuple[str, ...]
    source_index: IntArray
    partial: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.session_date)

    @property
    def dates(self) -> DateArray:
        """The session dates as datetime64[D], shape (n,)."""
        return _dates(self.session_date)

    @property
    def times(self) -> DateArray:
        """When the bars begin, UTC, as datetime64[s], shape (n,)."""
        seconds: DateArray = self.time_ns.view("datetime64[ns]").astype("datetime64[s]")
        return seconds

    def __getitem__(self, part: slice) -> Bars:
        """Some of the rows."""
        columns = {name: getattr(self, name)[part] for name in _COLUMNS}
        return replace(self, **columns)

    @classmethod
    def joined(cls, parts: Sequence[Bars]) -> Bars:
        """Consecutive parts of one symbol's bars as one. `parts` must not be empty."""
        if len(parts) == 1:
            return parts[0]
        sources = tuple(dict.fromkeys(source for part in parts for source in part.sources))
        places = [np.array([sources.index(source) for source in part.sources], dtype=np.int32) for part in parts]
        columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS}
        columns["source_index"] = np.concatenate(
            [place[part.source_index] for place, part in zip(places, parts, strict=True)]
        )
        return replace(parts[0], sources=sources, **columns)

    def to_proto(self) -> bars_pb2.BarColumns:
        """The bars as the contract's message."""
        columns: dict[str, Any] = {name: getattr(self, name).tolist() for name in _COLUMNS if name != "partial"}
        return bars_pb2.BarColumns(
            symbol=self.symbol,
            interval=bars_pb2.BarInterval.ValueType(self.interval),
            adjustment=bars_pb2.Adjustment.ValueType(self.adjustment),
            currency=self.currency,
            sources=self.sources,
            partial_rows=np.flatnonzero(self.partial).tolist(),
            **columns,
        )


@dataclass(frozen=True, slots=True)
class Equity:
    """Account value by bar, oldest first; every column shape (n,). `drawdown` is a fraction, 0 or less.

    `time_ns`: when each bar closed, UTC; empty where it was not kept.
    """

    currency: str
    session_date: IntArray
    equity: FloatArray
    cash: FloatArray
    drawdown: FloatArray
    exposure: FloatArray
    time_ns: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.session_date)

    @property
    def dates(self) -> DateArray:
        """The session dates as datetime64[D], shape (n,)."""
        return _dates(self.session_date)

    @classmethod
    def of(cls, response: GetEquityCurveResponse) -> Equity:
        """The curve as the contract sends it."""
        curve = response.curve
        return cls(
            response.currency,
            np.array(curve.session_date, dtype=np.int32),
            equity=np.array(curve.equity, dtype=np.float64),
            cash=np.array(curve.cash, dtype=np.float64),
            drawdown=np.array(curve.drawdown, dtype=np.float64),
            exposure=np.array(curve.exposure, dtype=np.float64),
            time_ns=np.array(curve.time_ns, dtype=np.int64),
        )


def bars_of(columns: Any) -> Bars:
    """Bars as the contract sends them: a `BarColumns`, or its twin whose columns become arrays without a copy."""
    session_date = column(columns, "session_date", "<i4")
    partial = np.zeros(len(session_date), dtype=np.bool_)
    partial[column(columns, "partial_rows", "<i4")] = True
    return Bars(
        symbol=columns.symbol,
        currency=columns.currency,
        interval=Interval(columns.interval or Interval.DAY_1),
        adjustment=Adjustment(columns.adjustment or Adjustment.RAW),
        time_ns=column(columns, "time_ns", "<i8"),
        session_date=session_date,
        open=column(columns, "open", "<f8"),
        high=column(columns, "high", "<f8"),
        low=column(columns, "low", "<f8"),
        close=column(columns, "close", "<f8"),
        volume=column(columns, "volume", "<f8"),
        revision=column(columns, "revision", "<i4"),
        sources=tuple(columns.sources),
        source_index=column(columns, "source_index", "<i4"),
        partial=partial,
    )


def money_of(amount: Amount, currency: str, field: str) -> Money:
    """An amount of cash, exactly. Raises InvalidInput when it is no number, or one of more than nine decimals."""
    try:
        return money_from_decimal(Decimal(str(amount)), currency)
    except (InvalidOperation, ValueError, OverflowError):
        raise InvalidInput.of_field(field, f"must be an amount, not {amount!r}") from None


def adjustment_value(adjustment: Adjustment) -> bars_pb2.Adjustment.ValueType:
    """An adjustment as the contract writes it. Raises InvalidInput when it is none."""
    if not isinstance(adjustment, Adjustment):
        known = ", ".join(f"Adjustment.{one.name}" for one in Adjustment)
        raise InvalidInput.of_field("adjustment", f"must be one of {known}, not {adjustment!r}")
    return bars_pb2.Adjustment.ValueType(adjustment)


def interval_value(interval: Interval) -> bars_pb2.BarInterval.ValueType:
    """A bar's length as the contract writes it. Raises InvalidInput when it is none."""
    if not isinstance(interval, Interval):
        known = ", ".join(f"Interval.{one.name}" for one in Interval)
        raise InvalidInput.of_field("interval", f"must be one of {known}, not {interval!r}")
    return bars_pb2.BarInterval.ValueType(interval)


def session_text(session: Session, field: str) -> str:
    """A session as the contract writes it: YYYY-MM-DD, or empty for open. Raises InvalidInput naming the field."""
    if isinstance(session, date):
        return session.isoformat()
    parsed = parse_session(field, session or "")
    return parsed.isoformat() if parsed else ""


def _dates(session_date: IntArray) -> DateArray:
    days: DayArray = yyyymmdd_to_days(session_date)[0]
    return days.astype("datetime64[D]")
