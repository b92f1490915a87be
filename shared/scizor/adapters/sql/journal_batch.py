"""A batch for the journal as the one document that the function `append_to_journal` takes.

What of it is derived (where orders stand, their executions) is told once for each, as it is after the batch.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from typing import Any

from scizor.adapters.sql.order_payloads import payload_document
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Execution, ExecutionBook, split_exec_id
from scizor.domain.trading.states import Order
from scizor.ports.journal import AuditLine, Batch, Entry, KeyedAnswer, Posting

Document = dict[str, Any]
_AUDIT = tuple(one.name for one in fields(AuditLine) if one.name != "time")


def batch_document(batch: Batch) -> str:
    """The batch as JSON; what is empty is left out."""
    by_order = _by_order(batch.entries)
    parts = {
        "events": [_event(entry) for entry in batch.entries],
        "placed": [_placed(entries) for entries in by_order if _is_new(entries)],
        "moved": [_moved(entries) for entries in by_order if not _is_new(entries)],
        "executions": [row for entries in by_order for row in _executions(entries)],
        "identified": [_identified(entry) for entry in batch.entries if isinstance(entry.event.payload, e.Identified)],
        "postings": [_posting(posting) for posting in batch.postings],
        "answers": [_answer(answer) for answer in batch.answers],
        "audit": [_audit(line) for line in batch.audit],
    }
    return json.dumps({name: rows for name, rows in parts.items() if rows})


def _by_order(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of each order, orders by their first."""
    if len(entries) == 1:
        return [list(entries)]
    first: dict[str, int] = {}
    for entry in entries:
        first.setdefault(entry.order.id, entry.sequence)
    ordered = sorted(entries, key=lambda entry: (first[entry.order.id], entry.sequence))
    return [list(group) for _, group in groupby(ordered, key=lambda entry: entry.order.id)]


def _is_new(entries: Sequence[Entry]) -> bool:
    return entries[0].event.sequence == 1


def _event(entry: Entry) -> Document:
    event = entry.event
    return {
        "sequence": entry.sequence,
        "order_id": entry.order.id,
        "order_sequence": event.sequence,
        "time": event.time.isoformat(),
        "source": int(event.source),
        "kind": int(event.kind),
        "payload": payload_document(event.payload),
    }


def _placed(entries: Sequence[Entry]) -> Document:
    order = entries[-1].order
    request = order.request
    return {
        "id": request.id,
        "client_order_id": request.client_order_id,
        "instrument": request.instrument,
        "side": int(request.side),
        "strategy_id": request.strategy_id,
        "deployment_id": request.deployment_id,
        "origin": int(request.origin),
        "group": request.group,
        "parent_id": request.parent_id or None,
        "number": entries[0].number,
        "create_time": order.create_time.isoformat(),
        **_standing(entries),
    }


def _moved(entries: Sequence[Entry]) -> Document:
    """`after`: which event the batch goes on from; `opened`: whether it was open in between, and ended anew if at all.

    An order that had ended keeps its time of ending, which only the row knows.
    """
    opened = any(not entry.order.state.ended for entry in entries)
    return {
        "id": entries[0].order.id,
        "after": entries[0].event.sequence - 1,
        "opened": opened,
        **_standing(entries),
    }


def _standing(entries: Sequence[Entry]) -> Document:
    order, ended = entries[-1].order, _end_time(entries)
    return {
        "sequence": order.sequence,
        "state": int(order.state),
        "update_time": order.update_time.isoformat(),
        "end_time": ended.isoformat() if ended else None,
    }


def _end_time(entries: Sequence[Entry]) -> datetime | None:
    """When the order ended last, as far as these entries tell; None while it is open."""
    ended: datetime | None = None
    for entry in reversed(entries):
        if not entry.order.state.ended:
            break
        ended = entry.event.time
    return ended


def _executions(entries: Sequence[Entry]) -> Iterable[Document]:
    """Each execution that these entries speak of and that is known, as it is after them."""
    order = entries[-1].order
    reconciled: dict[str, bool] = {}
    for entry in entries:
        root = _root(entry.event.payload)
        execution = order.book.by_root.get(root)
        if execution is not None and not reconciled.get(root):
            told = entry.event.payload == e.Executed(execution)
            reconciled[root] = told and entry.event.source is e.Source.RECONCILE
    for root, was in reconciled.items():
        yield _execution(order, order.book.by_root[root], reconciled=was)


def _root(payload: e.Payload) -> str:
    """Of the execution it is about; empty for what is about none."""
    match payload:
        case e.Executed(execution):
            return execution.root_id
        case e.Busted(exec_id):
            return split_exec_id(exec_id)[0]
        case e.Charged(commission):
            return split_exec_id(commission.exec_id)[0]
        case _:
            return ""


def _execution(order: Order, execution: Execution, *, reconciled: bool) -> Document:
    commission = order.book.commission_of(execution)
    return {
        "order_id": order.id,
        "root_id": execution.root_id,
        "revision": execution.revision,
        "exec_id": execution.exec_id,
        "instrument": execution.instrument,
        "side": int(execution.side),
        "quantity": str(execution.quantity),
        "price": str(execution.price),
        "time": execution.time.isoformat(),
        "commission": str(commission.amount) if commission else None,
        "currency": commission.currency if commission else None,
        "busted": is_void(order.book, execution),
        "reconciled": reconciled,
        "strategy_id": order.request.strategy_id,
        "deployment_id": order.request.deployment_id,
    }


def is_void(book: ExecutionBook, execution: Execution) -> bool:
    """Whether the newest revision of an execution does not count."""
    return not execution.quantity or execution.revision <= book.busts.get(execution.root_id, -1)


def _identified(entry: Entry) -> Document:
    payload = entry.event.payload
    return {"order_id": entry.order.id, "broker_id": payload.broker_id if isinstance(payload, e.Identified) else ""}


def _posting(posting: Posting) -> Document:
    return {
        "kind": int(posting.kind),
        "time": posting.time.isoformat(),
        "instrument": posting.instrument,
        "shares": str(posting.shares),
        "price": str(posting.price),
        "ratio": str(posting.ratio),
        "currency": posting.currency,
        "amount": str(posting.amount),
        "note": posting.note,
    }


def _answer(answer: KeyedAnswer) -> Document:
    return {
        "method": answer.method,
        "request_id": answer.request_id,
        "body_hash": b64encode(answer.body_hash).decode(),
        "answer": b64encode(answer.answer).decode(),
    }


def _audit(line: AuditLine) -> Document:
    return {"time": line.time.isoformat(), **{name: getattr(line, name) for name in _AUDIT}}
