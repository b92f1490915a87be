"""Instruments in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, any_, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import WORD, symbols
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

    async def get(self, reference: str, *, locked: bool = False) -> StoredInstrument:
        """The one a reference names. Raises NotFound(SYMBOL_NOT_FOUND), InvalidInput(SYMBOL_AMBIGUOUS).

        `locked`: until the unit of work ends no other changes it, deletes it or gives it bars; waits for one that does.
        """
        stored = (await self.get_many([reference]))[0]
        return await self._locked(stored.key, reference) if locked else stored

    async def get_many(self, references: Sequence[str]) -> list[StoredInstrument]:
        """Those the references name, in their order; raises as `get` for the first that fails."""
        by_ticker = await self._by_ticker(references)
        return [_named(reference, by_ticker) for reference in references]

    async def find_many(self, references: Sequence[str]) -> list[StoredInstrument | None]:
        """For each reference the one it names, None where it names none or several; one round trip for all."""
        by_ticker = await self._by_ticker(references)
        candidates = [_candidates(reference, by_ticker) for reference in references]
        return [found[0] if len(found) == 1 else None for found in candidates]

    async def update(self, key: int, instrument: Instrument, expected_etag: str) -> StoredInstrument:
        """Replace all but the key. Raises Conflict(ETAG_STALE) when `expected_etag` is given and no longer current.

        Raises NotFound(SYMBOL_NOT_FOUND) when it was deleted.
        """
        stored = await self._locked(key, instrument.id)
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
        """Remove it with its bars, their revisions and its corporate actions. Raises NotFound(SYMBOL_NOT_FOUND)."""
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

    async def _by_ticker(self, references: Sequence[str]) -> Mapping[str, list[StoredInstrument]]:
        """Every instrument whose ticker is what a reference may mean by one. One array, however many they are."""
        tickers = {reading.symbol for reference in references for reading in readings(reference)}
        asked = literal([ticker for ticker in tickers if _storable(ticker)], ARRAY(WORD))
        found = defaultdict(list)
        for row in await self._session.all(select(symbols).where(symbols.c.symbol == any_(asked))):
            found[row.symbol].append(_stored(row))
        return found

    async def _locked(self, key: int, name: str) -> StoredInstrument:
        """As it is now, and stays until the transaction ends. Raises NotFound(SYMBOL_NOT_FOUND) when it was deleted."""
        row = await self._session.first(select(symbols).where(symbols.c.id == key).with_for_update())
        if row is None:
            raise _missing(name)
        return _stored(row)


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
    found = _candidates(reference, by_ticker)
    if not found:
        raise _missing(reference)
    if len(found) > 1:
        raise ambiguous(reference, [stored.instrument for stored in found])
    return found[0]


def _candidates(reference: str, by_ticker: Mapping[str, list[StoredInstrument]]) -> list[StoredInstrument]:
    """What the reference may name: the most literal reading that means anything decides."""
    for reading in readings(reference):
        found = [stored for stored in by_ticker.get(reading.symbol, ()) if _matches(stored.instrument, reading)]
        if found:
            return found
    return []


def _matches(instrument: Instrument, reading: Reading) -> bool:
    return reading.primary_exchange in (None, instrument.primary_exchange) and reading.currency in (
        None,
        instrument.currency,
    )


def _storable(ticker: str) -> bool:
    """No text column holds NUL or half a surrogate pair, so no instrument is called so."""
    return "\0" not in ticker and not any("\ud800" <= letter <= "\udfff" for letter in ticker)


def _missing(reference: str) -> NotFound:
    return NotFound(f"symbol {reference} is not stored", Reason.SYMBOL_NOT_FOUND, metadata={"symbol": reference})
