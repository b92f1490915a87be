"""Setting and removing limits. They take force once they are committed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from scizor.domain.errors import AlreadyExists, Conflict, NotFound, Reason
from scizor.domain.ids import RANDOM_BYTES, new_id
from scizor.domain.trading.limits import Limit
from scizor.ports.clock import Clock
from scizor.ports.journal import AuditLine
from scizor.ports.storage import UnitOfWork
from scizor.ports.trading import StoredLimit
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.risk.standing import Standing
from scizor.services.trading.use_cases import LimitFilter, LimitWish


@dataclass(frozen=True, slots=True)
class Limits:
    """Reads what is in force; writes in the caller's unit of work, with an audit line."""

    standing: Standing
    clock: Clock

    def page(self, which: LimitFilter, after: tuple[int, str, int] | None, limit: int) -> Sequence[StoredLimit]:
        """By scope, key and rule, those behind `after`."""
        found = sorted(self.standing.stored.values(), key=_place)
        return [one for one in found if _fits(one, which) and (after is None or _place(one) > after)][:limit]

    def one(self, limit_id: str) -> StoredLimit:
        """Raises NotFound(RISK_LIMIT_NOT_FOUND)."""
        found = self.standing.stored.get(limit_id)
        if found is None:
            raise NotFound(f"there is no limit {limit_id}", Reason.RISK_LIMIT_NOT_FOUND, metadata={"limit": limit_id})
        return found

    async def put(self, work: UnitOfWork, wish: LimitWish, actor: Actor) -> StoredLimit:
        """Raises AlreadyExists(RISK_LIMIT_EXISTS) where one is there and no etag was given, Conflict(ETAG_STALE)."""
        before, now = await work.risk.limit_of(wish.rule, wish.scope, wish.key), self.clock.now()
        if before is not None and not wish.etag:
            raise AlreadyExists(
                f"there is a limit {wish.rule.name} of {wish.key}: give its etag ({before.etag}) to change it",
                Reason.RISK_LIMIT_EXISTS,
                metadata={"limit": before.limit.id, "etag": before.etag},
            )
        if wish.etag and (before is None or before.etag != wish.etag):
            raise Conflict("the limit has changed since", Reason.ETAG_STALE)
        limit_id = before.limit.id if before else new_id(int(now.timestamp() * 1000), secrets.token_bytes(RANDOM_BYTES))
        limit = Limit(limit_id, wish.rule, wish.scope, wish.key, wish.value)
        stored = StoredLimit(limit, wish.on_breach, now, before.version + 1 if before else 1)
        await work.risk.set_limit(stored, before.version if before else None)
        await work.audit.add(self._line(actor, "set limit", before, stored))
        return stored

    async def remove(self, work: UnitOfWork, limit_id: str, etag: str, actor: Actor) -> StoredLimit:
        """As it was. Raises NotFound(RISK_LIMIT_NOT_FOUND), Conflict(ETAG_STALE)."""
        expected = int(etag[1:]) if etag[:1] == "v" and etag[1:].isdigit() else -1 if etag else None
        gone = await work.risk.delete_limit(limit_id, expected)
        await work.audit.add(self._line(actor, "delete limit", gone, None))
        return gone

    def _line(self, actor: Actor, action: str, before: StoredLimit | None, after: StoredLimit | None) -> AuditLine:
        one = after or before
        account = one.limit.key if one and one.limit.scope == 1 else ""
        subject = one.limit.id if one else ""
        return AuditLine(
            self.clock.now(), account, actor.name, actor.source, action, subject, _told(before), _told(after)
        )


def _place(one: StoredLimit) -> tuple[int, str, int]:
    return int(one.limit.scope), one.limit.key, int(one.limit.rule)


def _fits(one: StoredLimit, which: LimitFilter) -> bool:
    limit = one.limit
    return which.rule in (None, limit.rule) and which.scope in (None, limit.scope) and which.key in ("", limit.key)


def _told(stored: StoredLimit | None) -> str:
    """As JSON, for people."""
    if stored is None:
        return ""
    limit = stored.limit
    return json.dumps(
        {
            "rule": limit.rule.name,
            "scope": limit.scope.name,
            "key": limit.key,
            "value": str(limit.value),
            "on_breach": stored.on_breach.name,
        }
    )
