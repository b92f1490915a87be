"""How events move an order: the one place that does.

What brokers tell comes late, twice and in any order, so every state takes every event: what cannot be is passed over,
what should not be is an incident. A fill wins over a cancel, executions count whatever the state, and nothing a status
says takes a filled order back: only its being changed to more than has filled does. Only clients' commands can be
refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from scizor.domain.errors import DataCorrupt, Reason
from scizor.domain.trading import events as e
from scizor.domain.trading.commands import check_cancel, check_replace
from scizor.domain.trading.executions import ExecutionBook
from scizor.domain.trading.incidents import Incident, IncidentKind
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.states import Hold, Order, OrderState

Moved = tuple[Order, IncidentKind | None]
"""An order, and what should not have happened to it, if anything."""
_SHOWN_BY_A_FILL = frozenset({OrderState.PENDING_SUBMIT, OrderState.ACCEPTED, OrderState.SUSPENDED, OrderState.UNKNOWN})
_SPEAKS_OF_IT = (e.Acknowledged, e.Working, e.Suspended, e.Executed, e.Canceled, e.Expired, e.Replaced, e.Identified)


def apply(order: Order | None, event: e.OrderEvent) -> tuple[Order, tuple[Incident, ...]]:
    """The order after the event, and what should not have happened.

    Raises FailedPrecondition or InvalidInput for a client's command the order does not take, and DataCorrupt where the
    event is not the one that follows.
    """
    if order is None:
        return _placed(event), ()
    if event.sequence != order.sequence + 1 or isinstance(event.payload, e.Placed):
        raise _out_of_place(order.id, event)
    moved, kind = after_hearing(order, event.payload)
    after = replace(moved, sequence=event.sequence, update_time=event.time)
    if kind is None:
        return after, ()
    return after, (Incident(kind, order.id, event.sequence, _told(kind, after, event)),)


def fold(events: Iterable[e.OrderEvent]) -> Order:
    """The order that all its events make. Raises DataCorrupt where they are no whole journal."""
    order: Order | None = None
    for event in events:
        order, _ = apply(order, event)
    if order is None:
        raise DataCorrupt("an order has no events", Reason.DATA_CORRUPT)
    return order


def after_hearing(order: Order, said: e.Payload) -> Moved:
    """The order after what was said, numbers and times left as they are, and what should not have happened."""
    moved, kind = _moved(order, said)
    if isinstance(said, _SPEAKS_OF_IT) and not moved.heard_of:
        moved = replace(moved, heard_of=True)
    return _tidied(moved), kind


def _placed(event: e.OrderEvent) -> Order:
    if event.sequence != 1 or not isinstance(event.payload, e.Placed):
        raise _out_of_place("?", event)
    request = event.payload.request
    return Order(request, request.terms, event.time, event.time)


def _out_of_place(order_id: str, event: e.OrderEvent) -> DataCorrupt:
    message = f"event {event.sequence} ({event.kind.name}) of order {order_id} does not follow from those before it"
    return DataCorrupt(message, Reason.DATA_CORRUPT, metadata={"order": order_id, "sequence": str(event.sequence)})


def _moved(order: Order, said: e.Payload) -> Moved:
    match said:
        case e.Acknowledged() | e.Working() | e.Suspended() | e.Reopened() | e.LinkLost():
            return _standing(order, said)
        case e.Executed() | e.Busted() | e.Charged() | e.FillsTold():
            return _trading(order, said)
        case e.Canceled(reason):
            return _ended(order, OrderState.CANCELED, reason)
        case e.Expired(reason):
            return _ended(order, OrderState.EXPIRED, reason)
        case e.Rejected():
            return _rejected(order, said)
        case e.CancelRequested() | e.ReplaceRequested():
            return _commanded(order, said), None
        case e.CancelRejected() | e.Replaced() | e.ReplaceRejected():
            return _answered(order, said)
        case e.Identified(broker_id):
            return _identified(order, broker_id)
        case _:
            return order, None


def _standing(order: Order, said: e.Standing) -> Moved:
    match said:
        case e.Acknowledged(hold):
            return _alive(order, OrderState.ACCEPTED, hold)
        case e.Working():
            return _alive(order, OrderState.WORKING, Hold.NONE)
        case e.Suspended(reason):
            return _suspended(order, reason), None
        case e.Reopened():
            return _reopened(order)
        case e.LinkLost():
            return (replace(order, phase=OrderState.UNKNOWN) if order.state.in_flight else order), None


def _trading(order: Order, said: e.Trading) -> Moved:
    match said:
        case e.Executed(execution):
            return _traded(order, order.book.with_execution(execution))
        case e.Busted(exec_id):
            return _traded(order, order.book.with_bust(exec_id))
        case e.Charged(commission):
            return replace(order, book=order.book.with_commission(commission)), None
        case e.FillsTold(filled):
            return replace(order, told_filled=filled), None


def _answered(order: Order, said: e.Answer) -> Moved:
    match said:
        case e.Replaced(terms):
            return _replaced(order, terms)
        case e.ReplaceRejected(reason, code):
            return _replace_rejected(order, reason, code), None
        case e.CancelRejected(reason, code):
            return _cancel_rejected(order, reason, code)


def _tidied(order: Order) -> Order:
    """An ended order waits for nothing; one that is full has nothing but its fills to tell."""
    if not order.state.ended:
        return order
    if order.state is OrderState.FILLED:
        # More than the terms in force can fill only if the replacement has been.
        terms = order.pending if order.pending and order.filled > order.terms.quantity else order.terms
        phase = order.phase if order.phase.ended else OrderState.WORKING
        return replace(order, terms=terms, phase=phase, hold=Hold.NONE, pending=None, queued=None)
    # What has filled all of the terms in force and ends otherwise had others in force.
    terms = order.pending if order.pending and order.filled >= order.terms.quantity else order.terms
    return replace(order, terms=terms, hold=Hold.NONE, pending=None, queued=None)


def _alive(order: Order, phase: OrderState, hold: Hold) -> Moved:
    if order.state is OrderState.FILLED:
        return order, None
    if order.phase.ended:
        return order, IncidentKind.ALIVE_AFTER_END
    if order.filled:
        phase, hold = OrderState.WORKING, Hold.NONE
    if order.commanded:
        return replace(order, prior=phase, hold=hold), None
    return replace(order, phase=phase, hold=hold), None


def _traded(order: Order, book: ExecutionBook) -> Moved:
    after = replace(order, book=book)
    if book.filled == order.filled:
        return after, None
    if book.filled < order.filled:
        # What the broker said had filled counted the shares that are gone.
        told = max(order.told_filled - (order.filled - book.filled), Decimal(0))
        return replace(after, told_filled=told), IncidentKind.EXECUTION_VOIDED
    if order.commanded:
        after = replace(after, prior=OrderState.WORKING, hold=Hold.NONE)
    elif order.phase in _SHOWN_BY_A_FILL:
        after = replace(after, phase=OrderState.WORKING, hold=Hold.NONE)
    if book.filled > order.whole:
        return after, IncidentKind.OVERFILL
    return after, IncidentKind.FILL_AFTER_REJECT if order.phase is OrderState.REJECTED else None


def _ended(order: Order, phase: OrderState, reason: str, code: int = 0) -> Moved:
    if order.state.ended:
        return order, None
    return replace(order, phase=phase, reason=reason, code=code), None


def _rejected(order: Order, said: e.Rejected) -> Moved:
    if order.state.ended:
        return order, None
    if order.phase is OrderState.PENDING_REPLACE and (order.filled or not said.gone):
        return _replace_rejected(order, said.reason, said.code), None
    if order.filled:
        return order, IncidentKind.REJECT_AFTER_FILL
    return _ended(order, OrderState.REJECTED, said.reason, said.code)


def _suspended(order: Order, reason: str) -> Order:
    if order.state.ended:
        return order
    if order.commanded:
        return replace(order, prior=OrderState.SUSPENDED, reason=reason)
    return replace(order, phase=OrderState.SUSPENDED, hold=Hold.NONE, reason=reason)


def _reopened(order: Order) -> Moved:
    if order.state is OrderState.FILLED or not order.phase.ended:
        return order, None
    return replace(order, phase=OrderState.WORKING), IncidentKind.ALIVE_AFTER_END


def _identified(order: Order, broker_id: str) -> Moved:
    if broker_id in order.broker_ids:
        return order, None
    known = replace(order, broker_ids=(*order.broker_ids, broker_id))
    return known, IncidentKind.SECOND_BROKER_ORDER if order.broker_ids else None


def _commanded(order: Order, said: e.CancelRequested | e.ReplaceRequested) -> Order:
    prior = order.prior if order.commanded else order.phase
    if isinstance(said, e.CancelRequested):
        check_cancel(order)
        return replace(order, phase=OrderState.PENDING_CANCEL, prior=prior, queued=None)
    check_replace(order, said.terms)
    if order.phase is OrderState.PENDING_REPLACE:
        return replace(order, queued=said.terms)
    return replace(order, phase=OrderState.PENDING_REPLACE, prior=prior, pending=said.terms, queued=None)


def _replaced(order: Order, terms: Terms) -> Moved:
    if order.phase.ended or (order.state is OrderState.FILLED and terms.quantity <= order.filled):
        return order, None
    if terms == order.pending:
        # A cancel that is under way stays so: only what its refusal leads back to is settled.
        phase = order.prior if order.phase is OrderState.PENDING_REPLACE else order.phase
        return replace(order, terms=terms, pending=None, phase=phase), None
    if terms == order.terms:
        return order, None
    return replace(order, terms=terms), IncidentKind.TERMS_CHANGED


def _replace_rejected(order: Order, reason: str, code: int) -> Order:
    if order.state.ended or order.pending is None:
        return order
    phase = order.prior if order.phase is OrderState.PENDING_REPLACE else order.phase
    return replace(order, pending=None, phase=phase, reason=reason, code=code)


def _cancel_rejected(order: Order, reason: str, code: int) -> Moved:
    if order.phase is not OrderState.PENDING_CANCEL:
        return order, None
    replacing = order.pending is not None and order.prior is not OrderState.UNKNOWN
    phase = OrderState.PENDING_REPLACE if replacing else order.prior
    return replace(order, phase=phase, reason=reason, code=code), IncidentKind.CANCEL_REJECTED


def _told(kind: IncidentKind, order: Order, event: e.OrderEvent) -> str:
    spoken = kind.name.lower().replace("_", " ")
    return f"{spoken}: {event.kind.name} came, order {order.id} is {order.state.name}, {order.filled} of {order.whole}"
