"""What is stored beside the events of a command: who gave it, with before and after, and what the caller was told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from scizor.domain.trading.states import Order
from scizor.ports.journal import AuditLine, KeyedAnswer
from scizor.services.trading.desk.drafts import Actor, Answering


def audit_line(actor: Actor, action: str, after: Order, before: Order | None) -> AuditLine:
    """Who did what to an order."""
    return AuditLine(
        after.update_time,
        after.request.account,
        actor.name,
        actor.source,
        action,
        after.id,
        _told(before) if before else "",
        _told(after),
    )


def answers(answering: Answering | None, orders: Sequence[Order]) -> list[KeyedAnswer]:
    """The answer under the request's id, where it has one."""
    if answering is None:
        return []
    answer = answering.encode(orders)
    return [KeyedAnswer(answering.method, answering.request_id, answering.body_hash, answer)]


def _told(order: Order) -> str:
    """As JSON, for people."""
    request, terms = order.request, order.pending or order.terms
    return json.dumps(
        {
            "state": order.state.name,
            "instrument": request.instrument,
            "side": request.side.name,
            "filled": str(order.filled),
            **{name: str(value) for name, value in asdict(terms).items() if value is not None},
        }
    )
