"""Answers by request id in PostgreSQL."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import idempotency_keys as keys
from scizor.domain.errors import AlreadyExists, Reason


class SqlIdempotency:
    """`ports.storage.IdempotencyRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        """Claim the id, or return the stored answer of the same request.

        The unique index makes this wait for another transaction that claims the same id. Raises
        AlreadyExists(REQUEST_ID_REUSED) when the body differs.
        """
        claim = insert(keys).values(method=method, request_id=request_id, body_hash=body_hash)
        await self._session.execute(claim.on_conflict_do_nothing())
        query = select(keys.c.body_hash, keys.c.answer).where(keys.c.method == method, keys.c.request_id == request_id)
        known = (await self._session.execute(query)).one()
        if known.body_hash != body_hash:
            raise AlreadyExists(
                f"request id {request_id} was used for another request",
                Reason.REQUEST_ID_REUSED,
                metadata={"request_id": request_id},
            )
        answer: bytes | None = known.answer
        return answer

    async def finish(self, method: str, request_id: str, answer: bytes) -> None:
        """Store the answer of a claimed id."""
        claimed = (keys.c.method == method, keys.c.request_id == request_id)
        await self._session.execute(update(keys).where(*claimed).values(answer=answer))
