"""Instruments in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, any_, bindparam, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from scizor.adapters.sql.prepared import Prepared
from scizor.adapters.sql.symbol_rows import key_of, lock_for_change, missing, stored_symbol, symbol_of, symbol_values
from scizor.adapters.sql.tables import WORD, symbols
from scizor.adapters.sql.verification import DELETE_SYMBOL, SqlVerification
from scizor.domain.errors import AlreadyExists, Conflict, Reason
from scizor.domain.instruments import Instrument, Reading, StoredInstrument, ambiguous, readings
from scizor.ports.symbols import SymbolCursor, SymbolFilter

_NAMED = Prepared(select(symbols).where(symbols.c.symbol == any_(bindparam("asked", type_=ARRAY(WORD)))))
_KEY = (symbols.c.symbol, symbols.c.primary_exchange, symbols.c.currency)


class SqlSymbols(SqlVerification):
    """`ports.symbols.SymbolRepository`."""

    async def add(self, instrument: Instrument) -> StoredInstrument:
        """Store a new one. Raises AlreadyExists(SYMBOL_EXISTS)."""
        new = insert(symbols).values(symbol_values(instrument)).on_conflict_do_nothing().returning(symbols)
        row = await self._session.first(new)
        if row is None:
            name = f"{instrument.id}.{instrument.currency}"
            raise AlreadyExists(f"symbol {name} is stored already", Reason.SYMBOL_EXISTS, metadata={"symbol": name})
        return stored_symbol(row)

    async def add_missing(self, instruments: Sequence[Instrument]) -> int:
        """Store those whose key is new, leave the others as they are; the number stored."""
        if not instruments:
            return 0
        new = insert(symbols).on_conflict_do_nothing().returning(symbols.c.id)
        in_order = sorted(instruments, key=key_of)  # two that do the same at once then wait, and do not deadlock
        return len(await self._session.all(new, [symbol_values(instrument) for instrument in in_order]))

    async def get(self, reference: str, *, locked: bool = False) -> StoredInstrument:
        """The one a reference names. Raises NotFound(SYMBOL_NOT_FOUND), InvalidInput(SYMBOL_AMBIGUOUS).

        `locked`: until the unit of work ends no other changes it, deletes it or gives it bars; waits for one that does.
        """
        stored = (await self.get_many([reference]))[0]
        return await lock_for_change(self._session, stored.key, reference) if locked else stored

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
        stored = await lock_for_change(self._session, key, instrument.id)
        if expected_etag and expected_etag != stored.etag:
            raise Conflict(
                f"symbol {stored.instrument.id} was changed since it was read",
                Reason.ETAG_STALE,
                metadata={"symbol": stored.instrument.id, "etag": stored.etag},
            )
        kept = {column.name for column in _KEY}
        changes = {name: value for name, value in symbol_values(instrument).items() if name not in kept}
        if instrument.active:
            changes["deactivate_time"] = None
        changed = (
            update(symbols)
            .where(symbols.c.id == key)
            .values(changes | {"version": symbols.c.version + 1, "update_time": func.now()})
            .returning(symbols)
        )
        return stored_symbol((await self._session.execute(changed)).one())

    async def delete(self, key: int) -> None:
        """Remove it with its bars, their revisions and its corporate actions. Raises NotFound(SYMBOL_NOT_FOUND)."""
        await self._session.allow_bulk_time()
        if await self._session.run_bulk(DELETE_SYMBOL.format(key=key)) == 0:
            raise missing(str(key))

    async def all(self, which: SymbolFilter) -> list[StoredInstrument]:
        """All that match, by symbol, exchange, currency."""
        query = select(symbols).where(*_conditions(which)).order_by(*_KEY)
        return [stored_symbol(row) for row in await self._session.all(query)]

    async def page(self, which: SymbolFilter, after: SymbolCursor | None, limit: int) -> list[StoredInstrument]:
        """Those after the cursor, by symbol, exchange, currency."""
        query = select(symbols).where(*_conditions(which)).order_by(*_KEY).limit(limit)
        if after is not None:
            query = query.where(tuple_(*_KEY) > tuple_(*after))
        return [stored_symbol(row) for row in await self._session.all(query)]

    async def count(self, which: SymbolFilter) -> int:
        """How many match."""
        return int(await self._session.scalar(select(func.count()).select_from(symbols).where(*_conditions(which))))

    async def _by_ticker(self, references: Sequence[str]) -> Mapping[str, list[StoredInstrument]]:
        """Every instrument whose ticker is what a reference may mean by one. One array, however many they are."""
        tickers = {reading.symbol for reference in references for reading in readings(reference)}
        asked = [ticker for ticker in tickers if _storable(ticker)]
        found = defaultdict(list)
        for row in await _NAMED.rows(self._session, asked=asked):
            found[row["symbol"]].append(symbol_of(row))
        return found


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
        raise missing(reference)
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
