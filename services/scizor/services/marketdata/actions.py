"""Use cases about splits and dividends."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.domain.bars import CorporateAction
from scizor.ports.storage import UnitOfWork


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
    """Store one. Raises NotFound, AlreadyExists(CORPORATE_ACTION_EXISTS) for another value on that date."""
    instrument = await work.symbols.get(reference)
    return SymbolActions(instrument.instrument.id, [await work.actions.record(instrument, action)])
