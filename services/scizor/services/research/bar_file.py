"""Bars of a user's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from scizor.adapters.files import read_csv, read_parquet
from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import PRICE_COLUMNS, VALUE_COLUMNS, BarArray, BarSeries, empty_bars
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.intervals import Interval
from scizor.domain.judge import ROUNDING
from scizor.domain.rows import RowBatch
from scizor.domain.sessions import SessionRange, from_day, to_day
from scizor.services.history.load import History, SymbolHistory, no_bars
from scizor.services.research.plain_csv import read_plain
from scizor.services.research.timed_csv import read_timed


def from_file(path: Path, spec: BacktestSpec) -> History:
    """Bars of a CSV or Parquet file, as they stand there; all of its symbols where the spec names none.

    Without a column of symbols the file holds the one symbol that the spec names. Bars shorter than a day come from CSV
    files with a column of times. Raises InvalidInput.
    """
    names = [*spec.symbols, *([spec.benchmark] if spec.benchmark else [])]
    try:
        bars = _read(path, "", spec.interval)
    except InvalidInput as error:
        if error.reason is not Reason.FILE_UNREADABLE or "lacks the column symbol" not in error.message:
            raise
        if len(names) != 1:
            rule = f"{path.name} lacks the column symbol: --symbols NAME names the one symbol of all its rows"
            raise InvalidInput.of_field("bars", rule, Reason.FILE_UNREADABLE) from None
        bars = _read(path, names[0], spec.interval)
    found = {name: _within(name, bars, spec, path) for name in (names or bars)}
    benchmark = _by_day(found[spec.benchmark]) if spec.benchmark else None
    return History([SymbolHistory(found[name]) for name in (spec.symbols or bars)], benchmark)


def _read(path: Path, symbol: str, interval: Interval) -> dict[str, BarArray]:
    """By symbol, oldest first."""
    if not interval.intraday:
        bars, key = _by_symbol(_batches(path, symbol), path), "day"
    elif _is_parquet(path):
        raise InvalidInput.of_field("interval", "a Parquet file holds bars of whole days, shorter ones are read of CSV")
    else:
        bars, key = read_timed(path, symbol, interval), "time_ns"
    return {name: one[np.argsort(one[key], kind="stable")] for name, one in bars.items()}


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _batches(path: Path, symbol: str) -> Iterator[RowBatch]:
    if _is_parquet(path):
        return read_parquet(path, symbol)
    plain = read_plain(path, symbol)
    return read_csv(path, symbol) if plain is None else iter([plain])


def _by_symbol(batches: Iterator[RowBatch], path: Path) -> dict[str, BarArray]:
    parts: dict[str, list[BarArray]] = {}
    for batch in batches:
        for place, unreadable in sorted(batch.unreadable.items()):
            rule = f"{path.name}, row {batch.number[place]}: {unreadable.detail}"
            raise InvalidInput.of_field("bars", rule, Reason.FILE_UNREADABLE)
        bars = empty_bars(len(batch))
        for column in ("day", *VALUE_COLUMNS):
            bars[column] = getattr(batch, column)
        for place in np.unique(batch.symbol):
            parts.setdefault(batch.symbols[place].upper(), []).append(bars[batch.symbol == place])
    return {symbol: np.concatenate(pieces) for symbol, pieces in parts.items()}


def _within(name: str, bars: Mapping[str, BarArray], spec: BacktestSpec, path: Path) -> BarSeries:
    if name not in bars:
        raise InvalidInput.of_field(
            "symbols", f"{name} is not in {path.name}, which has {', '.join(sorted(bars)) or 'no rows'}"
        )
    days, sessions = bars[name]["day"], spec.sessions
    first = to_day(sessions.start) if sessions.start else days[0]
    last = to_day(sessions.end) if sessions.end else days[-1]
    kept = bars[name][(days >= first) & (days <= last)]
    if not len(kept):
        raise no_bars(name, SessionRange(sessions.start, sessions.end), spec.interval)
    _demand_sound(name, kept, path)
    return BarSeries(name, spec.currency, kept, (path.name,), spec.adjustment, spec.interval)


def _by_day(series: BarSeries) -> BarSeries:
    """One bar a session: what a run is held against is of whole days."""
    if not series.interval.intraday:
        return series
    bars = series.bars
    first = np.flatnonzero(np.diff(bars["day"], prepend=bars["day"][0] - 1))
    days = empty_bars(len(first))
    days["day"], days["open"] = bars["day"][first], bars["open"][first]
    days["high"], days["low"] = np.maximum.reduceat(bars["high"], first), np.minimum.reduceat(bars["low"], first)
    days["close"] = bars["close"][np.append(first[1:], len(bars)) - 1]
    days["volume"] = np.add.reduceat(bars["volume"], first)
    return replace(series, bars=days, interval=Interval.DAY_1)


def _demand_sound(name: str, bars: BarArray, path: Path) -> None:
    """Raises InvalidInput naming the first bar that breaks a rule. A row without any price is a missing bar."""
    intraday = "time_ns" in (bars.dtype.names or ())
    prices = np.stack([bars[column] for column in PRICE_COLUMNS])
    missing = np.isnan(prices)
    keys = bars["time_ns"] if intraday else bars["day"]
    highest, lowest = np.max(prices, axis=0), np.min(prices, axis=0)
    rules = {
        "has some of its four prices, but not all": missing.any(axis=0) & ~missing.all(axis=0),
        "has a price that is not positive and finite": (lowest <= 0) | np.isinf(highest),
        "has a price beyond its high or low": (highest > bars["high"] * (1 + ROUNDING))
        | (lowest < bars["low"] * (1 - ROUNDING)),
        "has a volume that is negative or infinite": (bars["volume"] < 0) | np.isinf(bars["volume"]),
        "is there twice": np.append(False, keys[1:] == keys[:-1]),
    }
    for rule, broken in rules.items():
        if broken.any():
            key = int(keys[np.argmax(broken)])
            when = f"at {np.datetime64(key, 'ns').astype('datetime64[s]')}Z" if intraday else f"on {from_day(key)}"
            raise InvalidInput.of_field("bars", f"{path.name}: the bar of {name} {when} {rule}")
