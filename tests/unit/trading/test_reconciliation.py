"""Our books are made to agree with the broker's, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.orders import Side, TimeInForce
from scizor.domain.trading import events as e
from scizor.domain.trading.differences import DifferenceKind
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.machine import fold
from scizor.domain.trading.orders import Origin, Terms
from scizor.domain.trading.reconciliation import OurBooks, Reconciliation, external_id, reconcile
from scizor.domain.trading.reports import (
    BrokerStatus,
    ExecutionReport,
    HeldPosition,
    Named,
    OrderReport,
    Snapshot,
    StatusReport,
)
from scizor.domain.trading.states import Order, OrderState
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, NOW, REQUEST, TERMS, events_of, execution, run, shares

ASKED = NOW + timedelta(minutes=5)
LATER = ASKED + timedelta(seconds=1)
OURS = Named("order-1", "17")
FOREIGN = Named("", "99")
EMPTY = Snapshot(ACCOUNT, ASKED, NOW - timedelta(hours=10))


def ours(*said: e.Payload) -> tuple[OurBooks, list[e.OrderEvent]]:
    journal = events_of(*said)
    order, _ = run(journal)
    return books([order]), journal


def books(orders: Sequence[Order]) -> OurBooks:
    held = sum((one.filled * int(one.request.side) for one in orders), Decimal(0))
    paid = sum((one.book.value * int(one.request.side) for one in orders), Decimal(0))
    return OurBooks({one.id: one for one in orders}, {INSTRUMENT: held}, {"USD": -paid})


def told(status: BrokerStatus, filled: int = 0, terms: Terms = TERMS, named: Named = OURS) -> OrderReport:
    return OrderReport(ACCOUNT, INSTRUMENT, Side.BUY, terms, StatusReport(named, status, Decimal(filled)))


def holding(quantity: int) -> tuple[HeldPosition, ...]:
    return (HeldPosition(INSTRUMENT, Decimal(quantity), Decimal(50)),) if quantity else ()


def kinds(found: Reconciliation) -> list[DifferenceKind]:
    return [one.kind for one in found.differences]


def settled(before: OurBooks, snapshot: Snapshot, now: datetime = LATER) -> Reconciliation:
    """Reconciled, and proven to leave nothing for a second time."""
    found = reconcile(before, snapshot, now)
    for asked in (snapshot.asked_time, now + timedelta(minutes=1)):
        again = reconcile(replace(before, orders=found.orders), replace(snapshot, asked_time=asked), now)
        assert again.events == ()
    assert all(event.source is e.Source.RECONCILE for _, event in found.events)
    return found


def test_books_that_agree_need_nothing() -> None:
    before, _ = ours(e.Identified("17"), e.Working())
    found = settled(before, replace(EMPTY, open_orders=(told(BrokerStatus.WORKING),)))
    assert (found.events, found.differences) == ((), ())


def test_fills_that_were_missed_are_booked_with_their_costs() -> None:
    before, journal = ours(e.Identified("17"), e.Working())
    snapshot = replace(
        EMPTY,
        completed_orders=(told(BrokerStatus.FILLED, 100),),
        executions=(ExecutionReport(OURS, execution("a.01", 60)), ExecutionReport(OURS, execution("b.01", 40))),
        commissions=(Commission("a.01", Decimal("1.00"), "USD"),),
        positions=holding(100),
        cash={"USD": Decimal(-5001)},
    )
    found = settled(before, snapshot)
    order = found.orders["order-1"]
    assert (order.state, order.book.commission) == (OrderState.FILLED, {"USD": Decimal(1)})
    assert kinds(found) == [DifferenceKind.MISSING_FILL, DifferenceKind.MISSING_FILL]
    assert fold([*journal, *(event for _, event in found.events)]) == order


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ((e.Working(), e.CancelRequested(), e.LinkLost()), OrderState.WORKING),
        ((e.LinkLost(),), OrderState.WORKING),
        ((e.Working(), e.ReplaceRequested(shares(150)), e.LinkLost()), OrderState.WORKING),
        ((e.Working(), e.CancelRequested()), OrderState.WORKING),
        ((e.Working(), e.ReplaceRequested(shares(150))), OrderState.WORKING),
        ((e.Working(), e.Canceled("a false cancel")), OrderState.WORKING),
    ],
)
def test_an_order_the_broker_has_open_is_open(said: tuple[e.Payload, ...], state: OrderState) -> None:
    before, _ = ours(*said)
    found = settled(before, replace(EMPTY, open_orders=(told(BrokerStatus.WORKING),)))
    order = found.orders["order-1"]
    assert (order.state, order.terms, order.pending, order.broker_ids) == (state, TERMS, None, ("17",))


def test_a_replacement_in_force_at_the_broker_is_in_force_here() -> None:
    before, _ = ours(e.Working(), e.ReplaceRequested(shares(150)), e.LinkLost())
    found = settled(before, replace(EMPTY, open_orders=(told(BrokerStatus.WORKING, 0, shares(150)),)))
    assert (found.orders["order-1"].terms, found.orders["order-1"].state) == (shares(150), OrderState.WORKING)


def test_an_unknown_order_that_the_broker_never_heard_of_did_not_arrive() -> None:
    before, _ = ours(e.LinkLost())
    found = settled(before, EMPTY)
    assert found.orders["order-1"].state is OrderState.REJECTED
    assert kinds(found) == [DifferenceKind.NEVER_ARRIVED]


def test_an_order_nobody_heard_of_did_not_arrive_whatever_was_asked_of_it_since() -> None:
    before, _ = ours(e.LinkLost(), e.CancelRequested(), e.LinkLost())
    assert settled(before, EMPTY).orders["order-1"].state is OrderState.REJECTED


def test_a_command_just_sent_is_left_alone() -> None:
    before, _ = ours()
    assert reconcile(before, replace(EMPTY, asked_time=NOW + timedelta(seconds=2)), LATER).events == ()


def test_silence_proves_nothing_beyond_the_brokers_books_unless_the_position_agrees() -> None:
    before, _ = ours(e.Working(), e.CancelRequested(), e.LinkLost())
    short_memory = replace(EMPTY, covered_since=ASKED)
    unproven = settled(before, replace(short_memory, positions=holding(30)))
    assert unproven.orders["order-1"].state is OrderState.UNKNOWN
    assert kinds(unproven) == [DifferenceKind.UNPROVEN, DifferenceKind.POSITION]
    proven = settled(before, short_memory)
    assert proven.orders["order-1"].state is OrderState.EXPIRED


def test_an_order_that_is_gone_was_cancelled() -> None:
    terms = replace(TERMS, tif=TimeInForce.GTC)
    order, _ = run(events_of(e.Working(), request=replace(REQUEST, terms=terms)))
    found = settled(books([order]), EMPTY)
    assert (found.orders["order-1"].state, kinds(found)) == (OrderState.CANCELED, [DifferenceKind.GONE])


@pytest.mark.parametrize("heard", [0, 60, 100])
def test_an_order_that_others_made_larger_is_open_though_all_of_ours_has_filled(heard: int) -> None:
    fills = [e.Executed(execution(f"a{part}.01", 20)) for part in range(5)]
    before, _ = ours(e.Identified("17"), e.Working(), *fills[: heard // 20])
    snapshot = replace(
        EMPTY,
        open_orders=(told(BrokerStatus.WORKING, 100, shares(150)),),
        executions=tuple(ExecutionReport(OURS, one.execution) for one in fills),
        positions=holding(100),
        cash={"USD": Decimal(-5000)},
    )
    found = settled(before, snapshot)
    order = found.orders["order-1"]
    assert (order.state, order.terms, order.remaining) == (OrderState.PARTIALLY_FILLED, shares(150), Decimal(50))
    assert DifferenceKind.ALIVE in kinds(found)


def test_what_is_gone_and_had_filled_but_for_an_unanswered_replacement_is_filled() -> None:
    asked = e.ReplaceRequested(shares(150))
    mine, _ = ours(e.Identified("17"), e.Working(), asked, e.Executed(execution("a.01", 100)), e.LinkLost())
    found = reconcile(mine, replace(EMPTY, positions=holding(100), cash={"USD": Decimal(-5000)}), LATER)
    assert (found.orders["order-1"].state, kinds(found)) == (OrderState.FILLED, [DifferenceKind.GONE])
    assert found.orders["order-1"].terms == TERMS


def test_orders_placed_elsewhere_are_taken_up_to_be_watched() -> None:
    snapshot = replace(
        EMPTY,
        open_orders=(told(BrokerStatus.WORKING, 40, named=FOREIGN),),
        executions=(
            ExecutionReport(FOREIGN, execution("f.01", 40)),
            ExecutionReport(Named("", "98"), execution("g.01", 4)),
            ExecutionReport(Named("", "98"), execution("h.01", 6)),
        ),
        positions=holding(50),
        cash={"USD": Decimal(-2500)},
    )
    found = settled(OurBooks({}), snapshot)
    watched = found.orders[external_id(ACCOUNT, "99")]
    assert (watched.request.origin, watched.state) == (Origin.EXTERNAL, OrderState.PARTIALLY_FILLED)
    assert found.orders[external_id(ACCOUNT, "98")].state is OrderState.FILLED
    assert {DifferenceKind.POSITION, DifferenceKind.CASH}.isdisjoint(kinds(found))


def test_what_no_event_can_settle_is_told() -> None:
    before, _ = ours(e.Working())
    snapshot = replace(
        EMPTY,
        completed_orders=(told(BrokerStatus.FILLED, 100),),
        positions=holding(100),
        cash={"USD": Decimal("-0.009"), "AUD": Decimal("0.01")},
    )
    found = settled(before, snapshot)
    left = [one for one in found.differences if not one.kind.corrected]
    assert [(one.kind, one.subject) for one in left] == [
        (DifferenceKind.MISSING_EXECUTIONS, "order-1"),
        (DifferenceKind.POSITION, INSTRUMENT),
        (DifferenceKind.CASH, "AUD"),
    ]


def test_a_correction_that_came_before_what_it_corrects_leaves_no_shares_missing() -> None:
    corrected = e.Executed(execution("a.02", 3))
    before, journal = ours(e.Identified("17"), e.Working(), e.FillsTold(Decimal(100)), corrected)
    assert before.orders["order-1"].unseen == 97
    snapshot = replace(EMPTY, completed_orders=(told(BrokerStatus.FILLED, 3),), positions=holding(3))
    found = settled(before, snapshot)
    assert fold([*journal, *(event for _, event in found.events)]).unseen == 0
    assert DifferenceKind.MISSING_EXECUTIONS not in kinds(found)


def test_shares_that_a_broker_told_of_and_no_longer_shows_stay_a_difference() -> None:
    before, _ = ours(e.Identified("17"), e.Working(), e.FillsTold(Decimal(40)))
    found = settled(before, replace(EMPTY, open_orders=(told(BrokerStatus.WORKING),)))
    assert kinds(found) == [DifferenceKind.MISSING_EXECUTIONS]


def test_an_order_that_ended_after_the_broker_was_asked_stays_ended() -> None:
    order, _ = run([*events_of(e.Working()), e.OrderEvent(3, LATER, e.Source.BROKER, e.Canceled())])
    found = reconcile(books([order]), replace(EMPTY, open_orders=(told(BrokerStatus.WORKING),)), LATER)
    assert (found.events, found.orders["order-1"].state) == ((), OrderState.CANCELED)


FILLS = st.lists(st.integers(1, 60), max_size=4).filter(lambda sizes: sum(sizes) <= 100)


@given(
    sizes=FILLS,
    ended=st.booleans(),
    seen=st.sets(st.integers(0, 3)),
    said=st.lists(st.sampled_from([e.Working(), e.LinkLost(), e.Canceled(), e.Suspended(), e.Rejected()]), max_size=3),
    cancelling=st.booleans(),
)
def test_whatever_was_missed_our_books_end_as_the_brokers(
    sizes: list[int], ended: bool, seen: set[int], said: list[e.Payload], cancelling: bool
) -> None:
    trades = [execution(f"{number}.01", size) for number, size in enumerate(sizes)]
    total = sum(sizes)
    full = total == 100
    word = BrokerStatus.FILLED if full else BrokerStatus.CANCELED if ended else BrokerStatus.WORKING
    shown = (told(word, total),)
    snapshot = replace(
        EMPTY,
        open_orders=() if full or ended else shown,
        completed_orders=shown if full or ended else (),
        executions=tuple(ExecutionReport(OURS, trade) for trade in trades),
        positions=holding(total),
        cash={"USD": Decimal(-50 * total)},
    )
    heard = [e.Executed(trade) for number, trade in enumerate(trades) if number in seen]
    story = [e.CancelRequested(), *said] if cancelling else said
    before, _ = ours(*story, *heard)
    found = settled(before, snapshot)
    order = found.orders["order-1"]
    assert order.filled == total
    assert order.state.ended == (full or ended)
    assert {DifferenceKind.POSITION, DifferenceKind.CASH}.isdisjoint(kinds(found))
