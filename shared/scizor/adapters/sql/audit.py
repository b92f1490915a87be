"""Who did what, in PostgreSQL."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import insert, select

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import audit_log
from scizor.ports.journal import AuditLine

_NAMES = tuple(one.name for one in fields(AuditLine))


class SqlAudit:
    """`ports.trading.AuditRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, line: AuditLine) -> None:
        """Write it down."""
        await self._session.execute(insert(audit_log).values({name: getattr(line, name) for name in _NAMES}))

    async def lines(self, account: str, limit: int) -> list[AuditLine]:
        """Newest first."""
        query = select(*(audit_log.c[name] for name in _NAMES)).where(audit_log.c.account == account)
        rows = await self._session.all(query.order_by(audit_log.c.id.desc()).limit(limit))
        return [AuditLine(**row._asdict()) for row in rows]
