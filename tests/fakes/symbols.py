"""Instruments in a dict."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from scizor.domain.broker import BrokerContract
from scizor.domain.errors import AlreadyExists, Conflict, InvalidInput, NotFound, Reason
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.domain.instruments import Instrument, Reading, StoredInstrument, Verification, ambiguous, readings
from scizor.ports.symbols import Finding, SymbolCursor, SymbolFilter
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeArchive, FakeTables


def key_of(instrument: Instrument) -> SymbolCursor:
    return instrument.symbol, instrument.primary_exchange, instrument.currency


def missing(reference: str) -> NotFound:
    return NotFound(f"symbol {reference} is not stored", Reason.SYMBOL_NOT_FOUND, metadata={"symbol": reference})


class FakeSymbols:
    def __init__(self, tables: FakeTables, journal: Journal, now: Callable[[], datetime]) -> None:
        self._tables, self._journal, self._now = tables, journal, now

    async def add(self, instrument: Instrument) -> StoredInstrument:
        if await self.add_missing([instrument]) == 0:
            name = f"{instrument.id}.{instrument.currency}"
            raise AlreadyExists(f"symbol {name} is stored already", Reason.SYMBOL_EXISTS, metadata={"symbol": name})
        return self._tables.symbols[self._tables.last_key]

    async def add_missing(self, instruments: Sequence[Instrument]) -> int:
        known = {key_of(stored.instrument) for stored in self._tables.symbols.values()}
        before = len(known)
        for instrument in instruments:
            if key_of(instrument) not in known:
                known.add(key_of(instrument))
                self._tables.last_key += 1
                key, now = self._tables.last_key, self._now()
                stored = StoredInstrument(key, instrument, None, Verification.NEVER, now, now, 1)
                self._journal.put(self._tables.symbols, key, stored)
        return len(known) - before

    async def get(self, reference: str, *, locked: bool = False) -> StoredInstrument:
        for reading in readings(reference):
            found = [stored for stored in self._tables.symbols.values() if _matches(stored.instrument, reading)]
            if len(found) > 1:
                raise ambiguous(reference, [stored.instrument for stored in found])
            if found:
                return found[0]
        raise missing(reference)

    async def get_many(self, references: Sequence[str]) -> list[StoredInstrument]:
        return [await self.get(reference) for reference in references]

    async def find_many(self, references: Sequence[str]) -> list[StoredInstrument | None]:
        return [await self._found(reference) for reference in references]

    async def update(self, key: int, instrument: Instrument, expected_etag: str) -> StoredInstrument:
        stored = self._tables.symbols.get(key)
        if stored is None:
            raise missing(instrument.id)
        if expected_etag and expected_etag != stored.etag:
            raise Conflict(
                f"symbol {stored.instrument.id} was changed since it was read",
                Reason.ETAG_STALE,
                metadata={"symbol": stored.instrument.id, "etag": stored.etag},
            )
        symbol, exchange, currency = key_of(stored.instrument)
        kept = replace(instrument, symbol=symbol, primary_exchange=exchange, currency=currency)
        updated = replace(
            stored,
            instrument=kept,
            version=stored.version + 1,
            update_time=self._now(),
            deactivate_time=None if kept.active else stored.deactivate_time,
        )
        self._journal.put(self._tables.symbols, key, updated)
        return updated

    async def verified(self, key: int, finding: Finding, now: datetime) -> StoredInstrument:
        stored = self._tables.symbols.get(key)
        if stored is None:
            raise missing(str(key))
        active = stored.instrument.active if finding.active is None else finding.active
        if active is not stored.instrument.active:
            instrument = replace(stored.instrument, active=active)
            stored = replace(stored, instrument=instrument, version=stored.version + 1, update_time=self._now())
        deactivated = (stored.deactivate_time or now) if finding.active is False else stored.deactivate_time
        if finding.contract is not None:
            self._journal.put(self._tables.contracts, key, finding.contract)
        known = self._tables.contracts.get(key)
        verified = replace(
            stored,
            last_verified=now,
            verified_result=finding.result,
            verified_reason=finding.reason,
            contract_id=known.con_id if known else 0,
            deactivate_time=None if active else deactivated,
        )
        self._journal.put(self._tables.symbols, key, verified)
        return verified

    async def contracts(self, keys: Sequence[int]) -> Mapping[int, BrokerContract]:
        return {key: self._tables.contracts[key] for key in keys if key in self._tables.contracts}

    async def archive(self, key: int, reason: str, now: datetime) -> str:
        if key not in self._tables.symbols:
            raise missing(str(key))
        tables, archive_id = self._tables, new_id(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))
        archive = FakeArchive(
            stored=tables.symbols[key],
            reason=reason,
            archive_time=now,
            bars=tuple(bar for place, bar in sorted(tables.bars.items()) if place[0] == key),
            revisions=tuple(bar for place, bar in sorted(tables.revisions.items()) if place[0] == key),
            intraday=tuple(bar for place, bar in sorted(tables.intraday.items()) if place[0] == key),
            actions=tuple(action for place, action in sorted(tables.actions.items()) if place[0] == key),
        )
        self._journal.put(tables.archives, archive_id, archive)
        await self.delete(key)
        return archive_id

    async def delete(self, key: int) -> None:
        if key not in self._tables.symbols:
            raise missing(str(key))
        self._journal.remove(self._tables.symbols, key)
        if key in self._tables.contracts:
            self._journal.remove(self._tables.contracts, key)
        tables = self._tables
        owned: tuple[dict[Any, Any], ...] = (
            tables.bars,
            tables.revisions,
            tables.intraday,
            tables.actions,
            tables.flags,
            tables.gaps,
        )
        for table in owned:
            for place in [place for place in table if place[0] == key]:
                self._journal.remove(table, place)

    async def all(self, which: SymbolFilter) -> list[StoredInstrument]:
        return sorted(self._matching(which), key=lambda stored: key_of(stored.instrument))

    async def page(self, which: SymbolFilter, after: SymbolCursor | None, limit: int) -> list[StoredInstrument]:
        found = await self.all(which)
        return [stored for stored in found if after is None or key_of(stored.instrument) > after][:limit]

    async def count(self, which: SymbolFilter) -> int:
        return len(self._matching(which))

    async def _found(self, reference: str) -> StoredInstrument | None:
        try:
            return await self.get(reference)
        except (NotFound, InvalidInput):
            return None

    def _matching(self, which: SymbolFilter) -> list[StoredInstrument]:
        return [
            stored
            for stored in self._tables.symbols.values()
            if which.primary_exchange in ("", stored.instrument.primary_exchange)
            and which.group in ("", stored.instrument.group)
            and (stored.instrument.active or not which.active_only)
        ]


def _matches(instrument: Instrument, reading: Reading) -> bool:
    return (
        instrument.symbol == reading.symbol
        and reading.primary_exchange in (None, instrument.primary_exchange)
        and reading.currency in (None, instrument.currency)
    )
