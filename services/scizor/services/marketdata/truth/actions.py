"""Use cases about splits and dividends."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from scizor.domain.bars import ActionType, CorporateAction
from scizor.ports.storage import UnitOfWork
from scizor.services.marketdata.truth.suspicions import lower_explained

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SymbolActions:
    """Actions of the instrument with the full id `symbol`, by ex-date."""

    symbol: str
    actions: list[CorporateAction]


async def of_symbol(work: UnitOfWork, reference: str) -> SymbolActions:
    """All that are recorded. Raises NotFound, InvalidInput for the symbol."""
    instrument = await work.symbols.get(reference)
    return SymbolActions(instrument.instrument.id, await work.actions.of(instrument))


async def record(work: UnitOfWork, reference: str, action: CorporateAction) -> SymbolActions:
    """Store one; bars that were told with a split are put back to how they were traded, and its suspicion is lowered.

    Raises NotFound, AlreadyExists(CORPORATE_ACTION_EXISTS) for another value on that date.
    """
    instrument = await work.symbols.get(reference, locked=True)  # else bars told with the split could come meanwhile
    known = {(each.type, each.ex_date) for each in await work.actions.of(instrument)}
    stored = await work.actions.record(instrument, action)
    if stored.type is ActionType.SPLIT and (stored.type, stored.ex_date) not in known:
        bars = await work.bars.rescale(instrument, stored.ex_date, stored.value)
        _log.info("split_recorded", symbol=instrument.instrument.id, ex_date=str(stored.ex_date), rescaled_bars=bars)
        await lower_explained(work, instrument, stored)
    return SymbolActions(instrument.instrument.id, [stored])
