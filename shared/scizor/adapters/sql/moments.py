"""What strategies at work were shown and asked for, in PostgreSQL."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import deployment_moments
from scizor.domain.errors import Conflict, Reason


class SqlMoments:
    """`ports.trading.MomentRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, deployment_id: str, sequence: int, document: str) -> None:
        """The next one. Raises Conflict where there is one of that sequence."""
        row = {"deployment_id": deployment_id, "sequence": sequence, "document": document}
        new = insert(deployment_moments).values(row).on_conflict_do_nothing()
        if await self._session.first(new.returning(deployment_moments.c.sequence)) is None:
            told = {"deployment": deployment_id}
            raise Conflict(f"deployment {deployment_id} has a moment {sequence}", Reason.ETAG_STALE, metadata=told)

    async def page(self, deployment_id: str, after: int, limit: int) -> list[str]:
        """Oldest first, those with a sequence above `after`."""
        column = deployment_moments.c
        query = (
            select(column.document)
            .where(column.deployment_id == deployment_id, column.sequence > after)
            .order_by(column.sequence)
            .limit(limit)
        )
        return [row.document for row in await self._session.all(query)]
