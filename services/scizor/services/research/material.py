"""What the program was given, as what a backtest runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from scizor.codec.frames import Frame
from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import SYNTHETIC, VALUE_COLUMNS, ActionType, BarArray, BarSeries, CorporateAction, empty_bars
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.sessions import parse_session, to_day
from scizor.services.history.load import History, SymbolHistory, last_session

_N_MADE_UP = 600
_FIRST_MADE_UP = to_day(date(2020, 1, 1))


def given(spec: BacktestSpec, question: Frame) -> History:
    """The bars that came with the question. Raises InvalidInput for a symbol in another currency."""
    described: Sequence[Mapping[str, Any]] = question.document["symbols"]
    series = [_series(place, one, question, spec) for place, one in enumerate(described)]
    symbols = [
        SymbolHistory(bars, [_action(action) for action in one["actions"]], _delisted(one, bars))
        for one, bars in zip(described, series, strict=True)
    ]
    # What a run is held against comes last, and is not traded.
    return History(symbols[:-1], series[-1]) if spec.benchmark else History(symbols)


def made_up(spec: BacktestSpec) -> History:
    """Bars of two symbols that no market made: trends, calm and storms, a gap and a missing bar; the same each time."""
    interval, rng = spec.interval, np.random.default_rng(20)
    symbols = []
    for number, name in enumerate(spec.symbols or ("UP", "DOWN")):
        bars = empty_bars(_N_MADE_UP, interval)
        returns = rng.normal(0.0005, 0.01 + 0.01 * (np.arange(_N_MADE_UP) // 200 % 2), _N_MADE_UP)
        returns[300] = -0.12
        closes = 100.0 * np.cumprod(1.0 + returns)
        opens = np.concatenate([[100.0], closes[:-1]]) * (1.0 + rng.normal(0.0, 0.002, _N_MADE_UP))
        spread = np.abs(rng.normal(0.0, 0.004, (2, _N_MADE_UP)))
        bars["open"], bars["close"] = opens, closes
        bars["high"] = np.maximum(opens, closes) * (1.0 + spread[0])
        bars["low"] = np.minimum(opens, closes) * (1.0 - spread[1])
        bars["volume"] = rng.integers(50_000, 200_000, _N_MADE_UP)
        _date(bars, interval)
        symbols.append(SymbolHistory(_as_series(name, spec, np.delete(bars, 100 + number), (SYNTHETIC,))))
    return History(symbols)


def _date(bars: BarArray, interval: Interval) -> None:
    """One bar a weekday, or as many as fit from 14:30 UTC to 21:00."""
    a_day = 1 if not interval.intraday else int(6.5 * 3600 / interval.length.total_seconds())
    sessions = np.arange(len(bars)) // a_day
    bars["day"] = _FIRST_MADE_UP + sessions // 5 * 7 + sessions % 5
    if interval.intraday:
        seconds = np.arange(len(bars)) % a_day * int(interval.length.total_seconds()) + 14 * 3600 + 1800
        bars["time_ns"] = (bars["day"].astype(np.int64) * 86_400 + seconds) * 1_000_000_000


def _series(place: int, described: Mapping[str, Any], question: Frame, spec: BacktestSpec) -> BarSeries:
    symbol, currency = described["symbol"], described["currency"]
    if currency != spec.currency:
        rule = f"is in {spec.currency}, but {symbol} trades in {currency}: one account, one currency"
        raise InvalidInput.of_field("capital", rule)
    arrays = question.arrays
    interval = Interval(described["interval"])
    bars = empty_bars(len(arrays[f"{place}.day"]), interval)
    for column in ("day", *VALUE_COLUMNS, *(("time_ns",) if interval.intraday else ())):
        bars[column] = arrays[f"{place}.{column}"]
    return _as_series(symbol, spec, bars, (SYNTHETIC if described["synthetic"] else "",))


def _as_series(symbol: str, spec: BacktestSpec, bars: BarArray, sources: tuple[str, ...]) -> BarSeries:
    interval = Interval.DAY_1 if "time_ns" not in (bars.dtype.names or ()) else spec.interval
    return BarSeries(symbol, spec.currency, bars, sources, spec.adjustment, interval)


def _action(told: Mapping[str, Any]) -> CorporateAction:
    ex_date = date.fromisoformat(told["exDate"])
    pay_date = parse_session("pay_date", told["payDate"])
    return CorporateAction(ActionType(told["type"]), ex_date, Decimal(told["value"]), "", pay_date)


def _delisted(told: Mapping[str, Any], bars: BarSeries) -> date | None:
    return last_session(bars, parse_session("delisted_date", told["delisted"]))
