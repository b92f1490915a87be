"""From what a broker tells of an order to what happened to it: only what is news, so that a repetition is no event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from scizor.domain.orders import OrderType
from scizor.domain.trading import events as e
from scizor.domain.trading.machine import after_hearing
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reports import (
    BrokerStatus,
    BustReport,
    CommissionReport,
    ErrorCategory,
    ErrorReport,
    ExecutionReport,
    LinkChange,
    LinkReport,
    OrderReport,
    Report,
    StatusReport,
)
from scizor.domain.trading.states import Hold, Order, OrderState

_OVER = frozenset(
    {BrokerStatus.FILLED, BrokerStatus.CANCELED, BrokerStatus.EXPIRED, BrokerStatus.REJECTED, BrokerStatus.INACTIVE}
)


def interpret(order: Order, report: Report) -> tuple[e.Payload, ...]:
    """What the report says that this order's events do not say yet, in the order in which it is to be applied."""
    return news(order, _said(order, report))


def news(order: Order, said: Iterable[e.Payload]) -> tuple[e.Payload, ...]:
    """Those that change the order, or should not have been said, each after the ones before it."""
    told: list[e.Payload] = []
    for payload in said:
        after, incident = after_hearing(order, payload)
        if after != order or incident is not None or isinstance(payload, e.Noted):
            told.append(payload)
        order = after
    return tuple(told)


def _said(order: Order, report: Report) -> list[e.Payload]:
    match report:
        case StatusReport():
            return [*_identity(report.named.broker_id), *_standing(order, report)]
        case OrderReport():
            identity = _identity(report.named.broker_id)
            return [*identity, *_terms(order, report), *_standing(order, report.standing)]
        case ExecutionReport():
            return [*_identity(report.named.broker_id), e.Executed(report.execution)]
        case BustReport(exec_id):
            return [e.Busted(exec_id)]
        case CommissionReport(commission):
            return [e.Charged(commission)]
        case ErrorReport():
            return [_complaint(order, report)]
        case LinkReport(change):
            return [e.LinkLost()] if change is LinkChange.LOST else []


def _identity(broker_id: str) -> list[e.Payload]:
    return [e.Identified(broker_id)] if broker_id else []


def _terms(order: Order, report: OrderReport) -> list[e.Payload]:
    # Brokers leave out prices and quantities of orders that have ended, and what comes late must not reopen one.
    if report.standing.status in _OVER or order.state.ended:
        return []
    told = _as_asked(report.terms, *filter(None, (order.pending, order.terms)))
    said: list[e.Payload] = []
    if told == order.pending or told != order.terms:
        said.append(e.Replaced(told))
    if order.pending not in (None, told) and not order.commanded:
        said.append(e.ReplaceRejected("the broker has it on other terms"))
    return said


def _as_asked(told: Terms, *asked: Terms) -> Terms:
    """The terms that were asked for, where those told differ by no more than brokers leave out.

    They tell where a trail's stop is by now and not where it began, and times to the second.
    """
    for one in asked:
        stop = told.stop if one.type is not OrderType.TRAILING else one.stop
        good_till = told.good_till
        if good_till and one.good_till and good_till == one.good_till.replace(microsecond=0):
            good_till = one.good_till
        if replace(told, stop=stop, good_till=good_till) == one:
            return one
    return told


def _standing(order: Order, report: StatusReport) -> list[e.Payload]:
    # Statuses are repeated and overtake each other: the most that was told counts.
    said: list[e.Payload] = [e.FillsTold(report.filled)] if report.filled > order.told_filled else []
    match report.status:
        case BrokerStatus.HELD:
            said.append(e.Acknowledged(report.hold or Hold.OTHER))
        case BrokerStatus.WORKING:
            said.append(e.Working())
        case BrokerStatus.PENDING_CANCEL if not (order.external or order.state.ended):
            said.append(e.CancelRequested())  # the refusal of a second cancel is not the first one's
        case BrokerStatus.FILLED if order.pending is not None and report.filled < order.pending.quantity:
            said.append(e.ReplaceRejected("it had filled"))
        case BrokerStatus.FILLED if order.pending is not None and report.filled < order.terms.quantity:
            said.append(e.Replaced(order.pending))  # so few are all of it only on those terms
        case BrokerStatus.CANCELED:
            said.append(e.Canceled(report.reason))
        case BrokerStatus.EXPIRED:
            said.append(e.Expired(report.reason))
        case BrokerStatus.REJECTED:
            said.append(e.Rejected(report.reason))
        case BrokerStatus.INACTIVE:
            said.append(e.Suspended(report.reason))
    return said


def _complaint(order: Order, report: ErrorReport) -> e.Payload:
    text, code = report.text, report.code
    match report.category:
        case ErrorCategory.HELD if not order.state.ended:
            return e.Acknowledged(report.hold or Hold.OTHER)
        case ErrorCategory.CANCELED:
            return e.Canceled(text)
        case ErrorCategory.CANCEL_REFUSED:
            return e.CancelRejected(text, code)
        case ErrorCategory.REFUSED:
            return e.Rejected(text, code, gone=order.phase is not OrderState.PENDING_REPLACE)
        case ErrorCategory.COMMAND_REFUSED if order.pending is not None:
            return e.ReplaceRejected(text, code)
        case ErrorCategory.COMMAND_REFUSED if _only_placed(order):
            return e.Rejected(text, code)
        case _:
            return e.Noted(text, code)


def _only_placed(order: Order) -> bool:
    """Whether the one command the broker can mean is the order itself: a cancel has complaints of its own."""
    cancelling = order.phase is OrderState.PENDING_CANCEL
    return (order.prior if cancelling else order.phase) is OrderState.PENDING_SUBMIT
