"""Answers by request id in PostgreSQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, text, update
from sqlalchemy.dialects.postgresql import insert

from scizor.adapters.sql.prepared import Prepared
from scizor.adapters.sql.session import Session
from scizor.adapters.sql.tables import idempotency_keys as keys
from scizor.domain.errors import AlreadyExists, Reason

_KEPT_DAYS: Final = 7
_FORGOTTEN_AT_ONCE: Final = 100
"""Well above the one key that each claim adds, so that the table shrinks, and few enough to cost a claim nothing."""

_FORGET = text(f"""
DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_keys WHERE create_time < now() - interval '{_KEPT_DAYS:d} days'
    ORDER BY create_time LIMIT {_FORGOTTEN_AT_ONCE:d} FOR UPDATE SKIP LOCKED
))
""")  # noqa: S608 - built of constants

# A known key is written as it is, which returns it and keeps it from being forgotten meanwhile.
_KNOWN_OR_NEW = Prepared(
    insert(keys)
    .values({name: bindparam(name) for name in ("method", "request_id", "body_hash")})
    .on_conflict_do_update(index_elements=[keys.c.method, keys.c.request_id], set_={"body_hash": keys.c.body_hash})
    .returning(keys.c.body_hash, keys.c.answer)
)
_ANSWERED = Prepared(
    update(keys)
    .where(keys.c.method == bindparam("claimed_by"), keys.c.request_id == bindparam("claimed"))
    .values(answer=bindparam("given"))
    .returning(keys.c.method)
)


class SqlIdempotency:
    """`ports.storage.IdempotencyRepository`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        """Claim the id, or return the stored answer of the same request.

        The unique index makes this wait for another transaction that claims the same id. Raises
        AlreadyExists(REQUEST_ID_REUSED) when the body differs.
        """
        claim = {"method": method, "request_id": request_id, "body_hash": body_hash}
        (known,) = await _KNOWN_OR_NEW.rows(self._session, **claim)
        if known["body_hash"] != body_hash:
            raise request_id_reused(request_id)
        answer: bytes | None = known["answer"]
        if answer is None:
            await self._session.execute(_FORGET)
        return answer

    async def finish(self, method: str, request_id: str, answer: bytes) -> None:
        """Store the answer of a claimed id."""
        await _ANSWERED.rows(self._session, claimed_by=method, claimed=request_id, given=answer)


def request_id_reused(request_id: str) -> AlreadyExists:
    """The id was used with another body."""
    return AlreadyExists(
        f"request id {request_id} was used for another request",
        Reason.REQUEST_ID_REUSED,
        metadata={"request_id": request_id},
    )
