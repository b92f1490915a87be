"""The ways out of the table: what arrives late, twice, in another order, or against a command under way."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import DataCorrupt, FailedPrecondition, InvalidInput, Reason
from scizor.domain.orders import OrderType
from scizor.domain.trading import events as e
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.incidents import IncidentKind
from scizor.domain.trading.machine import fold
from scizor.domain.trading.orders import Origin, Terms
from scizor.domain.trading.states import Hold, OrderState
from tests.unit.trading.build import REQUEST, TERMS, events_of, execution, fill, order_of, run, shares, then

MORE, LESS = shares(150), shares(60)


def test_a_fill_wins_over_a_cancel_that_was_under_way() -> None:
    order, incidents = then(order_of(e.Working(), e.CancelRequested()), fill(100), e.Canceled())
    assert (order.state, order.filled, incidents) == (OrderState.FILLED, Decimal(100), [])


def test_a_cancelled_order_keeps_what_had_filled_and_takes_what_comes_late() -> None:
    order = order_of(e.Working(), fill(40), e.Canceled("by trader"))
    assert (order.state, order.filled, order.reason) == (OrderState.CANCELED, Decimal(40), "by trader")
    late, incidents = then(order, fill(30, "b.01"))
    assert (late.state, late.filled, incidents) == (OrderState.CANCELED, Decimal(70), [])
    assert then(late, fill(30, "c.01"))[0].state is OrderState.FILLED


@pytest.mark.parametrize("ending", [e.Canceled(), e.Expired()])
@pytest.mark.parametrize("between", [[], [e.LinkLost()], [e.CancelRequested()]])
def test_what_ends_after_all_of_its_old_terms_has_filled_was_on_the_new_ones(
    ending: e.Payload, between: list[e.Payload]
) -> None:
    order, _ = then(order_of(e.Working(), e.ReplaceRequested(MORE)), *between, fill(100), ending)
    assert order.state in (OrderState.CANCELED, OrderState.EXPIRED)
    assert (order.terms, order.pending, order.remaining) == (MORE, None, Decimal(0))


def test_a_late_submitted_does_not_take_a_filled_order_back() -> None:
    order, incidents = then(order_of(e.Working(), fill(100)), e.Working(), e.FillsTold(Decimal(0)))
    assert (order.state, order.filled, incidents) == (OrderState.FILLED, Decimal(100), [])


def test_what_the_broker_says_has_filled_is_no_fill() -> None:
    order, _ = then(order_of(e.Working()), e.FillsTold(Decimal(60)))
    assert (order.state, order.filled, order.told_filled, order.unseen) == (
        OrderState.WORKING,
        Decimal(0),
        Decimal(60),
        Decimal(60),
    )
    assert then(order, fill(60))[0].unseen == 0


def test_the_same_execution_told_twice_counts_once() -> None:
    order, incidents = then(order_of(e.Working()), fill(40), fill(40), e.Executed(execution("a.01", 40)))
    assert (order.filled, incidents) == (Decimal(40), [])


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    order, incidents = then(order_of(e.Working(), fill(100)), e.Executed(execution("a.02", 60)))
    assert (order.state, order.filled) == (OrderState.PARTIALLY_FILLED, Decimal(60))
    assert [one.kind for one in incidents] == [IncidentKind.EXECUTION_VOIDED]


def test_a_bust_leaves_an_ended_order_ended_as_the_broker_ended_it() -> None:
    order = order_of(e.Working(), fill(40), e.Canceled(), fill(60, "b.01"))
    assert order.state is OrderState.FILLED
    busted, incidents = then(order, e.Busted("b.01"))
    assert (busted.state, busted.filled) == (OrderState.CANCELED, Decimal(40))
    assert incidents[0].kind.needs_query


def test_more_than_was_asked_for_is_counted_and_told() -> None:
    order, incidents = then(order_of(e.Working(), fill(100)), fill(10, "b.01"))
    assert (order.filled, [one.kind for one in incidents]) == (Decimal(110), [IncidentKind.OVERFILL])
    assert (incidents[0].order_id, incidents[0].sequence) == (order.id, order.sequence)


def test_a_rejected_order_that_fills_is_an_incident_and_a_position() -> None:
    order, incidents = then(order_of(e.Rejected("no", 201)), fill(40))
    assert (order.state, order.filled) == (OrderState.REJECTED, Decimal(40))
    assert [one.kind for one in incidents] == [IncidentKind.FILL_AFTER_REJECT]


def test_only_a_command_under_way_makes_a_lost_link_a_question() -> None:
    assert order_of(e.Working(), e.LinkLost()).state is OrderState.WORKING
    assert order_of(e.Working(), e.CancelRequested(), e.LinkLost()).state is OrderState.UNKNOWN
    assert order_of(fill(10), e.LinkLost()).state is OrderState.PARTIALLY_FILLED


def test_a_replacement_leads_back_to_where_the_order_stood() -> None:
    held = order_of(e.Acknowledged(Hold.LOCATE), e.ReplaceRequested(MORE))
    assert (held.state, held.terms, held.pending) == (OrderState.PENDING_REPLACE, TERMS, MORE)
    changed, _ = then(held, e.Replaced(MORE))
    assert (changed.state, changed.hold, changed.terms) == (OrderState.ACCEPTED, Hold.LOCATE, MORE)
    refused, _ = then(held, e.ReplaceRejected("too late", 104))
    assert (refused.state, refused.terms, refused.code) == (OrderState.ACCEPTED, TERMS, 104)


def test_what_was_said_while_a_command_was_under_way_is_where_it_leads_back_to() -> None:
    order = order_of(e.CancelRequested(), e.Acknowledged(Hold.SESSION), e.CancelRejected("no"))
    assert (order.state, order.hold) == (OrderState.ACCEPTED, Hold.SESSION)
    filled = order_of(e.Working(), e.CancelRequested(), fill(40), e.CancelRejected("no"))
    assert filled.state is OrderState.PARTIALLY_FILLED


def test_an_order_put_aside_while_a_cancel_was_under_way_is_aside_if_that_is_refused() -> None:
    order = order_of(e.Working(), e.CancelRequested(), e.Suspended("put aside"))
    assert order.state is OrderState.PENDING_CANCEL
    assert then(order, e.CancelRejected("no"))[0].state is OrderState.SUSPENDED


def test_a_second_replacement_waits_for_the_answer_to_the_first() -> None:
    order = order_of(e.Working(), e.ReplaceRequested(MORE), e.ReplaceRequested(LESS))
    assert (order.pending, order.queued) == (MORE, LESS)
    answered, _ = then(order, e.Replaced(MORE))
    assert (answered.state, answered.queued) == (OrderState.WORKING, LESS)
    sent, _ = then(answered, e.ReplaceRequested(LESS))
    assert (sent.pending, sent.queued) == (LESS, None)


def test_a_cancel_stays_under_way_when_the_replacement_before_it_is_answered() -> None:
    order = order_of(e.Working(), e.ReplaceRequested(LESS), e.CancelRequested())
    assert then(order, e.CancelRejected("no"))[0].state is OrderState.PENDING_REPLACE
    replaced, _ = then(order, e.Replaced(LESS))
    assert (replaced.state, replaced.terms) == (OrderState.PENDING_CANCEL, LESS)
    assert then(replaced, e.CancelRejected("no"))[0].state is OrderState.WORKING


def test_an_order_is_not_full_while_it_may_have_grown() -> None:
    order = order_of(e.Working(), e.ReplaceRequested(MORE), fill(100))
    assert (order.state, order.remaining) == (OrderState.PENDING_REPLACE, Decimal(50))
    assert then(order, e.ReplaceRejected("filled", 104))[0].state is OrderState.FILLED
    assert then(order, e.Replaced(MORE))[0].state is OrderState.PARTIALLY_FILLED
    proven, incidents = then(order, fill(50, "b.01"))
    assert (proven.state, proven.terms, incidents) == (OrderState.FILLED, MORE, [])


def test_an_order_that_shrinks_to_what_has_filled_is_full() -> None:
    order = order_of(e.Working(), fill(40), e.ReplaceRequested(LESS), fill(20, "b.01"))
    assert order.state is OrderState.PENDING_REPLACE
    assert then(order, e.Replaced(LESS))[0].state is OrderState.FILLED


def test_a_reject_ends_a_replacement_or_the_order_if_it_is_gone() -> None:
    order = order_of(e.Working(), e.ReplaceRequested(MORE))
    assert then(order, e.Rejected("no", 201, gone=False))[0].state is OrderState.WORKING
    assert then(order, e.Rejected("no", 201))[0].state is OrderState.REJECTED
    partly, _ = then(order, fill(10), e.Rejected("no", 201))
    assert partly.state is OrderState.PARTIALLY_FILLED


def test_terms_that_nobody_here_asked_for_are_taken_and_told() -> None:
    order, incidents = then(order_of(e.Working()), e.Replaced(LESS))
    assert (order.terms, [one.kind for one in incidents]) == (LESS, [IncidentKind.TERMS_CHANGED])
    assert then(order, e.Replaced(LESS))[1] == []


def test_reconciliation_alone_brings_an_ended_order_back() -> None:
    order, incidents = then(order_of(e.Working(), fill(40), e.Canceled()), e.Reopened())
    assert (order.state, [one.kind.needs_query for one in incidents]) == (OrderState.PARTIALLY_FILLED, [True])
    assert then(order_of(fill(100)), e.Reopened())[0].state is OrderState.FILLED


def test_a_second_broker_order_for_one_of_ours_is_an_incident() -> None:
    order, incidents = then(order_of(), e.Identified("17"), e.Identified("17"), e.Identified("18"))
    assert order.broker_ids == ("17", "18")
    assert [one.kind for one in incidents] == [IncidentKind.SECOND_BROKER_ORDER]


def test_commissions_are_kept_whenever_they_come() -> None:
    commission = e.Charged(Commission("a.01", Decimal("1.05"), "USD"))
    assert order_of(commission, fill(100)).book.commission == {"USD": Decimal("1.05")}
    assert order_of(fill(100), commission).state is OrderState.FILLED


@pytest.mark.parametrize(
    ("said", "reason"),
    [((fill(100),), Reason.ORDER_ENDED), ((e.Working(), e.CancelRequested()), Reason.ORDER_BUSY)],
)
def test_a_change_the_order_cannot_take_says_why(said: tuple[e.Payload, ...], reason: Reason) -> None:
    with pytest.raises(FailedPrecondition) as refused:
        then(order_of(*said), e.ReplaceRequested(MORE))
    assert refused.value.reason is reason


def test_an_order_placed_elsewhere_takes_no_command() -> None:
    external = order_of(e.Working(), request=replace(REQUEST, origin=Origin.EXTERNAL))
    for command in (e.CancelRequested(), e.ReplaceRequested(MORE)):
        with pytest.raises(FailedPrecondition) as refused:
            then(external, command)
        assert refused.value.reason is Reason.ORDER_EXTERNAL


@pytest.mark.parametrize(
    ("terms", "field"),
    [(shares(40), "quantity"), (replace(TERMS, type=OrderType.MARKET, limit=None), "type"), (shares(-1), "quantity")],
)
def test_a_change_no_order_could_take_names_the_field(terms: Terms, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        then(order_of(e.Working(), fill(40)), e.ReplaceRequested(terms))
    assert refused.value.violations[0].field == field


def test_a_journal_with_a_gap_or_two_beginnings_is_corrupt() -> None:
    events = events_of(e.Working(), fill(10))
    for broken in ([], events[1:], [events[0], events[2]], [events[0], events[0]]):
        with pytest.raises(DataCorrupt):
            fold(broken)


TOLD: tuple[e.Payload, ...] = (
    e.Acknowledged(Hold.SESSION),
    e.Working(),
    fill(60, "a.01"),
    e.Executed(execution("a.02", 40)),
    fill(60, "b.01"),
    e.Charged(Commission("b.01", Decimal(1), "USD")),
)


def test_one_story_in_any_order_ends_the_same() -> None:
    for told in permutations(TOLD):
        order = order_of(*told)
        assert (order.state, order.filled) == (OrderState.FILLED, Decimal(100)), told
        assert order.book.commission == {"USD": 1}, told


SAID = st.sampled_from(
    [
        *TOLD,
        *(fill(each, f"{each}.01") for each in (10, 30, 100)),
        e.Busted("b.01"),
        e.Canceled(),
        e.Expired(),
        e.Rejected(),
        e.Suspended(),
        e.LinkLost(),
        e.Reopened(),
        e.CancelRequested(),
        e.CancelRejected(),
        e.ReplaceRequested(MORE),
        e.Replaced(MORE),
        e.ReplaceRejected(),
        e.FillsTold(Decimal(50)),
        e.Noted("hello"),
    ]
)


@given(st.lists(SAID, max_size=25))
def test_whatever_comes_the_order_stays_in_its_senses(said: list[e.Payload]) -> None:
    order = order_of()
    for payload in said:
        before = order
        try:
            order, _ = then(order, payload)
        except (FailedPrecondition, InvalidInput):
            assert isinstance(payload, e.CancelRequested | e.ReplaceRequested)
            continue
        assert order.filled == sum(one.quantity for one in order.book.valid())
        assert (order.state is OrderState.FILLED) == (order.filled >= order.whole)
        assert order.told_filled >= before.told_filled or order.filled < before.filled
        assert order.remaining >= 0
        enlarged = isinstance(payload, e.Replaced) and payload.terms.quantity > order.filled
        if before.state is OrderState.FILLED and order.filled >= before.filled and not enlarged:
            assert order.state is OrderState.FILLED
        if order.state.ended:
            assert order.pending is None is order.queued


@given(st.lists(SAID, max_size=12))
def test_telling_an_answer_twice_changes_nothing_more(said: list[e.Payload]) -> None:
    answers = [one for one in said if not isinstance(one, e.CancelRequested | e.ReplaceRequested)]
    once, _ = run(events_of(*answers))
    last = answers[-1:]
    twice, _ = then(once, *last)
    assert replace(twice, sequence=0, update_time=once.update_time) == replace(once, sequence=0)
