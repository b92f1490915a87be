"""Instruments in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import symbols
from scizor.domain.errors import AlreadyExists, Conflict, NotFound, Reason
from scizor.domain.instruments import (
    AssetType,
    Instrument,
    Reading,
    StoredInstrument,
    Verification,
    ambiguous,
    readings,
)
from scizor.ports.symbols import SymbolCursor, SymbolFilter

_KEY = (symbols.c.symbol, symbols.c.primary_exchange, symbols.c.currency)


class SqlSymbols:
    """`ports.symbols.SymbolRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, instrument: Instrument) -> StoredInstrument:
        """Store a new one. Raises AlreadyExists(SYMBOL_EXISTS)."""
        new = insert(symbols).values(_values(instrument)).on_conflict_do_nothing().returning(symbols)
        row = await self._session.first(new)
        if row is None:
            name = f"{instrument.id}.{instrument.currency}"
            raise AlreadyExists(f"symbol {name} is stored already", Reason.SYMBOL_EXISTS, metadata={"symbol": name})
        return _stored(row)

    async def add_missing(self, instruments: Sequence[Instrument]) -> int:
        """Store those whose key is new, leave the others as they are; the number stored."""
        if not instruments:
            return 0
        new = insert(symbols).on_conflict_do_nothing().returning(symbols.c.id)
        in_order = sorted(instruments, key=_key)  # two that do the same at once then wait, and do not deadlock
        return len(await self._session.all(new, [_values(instrument) for instrument in in_order]))

    async def get(self, reference: str) -> StoredInstrument:
        """The one a reference names. Raises NotFound(SYMBOL_NOT_FOUND), InvalidInput(SYMBOL_AMBIGUOUS)."""
        return (await self.get_many([reference]))[0]

    async def get_many(self, references: Sequence[str]) -> list[StoredInstrument]:
        """Those the references name, in their order; raises as `get` for the first that fails."""
        tickers = {reading.symbol for reference in references for reading in readings(reference)}
        storable = [ticker for ticker in tickers if "\0" not in ticker]
        found = defaultdict(list)
        for row in await self._session.all(select(symbols).where(symbols.c.symbol.in_(storable))):
            found[row.symbol].append(_stored(row))
        return [_named(reference, found) for reference in references]

    async def update(self, key: int, instrument: Instrument, expected_etag: str) -> StoredInstrument:
        """Replace all but the key. Raises Conflict(ETAG_STALE) when `expected_etag` is given and no longer current.

        Raises NotFound(SYMBOL_NOT_FOUND) when it was deleted.
        """
        row = await self._session.first(select(symbols).where(symbols.c.id == key).with_for_update())
        if row is None:
            raise _missing(instrument.id)
        stored = _stored(row)
        if expected_etag and expected_etag != stored.etag:
            raise Conflict(
                f"symbol {stored.instrument.id} was changed since it was read",
                Reason.ETAG_STALE,
                metadata={"symbol": stored.instrument.id, "etag": stored.etag},
            )
        kept = {column.name for column in _KEY}
        changes = {name: value for name, value in _values(instrument).items() if name not in kept}
        changed = (
            update(symbols)
            .where(symbols.c.id == key)
            .values(changes | {"version": symbols.c.version + 1, "update_time": func.now()})
            .returning(symbols)
        )
        return _stored((await self._session.execute(changed)).one())

    async def delete(self, key: int) -> None:
        """Remove it with everything stored about it. Raises NotFound(SYMBOL_NOT_FOUND)."""
        if (await self._session.execute(delete(symbols).where(symbols.c.id == key))).rowcount == 0:
            raise _missing(str(key))

    async def page(self, which: SymbolFilter, after: SymbolCursor | None, limit: int) -> list[StoredInstrument]:
        """Those after the cursor, by symbol, exchange, currency."""
        query = select(symbols).where(*_conditions(which)).order_by(*_KEY).limit(limit)
        if after is not None:
            query = query.where(tuple_(*_KEY) > tuple_(*after))
        return [_stored(row) for row in await self._session.all(query)]

    async def count(self, which: SymbolFilter) -> int:
        """How many match."""
        return int(await self._session.scalar(select(func.count()).select_from(symbols).where(*_conditions(which))))


def _key(instrument: Instrument) -> SymbolCursor:
    return instrument.symbol, instrument.primary_exchange, instrument.currency


def _values(instrument: Instrument) -> dict[str, Any]:
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


def _stored(row: Row[Any]) -> StoredInstrument:
    columns = row._mapping
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
    )


def _conditions(which: SymbolFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if which.primary_exchange:
        conditions.append(symbols.c.primary_exchange == which.primary_exchange)
    if which.group:
        conditions.append(symbols.c.group == which.group)
    if which.active_only:
        conditions.append(symbols.c.active)
    return conditions


def _named(reference: str, by_ticker: Mapping[str, list[StoredInstrument]]) -> StoredInstrument:
    """The most literal reading that means anything decides."""
    for reading in readings(reference):
        found = [stored for stored in by_ticker.get(reading.symbol, ()) if _matches(stored.instrument, reading)]
        if len(found) > 1:
            raise ambiguous(reference, [stored.instrument for stored in found])
        if found:
            return found[0]
    raise _missing(reference)


def _matches(instrument: Instrument, reading: Reading) -> bool:
    return reading.primary_exchange in (None, instrument.primary_exchange) and reading.currency in (
        None,
        instrument.currency,
    )


def _missing(reference: str) -> NotFound:
    return NotFound(f"symbol {reference} is not stored", Reason.SYMBOL_NOT_FOUND, metadata={"symbol": reference})
