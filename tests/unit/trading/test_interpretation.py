"""What a broker tells becomes events only where it is news."""

from __future__ import annotations

from decimal import Decimal

import pytest

from scizor.domain.orders import Side
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.interpretation import interpret
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
    Named,
    OrderReport,
    Report,
    StatusReport,
)
from scizor.domain.trading.states import Hold, Order, OrderState
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, TERMS, execution, fill, order_of, shares, then

NAMED = Named("order-1", "17")
MORE = shares(150)


def status(word: BrokerStatus, filled: int = 0, hold: Hold = Hold.NONE, reason: str = "") -> StatusReport:
    return StatusReport(NAMED, word, Decimal(filled), hold, reason)


def told(terms: Terms, standing: StatusReport) -> OrderReport:
    return OrderReport(ACCOUNT, INSTRUMENT, Side.BUY, terms, standing)


def error(category: ErrorCategory, code: int = 201) -> ErrorReport:
    return ErrorReport(NAMED, category, code, "because", Hold.LOCATE if category is ErrorCategory.HELD else Hold.NONE)


def after(order: Order, report: Report) -> Order:
    return then(order, *interpret(order, report))[0]


@pytest.mark.parametrize(
    ("report", "state"),
    [
        (status(BrokerStatus.PENDING), OrderState.PENDING_SUBMIT),
        (status(BrokerStatus.HELD, hold=Hold.TRIGGER), OrderState.ACCEPTED),
        (status(BrokerStatus.WORKING), OrderState.WORKING),
        (status(BrokerStatus.FILLED, 100), OrderState.PENDING_SUBMIT),
        (status(BrokerStatus.CANCELED, reason="by trader"), OrderState.CANCELED),
        (status(BrokerStatus.EXPIRED), OrderState.EXPIRED),
        (status(BrokerStatus.REJECTED), OrderState.REJECTED),
        (status(BrokerStatus.INACTIVE), OrderState.SUSPENDED),
        (error(ErrorCategory.NOTE, 2109), OrderState.PENDING_SUBMIT),
        (error(ErrorCategory.HELD, 404), OrderState.ACCEPTED),
        (error(ErrorCategory.CANCELED, 202), OrderState.CANCELED),
        (error(ErrorCategory.REFUSED), OrderState.REJECTED),
        (error(ErrorCategory.COMMAND_REFUSED, 110), OrderState.REJECTED),
        (error(ErrorCategory.UNKNOWN, 9999), OrderState.PENDING_SUBMIT),
        (ExecutionReport(NAMED, execution("a.01", 100)), OrderState.FILLED),
        (LinkReport(LinkChange.LOST), OrderState.UNKNOWN),
        (LinkReport(LinkChange.RESTORED), OrderState.PENDING_SUBMIT),
    ],
)
def test_a_report_moves_a_new_order_and_is_news_once(report: Report, state: OrderState) -> None:
    order = after(order_of(), report)
    assert order.state is state
    assert [one for one in interpret(order, report) if not isinstance(one, e.Noted)] == []


def test_a_bust_and_a_commission_are_heard() -> None:
    order = order_of(e.Working(), fill(40))
    charged = after(order, CommissionReport(Commission("a.01", Decimal(1), "USD")))
    assert charged.book.commission == {"USD": 1}
    assert after(charged, BustReport("a.01")).filled == 0


def test_the_terms_in_force_answer_a_replacement_that_changes_nothing() -> None:
    order = order_of(e.Working(), e.ReplaceRequested(TERMS))
    assert after(order, told(TERMS, status(BrokerStatus.WORKING))).state is OrderState.WORKING


def test_a_filled_status_fills_nothing_until_the_executions_come() -> None:
    order = after(order_of(e.Working()), status(BrokerStatus.FILLED, 100))
    assert (order.state, order.unseen) == (OrderState.WORKING, Decimal(100))


def test_a_status_that_comes_late_takes_back_nothing_of_what_was_told_to_have_filled() -> None:
    order = after(order_of(e.Working(), e.FillsTold(Decimal(60))), status(BrokerStatus.WORKING, 20))
    assert order.told_filled == Decimal(60)


def test_new_terms_shown_by_the_broker_answer_the_replacement() -> None:
    order = order_of(e.Working(), e.ReplaceRequested(MORE))
    assert after(order, told(TERMS, status(BrokerStatus.WORKING))).state is OrderState.PENDING_REPLACE
    changed = after(order, told(MORE, status(BrokerStatus.WORKING)))
    assert (changed.state, changed.terms) == (OrderState.WORKING, MORE)


def test_old_terms_shown_after_a_lost_link_tell_that_the_replacement_never_arrived() -> None:
    order = order_of(e.Working(), e.ReplaceRequested(MORE), e.LinkLost())
    back = after(order, told(TERMS, status(BrokerStatus.WORKING)))
    assert (back.state, back.pending) == (OrderState.WORKING, None)


def test_an_order_that_filled_before_it_could_grow_is_full() -> None:
    order = order_of(e.Working(), e.ReplaceRequested(MORE), fill(100))
    assert after(order, status(BrokerStatus.FILLED, 100)).state is OrderState.FILLED


@pytest.mark.parametrize("category", [ErrorCategory.REFUSED, ErrorCategory.COMMAND_REFUSED])
def test_a_refusal_while_a_replacement_is_under_way_is_of_the_replacement(category: ErrorCategory) -> None:
    order = after(order_of(e.Working(), e.ReplaceRequested(MORE)), error(category))
    assert (order.state, order.terms, order.code) == (OrderState.WORKING, TERMS, 201)


def test_a_complaint_about_a_command_that_was_not_given_changes_nothing() -> None:
    assert after(order_of(e.Working()), error(ErrorCategory.COMMAND_REFUSED, 110)).state is OrderState.WORKING


def test_an_order_refused_while_its_cancel_is_under_way_is_rejected() -> None:
    refused = error(ErrorCategory.COMMAND_REFUSED, 110)
    assert after(order_of(e.CancelRequested()), refused).state is OrderState.REJECTED
    assert after(order_of(e.Working(), e.CancelRequested()), refused).state is OrderState.PENDING_CANCEL


def test_a_refused_cancel_leads_back_and_asks() -> None:
    order = order_of(e.Working(), e.CancelRequested())
    back, incidents = then(order, *interpret(order, error(ErrorCategory.CANCEL_REFUSED, 10147)))
    assert back.state is OrderState.WORKING
    assert incidents[0].kind.needs_query
    assert ErrorCategory.UNKNOWN.needs_query
    assert not ErrorCategory.REFUSED.needs_query


def test_a_cancel_that_the_broker_has_under_way_is_under_way_whatever_was_refused_since() -> None:
    order = order_of(e.Working(), e.CancelRequested())
    back = after(order, error(ErrorCategory.CANCEL_REFUSED, 161))  # the refusal of a second one
    assert back.state is OrderState.WORKING
    again = after(back, status(BrokerStatus.PENDING_CANCEL))
    assert again.state is OrderState.PENDING_CANCEL
    assert interpret(again, status(BrokerStatus.PENDING_CANCEL)) == ()
    ended = after(again, status(BrokerStatus.CANCELED))
    assert interpret(ended, status(BrokerStatus.PENDING_CANCEL)) == ()
