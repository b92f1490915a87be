"""Rows of instruments, as tables have them and as the domain does; and how to keep others off them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, select

from scizor.adapters.sql.prepared import Columns
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import symbols
from scizor.domain.errors import NotFound, Reason
from scizor.domain.instruments import AssetType, Instrument, StoredInstrument, Verification
from scizor.ports.symbols import SymbolCursor


async def lock_for_change(session: Session, key: int, name: str) -> StoredInstrument:
    """As it is now, and stays until the transaction ends. Raises NotFound(SYMBOL_NOT_FOUND) when it was deleted."""
    row = await session.first(select(symbols).where(symbols.c.id == key).with_for_update())
    if row is None:
        raise missing(name)
    return stored_symbol(row)


async def lock_for_bars(session: Session, keys: Collection[int]) -> None:
    """Keep other writers of bars off these instruments until the transaction ends; readers do not notice.

    Raises NotFound(SYMBOL_NOT_FOUND) when one was deleted.
    """
    query = select(symbols.c.id).where(symbols.c.id.in_(keys)).order_by(symbols.c.id).with_for_update(key_share=True)
    if len(await session.all(query)) < len(keys):
        raise NotFound("an instrument of these bars is no longer stored", Reason.SYMBOL_NOT_FOUND)


def key_of(instrument: Instrument) -> SymbolCursor:
    """What an instrument is told by."""
    return instrument.symbol, instrument.primary_exchange, instrument.currency


def symbol_values(instrument: Instrument) -> dict[str, Any]:
    """The columns people fill."""
    return {
        "symbol": instrument.symbol,
        "primary_exchange": instrument.primary_exchange,
        "currency": instrument.currency,
        "exchange": instrument.exchange,
        "name": instrument.name,
        "asset_type": int(instrument.asset_type),
        "sector": instrument.sector,
        "group": instrument.group,
        "active": instrument.active,
        "listed_date": instrument.listed_date,
        "delisted_date": instrument.delisted_date,
    }


def stored_symbol(row: Row[Any]) -> StoredInstrument:
    """A whole row."""
    return symbol_of(row._mapping)


def symbol_of(columns: Columns) -> StoredInstrument:
    """The columns of a whole row."""
    instrument = Instrument(
        symbol=columns["symbol"],
        primary_exchange=columns["primary_exchange"],
        currency=columns["currency"],
        exchange=columns["exchange"],
        name=columns["name"],
        asset_type=AssetType(columns["asset_type"]),
        sector=columns["sector"],
        group=columns["group"],
        active=columns["active"],
        listed_date=columns["listed_date"],
        delisted_date=columns["delisted_date"],
    )
    return StoredInstrument(
        key=columns["id"],
        instrument=instrument,
        last_verified=columns["last_verified"],
        verified_result=Verification(columns["verified_result"]),
        create_time=columns["create_time"],
        update_time=columns["update_time"],
        version=columns["version"],
        verified_reason=columns["verified_reason"],
        contract_id=columns["contract_id"],
        deactivate_time=columns["deactivate_time"],
    )


def missing(reference: str) -> NotFound:
    """The error for a reference that names nothing."""
    return NotFound(f"symbol {reference} is not stored", Reason.SYMBOL_NOT_FOUND, metadata={"symbol": reference})
