"""Sessions without a bar in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import bars, daily_prices
from scizor.adapters.sql.tables import session_gaps as gaps
from scizor.domain.collections import SessionGap, SessionState
from scizor.domain.instruments import StoredInstrument
from scizor.domain.intervals import Interval
from scizor.domain.sessions import SessionRange
from scizor.ports.collections import GapKey

_KEY = (gaps.c.symbol_id, gaps.c.interval, gaps.c.session)


class SqlGaps:
    """`ports.collections.SessionGapRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def mark(self, which: GapKey, marked: Sequence[SessionGap], now: datetime) -> None:
        """Record them; what was known of these sessions is replaced. Raises NotFound(SYMBOL_NOT_FOUND)."""
        if not marked:
            return
        rows = [
            {"symbol_id": which.key, "interval": int(which.interval), "mark_time": now}
            | {"session": gap.session, "state": int(gap.state), "reason": gap.reason}
            for gap in marked
        ]
        new = insert(gaps)
        said = {name: new.excluded[name] for name in ("state", "reason", "mark_time")}
        await self._session.execute(new.on_conflict_do_update(index_elements=_KEY, set_=said), rows)

    async def of(self, instrument: StoredInstrument, interval: Interval, which: SessionRange) -> list[SessionGap]:
        """Those in the range, by session."""
        return (await self.of_many([instrument.key], interval, which)).get(instrument.key, [])

    async def of_many(
        self, keys: Sequence[int], interval: Interval, which: SessionRange
    ) -> Mapping[int, list[SessionGap]]:
        """As `of` for several, by storage's number; those without gaps are left out."""
        query = select(gaps).where(gaps.c.symbol_id.in_(keys), gaps.c.interval == int(interval))
        if which.start:
            query = query.where(gaps.c.session >= which.start)
        if which.end:
            query = query.where(gaps.c.session <= which.end)
        found: dict[int, list[SessionGap]] = {}
        for row in await self._session.all(query.order_by(gaps.c.symbol_id, gaps.c.session)):
            gap = SessionGap(row.session, SessionState(row.state), row.reason, row.mark_time)
            found.setdefault(row.symbol_id, []).append(gap)
        return found

    async def forget_present(self, keys: Sequence[int], interval: Interval) -> None:
        """Remove the gaps of these symbols whose session has a bar by now."""
        of_these = (gaps.c.symbol_id.in_(keys), gaps.c.interval == int(interval))
        table = bars if interval.intraday else daily_prices
        same = [table.c.symbol_id == gaps.c.symbol_id, table.c.session == gaps.c.session]
        if interval.intraday:
            same += [
                bars.c.interval == gaps.c.interval,
                bars.c.start_time > gaps.c.session - 2,  # wide enough for every zone, and few bars to look at
                bars.c.start_time < gaps.c.session + 3,
            ]
        await self._session.execute(delete(gaps).where(*of_these, exists().where(*same)))
