"""The bars of a backtest, as one moment of the database shows them."""

from __future__ import annotations

from datetime import date

from scizor.domain.backtests import BacktestSpec
from scizor.domain.bars import Adjustment, BarSeries
from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.instruments import StoredInstrument
from scizor.domain.sessions import SessionRange
from scizor.ports.storage import Storage, UnitOfWork


async def load_series(storage: Storage, spec: BacktestSpec, today: date) -> list[BarSeries]:
    """Bars of each symbol of the spec, in its order, adjusted as it says by what happened up to today.

    Raises NotFound(SYMBOL_NOT_FOUND), FailedPrecondition(BARS_NOT_FOUND), Unavailable.
    """
    # With the currency a full id names one instrument, whatever was added since the symbols were resolved.
    references = [f"{symbol}.{spec.currency}" for symbol in spec.symbols]
    async with storage.begin() as work:
        instruments = await work.symbols.get_many(references)
        return [await _series(work, instrument, spec, today) for instrument in instruments]


def no_bars(symbol: str, sessions: SessionRange) -> FailedPrecondition:
    """The error for a symbol without a bar in the range."""
    where = f"from {sessions.start or 'the oldest'} to {sessions.end or 'the newest'}"
    return FailedPrecondition(
        f"{symbol} has no bars {where}: import some, or choose another range",
        Reason.BARS_NOT_FOUND,
        metadata={"symbol": symbol, "start": str(sessions.start or ""), "end": str(sessions.end or "")},
    )


async def _series(work: UnitOfWork, instrument: StoredInstrument, spec: BacktestSpec, today: date) -> BarSeries:
    raw = await work.bars.read(instrument, spec.sessions)
    if len(raw.bars) == 0:
        raise no_bars(instrument.instrument.id, spec.sessions)
    if spec.adjustment is Adjustment.RAW:
        return raw
    actions = [action for action in await work.actions.of(instrument) if action.ex_date <= today]
    # The range may begin or end before the last close ahead of an ex-date, so that close is looked up by itself.
    closes = await work.bars.closes_before(instrument, [action.ex_date for action in actions])
    return raw.adjusted(spec.adjustment, actions, closes)
