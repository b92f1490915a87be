"""Use cases about instruments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scizor.domain.errors import Conflict, FailedPrecondition, Reason
from scizor.domain.instruments import Instrument, StoredInstrument
from scizor.ports.storage import UnitOfWork
from scizor.ports.symbols import SymbolCursor, SymbolFilter


@dataclass(frozen=True, slots=True)
class SymbolPage:
    """Some of the instruments that match. `next_cursor`: where the next page goes on, None on the last."""

    symbols: list[StoredInstrument]
    total: int
    next_cursor: SymbolCursor | None


async def list_page(work: UnitOfWork, which: SymbolFilter, after: SymbolCursor | None, limit: int) -> SymbolPage:
    """Up to `limit` instruments after the cursor."""
    found = await work.symbols.page(which, after, limit + 1)
    total = await work.symbols.count(which)
    page = found[:limit]
    return SymbolPage(page, total, _cursor(page[-1].instrument) if len(found) > limit else None)


async def update(
    work: UnitOfWork, reference: str, change: Callable[[Instrument], Instrument], etag: str
) -> StoredInstrument:
    """Change an instrument. Raises NotFound, Conflict(ETAG_STALE) when `etag` is given and stale."""
    stored = await work.symbols.get(reference, locked=True)
    return await work.symbols.update(stored.key, change(stored.instrument), etag)


async def delete(work: UnitOfWork, reference: str, etag: str, *, force: bool) -> int:
    """Remove an instrument with all it owns; how many bars that were.

    Raises NotFound, Conflict(ETAG_STALE), FailedPrecondition(SYMBOL_HAS_BARS) when it owns bars and `force` is not set.
    """
    stored = await work.symbols.get(reference, locked=True)  # else bars could come between counting and removing
    name = stored.instrument.id
    if etag and etag != stored.etag:
        message = f"symbol {name} was changed: its etag is {stored.etag}, not {etag}"
        raise Conflict(message, Reason.ETAG_STALE, metadata={"symbol": name, "etag": stored.etag})
    bars = await work.bars.count(stored)
    if bars and not force:
        message = f"symbol {name} owns {bars} bars: set force to remove them with it"
        raise FailedPrecondition(message, Reason.SYMBOL_HAS_BARS, metadata={"symbol": name, "bars": str(bars)})
    await work.imports.forget_rejections(await _names_of(work, stored))
    await work.symbols.delete(stored.key)
    return bars


async def _names_of(work: UnitOfWork, stored: StoredInstrument) -> list[str]:
    """Every text that names this instrument and no other; a ticker that several share names none of them."""
    one = stored.instrument
    texts = [one.symbol, one.id, one.reference]
    found = await work.symbols.find_many(texts)
    return [text for text, named in zip(texts, found, strict=True) if named and named.key == stored.key]


def _cursor(instrument: Instrument) -> SymbolCursor:
    return instrument.symbol, instrument.primary_exchange, instrument.currency
