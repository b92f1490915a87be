"""What a backtest runs on, as one moment of the database shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import Adjustment, BarSeries, CorporateAction
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange, from_day
from scizor.ports.storage import Storage, UnitOfWork

# Bars that stop longer than this before a delisting were never stored: what happened then is not known.
_LONGEST_SILENCE: Final = timedelta(days=10)


@dataclass(frozen=True, slots=True, eq=False)
class SymbolHistory:
    """What is known of one symbol. `actions`: what is to happen to the account, none where bars are adjusted for it.

    `delisted`: its last session, where its bars reach it.
    """

    series: BarSeries
    actions: Sequence[CorporateAction] = ()
    delisted: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The symbols of a run, and what it is held against."""

    symbols: Sequence[SymbolHistory]
    benchmark: BarSeries | None = None


async def load_history(storage: Storage, spec: BacktestSpec, today: date) -> History:
    """Bars of each symbol of the spec, in its order, adjusted as it says by what happened up to today.

    Raises NotFound(SYMBOL_NOT_FOUND), FailedPrecondition(BARS_NOT_FOUND), Unavailable.
    """
    # With the currency a full id names one instrument, whatever was added since the symbols were resolved.
    async with storage.begin() as work:
        instruments = await work.symbols.get_many([f"{name}.{spec.currency}" for name in spec.symbols])
        symbols = [await _history(work, instrument, spec, today) for instrument in instruments]
        return History(symbols, await load_benchmark(work, spec, today) if spec.benchmark else None)


async def load_benchmark(work: UnitOfWork, spec: BacktestSpec, today: date) -> BarSeries:
    """Bars of what the run is held against. Raises NotFound(SYMBOL_NOT_FOUND), FailedPrecondition(BARS_NOT_FOUND)."""
    (instrument,) = await work.symbols.get_many([f"{spec.benchmark}.{spec.currency}"])
    return (await _history(work, instrument, as_benchmark(spec), today)).series


def as_benchmark(spec: BacktestSpec) -> BacktestSpec:
    """What a run is held against is read as: whole days and, where the run has prices as traded, total returns."""
    raw = spec.adjustment is Adjustment.RAW
    return replace(spec, interval=Interval.DAY_1, adjustment=Adjustment.TOTAL_RETURN if raw else spec.adjustment)


def no_bars(symbol: str, sessions: SessionRange, interval: Interval = Interval.DAY_1) -> FailedPrecondition:
    """The error for a symbol without a bar in the range."""
    where = f"from {sessions.start or 'the oldest'} to {sessions.end or 'the newest'}"
    kind = "bars" if interval is Interval.DAY_1 else f"bars of {interval.word}"
    return FailedPrecondition(
        f"{symbol} has no {kind} {where}: import some, or choose another range",
        Reason.BARS_NOT_FOUND,
        metadata={"symbol": symbol, "start": str(sessions.start or ""), "end": str(sessions.end or "")},
    )


def last_session(series: BarSeries, delisted: date | None) -> date | None:
    """The session on which a symbol's bars end for good; None where they only stop being stored."""
    last = from_day(series.bars["day"][-1])
    return last if delisted is not None and last <= delisted <= last + _LONGEST_SILENCE else None


async def _history(work: UnitOfWork, instrument: StoredInstrument, spec: BacktestSpec, today: date) -> SymbolHistory:
    if spec.interval.intraday:
        raw = await work.intraday.read(instrument, spec.interval, spec.sessions)
    else:
        raw = await work.bars.read(instrument, spec.sessions)
    if len(raw.bars) == 0:
        raise no_bars(instrument.instrument.id, spec.sessions, spec.interval)
    actions = [action for action in await work.actions.of(instrument) if action.ex_date <= today]
    delisted = last_session(raw, instrument.instrument.delisted_date)
    if spec.adjustment is Adjustment.RAW:
        return SymbolHistory(raw, actions, delisted)
    # The range may begin or end before the last close ahead of an ex-date, so that close is looked up by itself.
    closes = await work.bars.closes_before(instrument, [action.ex_date for action in actions])
    return SymbolHistory(raw.adjusted(spec.adjustment, actions, closes), (), delisted)
