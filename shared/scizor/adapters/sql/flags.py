"""Flags of stored bars in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import bar_flags as flags
from scizor.adapters.sql.tables import symbols
from scizor.domain.instruments import StoredInstrument
from scizor.domain.quality import DataFlag, FlagKind, StoredFlag

_KEY = (flags.c.symbol_id, flags.c.kind, flags.c.session)
_FLAGS = select(flags, symbols.c.symbol, symbols.c.primary_exchange).join(symbols)


class SqlFlags:
    """`ports.flags.FlagRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def raise_(self, key: int, flags_: Sequence[DataFlag], now: datetime) -> None:
        """Record them; one that is there already keeps its time. Raises NotFound(SYMBOL_NOT_FOUND)."""
        if not flags_:
            return
        rows = [
            {"symbol_id": key, "create_time": now}
            | {"kind": int(flag.kind), "session": flag.session, "detail": flag.detail, "ratio": flag.ratio}
            for flag in flags_
        ]
        new = insert(flags)
        said = {"detail": new.excluded.detail, "ratio": new.excluded.ratio}
        await self._session.execute(new.on_conflict_do_update(index_elements=_KEY, set_=said), rows)

    async def lower(self, key: int, kind: FlagKind, session: date) -> None:
        """Remove the flag of that session, if there is one."""
        this = (flags.c.symbol_id == key, flags.c.kind == int(kind), flags.c.session == session)
        await self._session.execute(delete(flags).where(*this))

    async def newest(self, instrument: StoredInstrument | None, limit: int) -> list[StoredFlag]:
        """Of the instrument, or of all; newest first, those of one time by session, newest first."""
        query = _FLAGS.order_by(
            flags.c.create_time.desc(),
            flags.c.session.desc(),
            symbols.c.symbol,
            symbols.c.primary_exchange,
            flags.c.kind,
        )
        if instrument is not None:
            query = query.where(flags.c.symbol_id == instrument.key)
        return [
            StoredFlag(
                f"{row.symbol}.{row.primary_exchange}",
                DataFlag(FlagKind(row.kind), row.session, row.detail, row.ratio),
                row.create_time,
            )
            for row in await self._session.all(query.limit(limit))
        ]
