"""Round trips, and bars, as columns: how they pass from process to process without a copy of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scizor.domain.bars import VALUE_COLUMNS, BarSeries
from scizor.domain.errors import InvalidInput
from scizor.domain.orders import FillCause
from scizor.domain.outcomes import Direction, EquityCurve, Trade
from scizor.domain.sessions import from_day, to_day

Array = npt.NDArray[Any]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NO_TIME: Final = -(2**63)
_MOST_TRADES: Final = 1_000_000  # each takes half a kilobyte here
_FLOATS: Final = (
    *("quantity", "entry_price", "exit_price", "commission", "gross_pnl", "net_pnl", "return_fraction"),
    *("dividends", "conversion_cost", "mae", "mfe"),
)
_TRADE: Final[dict[str, type[np.generic]]] = {
    "symbol": np.int32,
    "direction": np.int8,
    "entry_session": np.int32,
    "exit_session": np.int32,
    "sessions_held": np.int32,
    "closed_at_end": np.bool_,
    "entry_reason": np.int8,
    "exit_reason": np.int8,
    "entry_time": np.int64,
    "exit_time": np.int64,
    **dict.fromkeys(_FLOATS, np.float64),
}
"""A trade's fields, but for its number, which is its place. Times: microseconds since 1970."""
_CURVE: Final[dict[str, type[np.generic]]] = {
    "days": np.int32,
    "close_ns": np.int64,
    **dict.fromkeys(("equity", "cash", "drawdown", "exposure"), np.float64),
}


def bar_columns(series: BarSeries) -> Iterator[tuple[str, Array]]:
    """Names and columns of bars."""
    times = ("time_ns",) if series.interval.intraday else ()
    for name in ("day", *VALUE_COLUMNS, *times):
        yield name, series.bars[name]


def curve_columns(curve: EquityCurve) -> dict[str, Array]:
    """A curve's columns by `curve.<name>`."""
    return {f"curve.{name}": getattr(curve, name).astype(kind) for name, kind in _CURVE.items()}


def read_curve(arrays: Mapping[str, Array]) -> EquityCurve:
    """The curve of such columns. Raises InvalidInput, and OverflowError for a date that is none."""
    columns = {name: _column(arrays, f"curve.{name}", kind) for name, kind in _CURVE.items()}
    _demand_equal([len(column) for column in columns.values()], "curve")
    days = columns["days"]
    if not len(days) or bool(np.any(days[1:] < days[:-1])):
        raise InvalidInput.of_field("curve", "has no bars, or bars that are out of order")
    for day in days[[0, -1]]:
        from_day(int(day))
    if not all(bool(np.all(np.isfinite(columns[name]))) for name in ("equity", "cash")):
        raise InvalidInput.of_field("curve", "has a value of the account that is no number")
    return EquityCurve(**columns)


def trade_columns(trades: Sequence[Trade], symbols: Sequence[str]) -> dict[str, Array]:
    """Trades by `trades.<field>`. `symbols`: the names that they mention."""
    place = {name: at for at, name in enumerate(symbols)}
    return {
        f"trades.{name}": np.array([_number(name, getattr(one, name), place) for one in trades], kind)
        for name, kind in _TRADE.items()
    }


def read_trades(arrays: Mapping[str, Array], symbols: Sequence[str]) -> tuple[Trade, ...]:
    """The trades of such columns. Raises InvalidInput, ValueError, IndexError, OverflowError."""
    columns = {name: _column(arrays, f"trades.{name}", kind) for name, kind in _TRADE.items()}
    _demand_equal([len(column) for column in columns.values()], "trades")
    if len(columns["symbol"]) > _MOST_TRADES:
        raise InvalidInput.of_field("trades", f"are more than {_MOST_TRADES:,}")
    if bool(np.any(~(columns["quantity"] > 0) | np.isinf(columns["quantity"]) | (columns["symbol"] < 0))):
        raise InvalidInput.of_field("trades", "have a quantity or a symbol that no trade has")
    if bool(np.any((columns["entry_session"] > columns["exit_session"]) | (columns["sessions_held"] < 0))):
        raise InvalidInput.of_field("trades", "end before they begin")
    rows = zip(*(columns[name].tolist() for name in _TRADE), strict=True)
    return tuple(
        Trade(number=number, **{name: _value(name, one, symbols) for name, one in zip(_TRADE, row, strict=True)})
        for number, row in enumerate(rows, start=1)
    )


def _number(name: str, value: Any, place: Mapping[str, int]) -> Any:
    match name:
        case "symbol":
            return place[value]
        case "entry_session" | "exit_session":
            return to_day(value)
        case "entry_time" | "exit_time":
            return _NO_TIME if value is None else (value - _EPOCH) // _MICROSECOND
        case _:
            return np.nan if value is None else value


def _value(name: str, number: Any, symbols: Sequence[str]) -> Any:
    match name:
        case "symbol":
            return symbols[number]
        case "direction":
            return Direction(number)
        case "entry_reason" | "exit_reason":
            return FillCause(number)
        case "entry_session" | "exit_session":
            return from_day(number)
        case "entry_time" | "exit_time":
            return None if number == _NO_TIME else _EPOCH + timedelta(microseconds=number)
        case "mae" | "mfe":
            return None if number != number else number
        case _:
            return number


def _column(arrays: Mapping[str, Array], name: str, kind: type[np.generic]) -> Array:
    found = arrays.get(name)
    if found is None or found.dtype != np.dtype(kind) or found.ndim != 1:
        raise InvalidInput.of_field(name, f"is no column of {np.dtype(kind).name}")
    return found


def _demand_equal(lengths: Sequence[int], what: str) -> None:
    if len(set(lengths)) > 1:
        raise InvalidInput.of_field(what, "has columns of different lengths")
