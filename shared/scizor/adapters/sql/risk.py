"""Limits, risk events, trading states and equity, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.documents import from_document
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import equity_marks, risk_events, risk_limits, trading_states
from scizor.codec.plain import to_plain
from scizor.domain.errors import Conflict, NotFound, Reason
from scizor.domain.trading.limits import Limit, Rule, Scope
from scizor.domain.trading.rules import Violation
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.trading import AccountState, BreachAction, EquityPoint, RiskEvent, RiskEventKind, StoredLimit

# Ends with the transaction: sequences are seen in their order, and one that is undone leaves no gap.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('risk_events:' || :account, 0))")


class SqlRisk:
    """`ports.trading.RiskRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def limits(self) -> list[StoredLimit]:
        """All, by scope, key and rule."""
        query = select(risk_limits).order_by(risk_limits.c.scope, risk_limits.c.key, risk_limits.c.rule)
        return [_limit(row) for row in await self._session.all(query)]

    async def limit(self, limit_id: str) -> StoredLimit:
        """One. Raises NotFound(RISK_LIMIT_NOT_FOUND)."""
        row = await self._session.first(select(risk_limits).where(risk_limits.c.id == limit_id))
        if row is None:
            raise NotFound(f"no risk limit {limit_id}", Reason.RISK_LIMIT_NOT_FOUND, metadata={"limit": limit_id})
        return _limit(row)

    async def limit_of(self, rule: Rule, scope: Scope, key: str) -> StoredLimit | None:
        """The one of that rule and that key, if any."""
        row = await self._session.first(select(risk_limits).where(*_of(rule, scope, key)))
        return None if row is None else _limit(row)

    async def set_limit(self, stored: StoredLimit, expected_version: int | None) -> None:
        """Store it as it is; an older one of its rule, scope and key is replaced.

        With an `expected_version` only one of that version is. Raises Conflict(ETAG_STALE).
        """
        values = _limit_values(stored)
        if expected_version is None:
            new = insert(risk_limits).values(values)
            replaced = new.on_conflict_do_update(index_elements=["rule", "scope", "key"], set_=values)
            await self._session.execute(replaced)
            return
        known = (*_of(stored.limit.rule, stored.limit.scope, stored.limit.key),)
        changed = update(risk_limits).where(*known, risk_limits.c.version == expected_version).values(values)
        if await self._session.first(changed.returning(risk_limits.c.id)) is None:
            raise _stale(stored.limit.id)

    async def delete_limit(self, limit_id: str, expected_version: int | None) -> StoredLimit:
        """Remove it, and return what it was. Raises NotFound(RISK_LIMIT_NOT_FOUND), Conflict(ETAG_STALE)."""
        query = delete(risk_limits).where(risk_limits.c.id == limit_id)
        if expected_version is not None:
            query = query.where(risk_limits.c.version == expected_version)
        row = await self._session.first(query.returning(risk_limits))
        if row is None:
            await self.limit(limit_id)
            raise _stale(limit_id)
        return _limit(row)

    async def add_event(self, event: RiskEvent) -> RiskEvent:
        """Store it; returns it with its sequence. Others of its account wait until this unit of work ends."""
        await self._session.execute(_ONE_AT_A_TIME, {"account": event.account})
        newest = select(func.max(risk_events.c.sequence)).where(risk_events.c.account == event.account)
        numbered = replace(event, sequence=(await self._session.scalar(newest) or 0) + 1)
        await self._session.execute(insert(risk_events).values(_event_values(numbered)))
        return numbered

    async def events(
        self,
        account: str,
        *,
        after: int = 0,
        before: int | None = None,
        strategy_id: str = "",
        kind: RiskEventKind | None = None,
        start: datetime | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> list[RiskEvent]:
        """Those with a sequence above `after` and below `before`."""
        columns = risk_events.c
        query = select(risk_events).where(columns.account == account, columns.sequence > after)
        if before is not None:
            query = query.where(columns.sequence < before)
        if strategy_id:
            query = query.where(columns.strategy_id == strategy_id)
        if kind is not None:
            query = query.where(columns.kind == int(kind))
        if start is not None:
            query = query.where(columns.time >= start)
        query = query.order_by(columns.sequence.desc() if newest_first else columns.sequence).limit(limit)
        return [_event(row) for row in await self._session.all(query)]

    async def state(self, account: str) -> AccountState | None:
        """As it was set last."""
        row = await self._session.first(select(trading_states).where(trading_states.c.account == account))
        return None if row is None else AccountState(**row._asdict() | {"state": TradingState(row.state)})

    async def set_state(self, state: AccountState) -> None:
        """Latch it."""
        values = asdict(state) | {"state": int(state.state)}
        new = insert(trading_states).values(values)
        await self._session.execute(new.on_conflict_do_update(index_elements=["account"], set_=values))

    async def mark_equity(self, point: EquityPoint) -> None:
        """Remember; of one minute the newest is kept."""
        values = asdict(point) | {"minute": point.time.replace(second=0, microsecond=0)}
        new = insert(equity_marks).values(values)
        later = new.excluded.time >= equity_marks.c.time
        key = ["account", "deployment_id", "minute"]
        await self._session.execute(new.on_conflict_do_update(index_elements=key, set_=values, where=later))

    async def equity(
        self, account: str, deployment_id: str, start: datetime | None = None, limit: int = 100_000
    ) -> list[EquityPoint]:
        """Oldest first, from `start` on."""
        columns = equity_marks.c
        query = select(columns.account, columns.deployment_id, columns.time, columns.session, columns.equity)
        query = query.where(columns.account == account, columns.deployment_id == deployment_id)
        if start is not None:
            minute = start.replace(second=0, microsecond=0)
            query = query.where(columns.minute >= minute, columns.time >= start)
        return [
            EquityPoint(**row._asdict()) for row in await self._session.all(query.order_by(columns.minute).limit(limit))
        ]


def _of(rule: Rule, scope: Scope, key: str) -> Sequence[Any]:
    return risk_limits.c.rule == int(rule), risk_limits.c.scope == int(scope), risk_limits.c.key == key


def _limit_values(stored: StoredLimit) -> dict[str, Any]:
    limit = stored.limit
    return {
        "id": limit.id,
        "rule": int(limit.rule),
        "scope": int(limit.scope),
        "key": limit.key,
        "value": limit.value,
        "on_breach": int(stored.on_breach),
        "update_time": stored.update_time,
        "version": stored.version,
    }


def _limit(row: Row[Any]) -> StoredLimit:
    limit = Limit(row.id, Rule(row.rule), Scope(row.scope), row.key, row.value)
    return StoredLimit(limit, BreachAction(row.on_breach), row.update_time, row.version)


def _stale(limit_id: str) -> Conflict:
    return Conflict(f"risk limit {limit_id} has changed since", Reason.ETAG_STALE, metadata={"limit": limit_id})


def _event_values(event: RiskEvent) -> dict[str, Any]:
    return {
        "account": event.account,
        "sequence": event.sequence,
        "time": event.time,
        "kind": int(event.kind),
        "message": event.message,
        "strategy_id": event.strategy_id,
        "instrument": event.instrument,
        "order_id": event.order_id,
        "violations": [to_plain(one) for one in event.violations],
        "state": None if event.state is None else int(event.state),
    }


def _event(row: Row[Any]) -> RiskEvent:
    return RiskEvent(
        time=row.time,
        kind=RiskEventKind(row.kind),
        account=row.account,
        message=row.message,
        strategy_id=row.strategy_id,
        instrument=row.instrument,
        order_id=row.order_id,
        violations=tuple(from_document(Violation, one) for one in row.violations),
        state=None if row.state is None else TradingState(row.state),
        sequence=row.sequence,
    )
