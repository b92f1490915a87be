"""Daily bars of a user's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from scizor.adapters.files import read_csv, read_parquet
from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import PRICE_COLUMNS, VALUE_COLUMNS, BarArray, BarSeries, empty_bars
from scizor.domain.errors import InvalidInput, Reason
from scizor.domain.judge import ROUNDING
from scizor.domain.rows import RowBatch
from scizor.domain.sessions import SessionRange, from_day, to_day
from scizor.services.backtest.load import History, SymbolHistory, no_bars
from scizor.services.research.plain_csv import read_plain


def from_file(path: Path, spec: BacktestSpec) -> History:
    """Daily bars of a CSV or Parquet file, as they stand there; all of its symbols where the spec names none.

    Without a column of symbols the file holds the one symbol that the spec names. Raises InvalidInput.
    """
    if spec.interval.intraday:
        raise InvalidInput.of_field("interval", "a file holds bars of whole days")
    names = [*spec.symbols, *([spec.benchmark] if spec.benchmark else [])]
    try:
        bars = _by_symbol(_read(path, ""), path)
    except InvalidInput as error:
        if error.reason is not Reason.FILE_UNREADABLE or len(names) != 1 or "column symbol" not in error.message:
            raise
        bars = _by_symbol(_read(path, names[0]), path)
    found = {name: _within(name, bars, spec, path) for name in (names or bars)}
    benchmark = found[spec.benchmark] if spec.benchmark else None
    return History([SymbolHistory(found[name]) for name in (spec.symbols or bars)], benchmark)


def _read(path: Path, symbol: str) -> Iterator[RowBatch]:
    if path.suffix.lower() in (".parquet", ".pq"):
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
    found = {symbol: np.concatenate(pieces) for symbol, pieces in parts.items()}
    return {symbol: bars[np.argsort(bars["day"], kind="stable")] for symbol, bars in found.items()}


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
        raise no_bars(name, SessionRange(sessions.start, sessions.end))
    _demand_sound(name, kept, path)
    return BarSeries(name, spec.currency, kept, (path.name,), spec.adjustment)


def _demand_sound(name: str, bars: BarArray, path: Path) -> None:
    """Raises InvalidInput naming the first bar that breaks a rule. A row without any price is a missing bar."""
    prices = np.stack([bars[column] for column in PRICE_COLUMNS])
    missing = np.isnan(prices)
    highest, lowest = np.max(prices, axis=0), np.min(prices, axis=0)
    rules = {
        "has some of its four prices, but not all": missing.any(axis=0) & ~missing.all(axis=0),
        "has a price that is not positive and finite": (lowest <= 0) | np.isinf(highest),
        "has a price beyond its high or low": (highest > bars["high"] * (1 + ROUNDING))
        | (lowest < bars["low"] * (1 - ROUNDING)),
        "has a volume that is negative or infinite": (bars["volume"] < 0) | np.isinf(bars["volume"]),
        "is there twice": np.diff(bars["day"], prepend=-1) == 0,
    }
    for rule, broken in rules.items():
        if broken.any():
            day = from_day(int(bars["day"][np.argmax(broken)]))
            raise InvalidInput.of_field("bars", f"{path.name}: the bar of {name} on {day} {rule}")
