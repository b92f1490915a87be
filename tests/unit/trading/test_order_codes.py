"""The broker's words for orders."""

from __future__ import annotations

import pytest

from scizor.adapters.ib.order_codes import broker_status, hold_of, order_error
from scizor.domain.trading import events as e
from scizor.domain.trading.interpretation import interpret
from scizor.domain.trading.reports import BrokerStatus, ErrorCategory, ErrorReport, Named
from scizor.domain.trading.states import Hold, OrderState
from tests.unit.trading.build import order_of, shares, then

FALSE_CANCELS = (103, 104, 135, 161, 200, 201, 202, 203, 354, 388, 460, 478, 10052, 10147, 10148, 10149, 10311, 10318)
WARNINGS = (165, 399, 492, 2100, 2109, 2199, 10167, 10349)


def heard(code: int, *said: e.Payload) -> OrderState:
    order = order_of(*said)
    category, hold = order_error(code, "because")
    return then(order, *interpret(order, ErrorReport(Named(order.id), category, code, "because", hold)))[0].state


@pytest.mark.parametrize("code", [*FALSE_CANCELS, 10329, 10349, *WARNINGS])
def test_a_working_order_is_ended_by_a_cancel_or_a_refusal_alone(code: int) -> None:
    ends = {201: OrderState.REJECTED, 202: OrderState.CANCELED, 203: OrderState.REJECTED}
    assert heard(code, e.Working()) is ends.get(code, OrderState.WORKING)


@pytest.mark.parametrize("code", WARNINGS)
def test_a_warning_changes_nothing(code: int) -> None:
    assert heard(code) is OrderState.PENDING_SUBMIT
    assert heard(code, e.Working(), e.CancelRequested()) is OrderState.PENDING_CANCEL


@pytest.mark.parametrize("code", [103, 110, 200, 201, 203, 321])
def test_a_refusal_of_a_new_order_rejects_it(code: int) -> None:
    assert heard(code) is OrderState.REJECTED


@pytest.mark.parametrize("code", [104, 105, 110, 201, 329])
def test_a_refused_change_leaves_the_order_as_it_was(code: int) -> None:
    assert heard(code, e.Working(), e.ReplaceRequested(shares(150))) is OrderState.WORKING


@pytest.mark.parametrize("code", [161, 10147, 10148])
def test_a_refused_cancel_leads_back_and_asks(code: int) -> None:
    assert heard(code, e.Working(), e.CancelRequested()) is OrderState.WORKING
    assert order_error(code, "")[0].needs_query


def test_held_orders_are_accepted() -> None:
    text = "Order Message: your order will not be placed at the exchange until the next session opens"
    assert order_error(399, text) == (ErrorCategory.HELD, Hold.SESSION)
    assert order_error(404, "") == (ErrorCategory.HELD, Hold.LOCATE)
    assert heard(404) is OrderState.ACCEPTED


def test_an_unknown_code_changes_nothing_until_somebody_says_what_it_means() -> None:
    assert order_error(4711, "") == (ErrorCategory.UNKNOWN, Hold.NONE)
    assert order_error(4711, "", {4711: ErrorCategory.HELD}) == (ErrorCategory.HELD, Hold.OTHER)
    assert order_error(201, "", {201: ErrorCategory.NOTE}) == (ErrorCategory.NOTE, Hold.NONE)


@pytest.mark.parametrize(
    ("word", "reason", "status"),
    [
        ("ApiPending", "", BrokerStatus.PENDING),
        ("PendingSubmit", "", BrokerStatus.PENDING),
        ("PreSubmitted", "", BrokerStatus.HELD),
        ("Submitted", "", BrokerStatus.WORKING),
        ("PendingCancel", "", BrokerStatus.PENDING_CANCEL),
        ("Filled", "", BrokerStatus.FILLED),
        ("Cancelled", "", BrokerStatus.CANCELED),
        ("ApiCancelled", "", BrokerStatus.CANCELED),
        ("Cancelled", "Order Canceled - reason:DAY order expired", BrokerStatus.EXPIRED),
        ("Inactive", "", BrokerStatus.INACTIVE),
        ("Inactive", "insufficient funds", BrokerStatus.REJECTED),
        ("ValidationError", "", None),
        ("ApiUpdate", "", None),
    ],
)
def test_a_status_word_is_read(word: str, reason: str, status: BrokerStatus | None) -> None:
    assert broker_status(word, reason) is status


@pytest.mark.parametrize(
    ("why", "hold"),
    [("", Hold.TRIGGER), ("locate", Hold.LOCATE), ("child,trigger", Hold.PARENT), ("moon", Hold.OTHER)],
)
def test_why_an_order_is_held_is_read(why: str, hold: Hold) -> None:
    assert hold_of(why) is hold
