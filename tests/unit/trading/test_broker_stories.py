"""A broker of a few lines, a line that loses, repeats and reorders, and books that must agree in the end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scizor.domain.errors import ScizorError
from scizor.domain.orders import Side
from scizor.domain.trading import events as e
from scizor.domain.trading.interpretation import interpret
from scizor.domain.trading.machine import apply, fold
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.reconciliation import OurBooks, reconcile
from scizor.domain.trading.reports import (
    BrokerStatus,
    ErrorCategory,
    ErrorReport,
    ExecutionReport,
    HeldPosition,
    LinkChange,
    LinkReport,
    Named,
    OrderReport,
    Report,
    Snapshot,
    StatusReport,
)
from scizor.domain.trading.states import Order, OrderState
from tests.unit.trading.build import ACCOUNT, INSTRUMENT, NOW, REQUEST, TERMS, execution, shares

D = Decimal


@dataclass
class Broker:
    """The truth about one order, and what it says of it."""

    status: BrokerStatus | None = None
    terms: Terms = TERMS
    fills: list[ExecutionReport] = field(default_factory=list)
    said: list[Report] = field(default_factory=list)
    named: Named = field(default_factory=lambda: Named("order-1", "17"))

    @property
    def filled(self) -> Decimal:
        return sum((one.execution.quantity for one in self.fills), D(0))

    @property
    def open(self) -> bool:
        return self.status in (BrokerStatus.HELD, BrokerStatus.WORKING)

    def place(self) -> None:
        self.status = BrokerStatus.HELD
        self.tell()

    def tell(self) -> None:
        standing = self.standing()
        self.said += [standing, self.report()]

    def standing(self) -> StatusReport:
        assert self.status is not None
        return StatusReport(self.named, self.status, self.filled)

    def report(self) -> OrderReport:
        return OrderReport(ACCOUNT, INSTRUMENT, Side.BUY, self.terms, self.standing())

    def work(self) -> None:
        if self.open:
            self.status = BrokerStatus.WORKING
            self.tell()

    def fill(self, size: int) -> None:
        size = min(size, int(self.terms.quantity - self.filled))
        if self.open and size:
            self.fills.append(ExecutionReport(self.named, execution(f"{len(self.fills)}.01", size)))
            full = self.filled == self.terms.quantity
            self.status = BrokerStatus.FILLED if full else BrokerStatus.WORKING
            self.said.append(self.fills[-1])
            self.tell()

    def cancel(self) -> None:
        if self.open:
            self.status = BrokerStatus.CANCELED
            self.tell()
        else:
            self.said.append(ErrorReport(self.named, ErrorCategory.CANCEL_REFUSED, 10147, "no such order"))

    def replace(self, terms: Terms) -> None:
        if self.open and terms.quantity > self.filled:
            self.terms = terms
            self.tell()
        else:
            self.said.append(ErrorReport(self.named, ErrorCategory.COMMAND_REFUSED, 104, "cannot modify"))

    def snapshot(self) -> Snapshot:
        told = () if self.status is None else (self.report(),)
        return Snapshot(
            ACCOUNT,
            NOW + timedelta(hours=1),
            NOW - timedelta(hours=1),
            open_orders=told if self.open else (),
            completed_orders=() if self.open else told,
            executions=tuple(self.fills),
            positions=(HeldPosition(INSTRUMENT, self.filled, D(50)),) if self.fills else (),
            cash={"USD": -50 * self.filled},
        )


class Ours:
    """The journal of the order, and the line to the broker."""

    def __init__(self, random: Random, faults: bool) -> None:
        self.random, self.faults = random, faults
        self.journal = [e.OrderEvent(1, NOW, e.Source.CLIENT, e.Placed(REQUEST))]
        self.order, _ = apply(None, self.journal[0])

    def write(self, payload: e.Payload, source: e.Source = e.Source.BROKER) -> None:
        event = e.OrderEvent(self.order.sequence + 1, NOW, source, payload)
        self.order, _ = apply(self.order, event)
        self.journal.append(event)

    def ask(self, payload: e.CancelRequested | e.ReplaceRequested) -> bool:
        """Journal a command; whether it then reaches the broker."""
        try:
            self.write(payload, e.Source.CLIENT)
        except ScizorError:
            return False
        waits = isinstance(payload, e.ReplaceRequested) and self.order.queued == payload.terms
        return not waits and not (self.faults and self.random.random() < 0.2)

    def hear(self, reports: list[Report]) -> None:
        heard = list(reports)
        if self.faults:
            heard = [one for one in reports for _ in range(self.random.choice([0, 1, 1, 1, 2]))]
            self.random.shuffle(heard)
        for report in heard:
            for payload in interpret(self.order, report):
                self.write(payload)
        reports.clear()


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["work", "cancel", "hear", "drop"]),
        st.integers(1, 60),
        st.sampled_from([shares(150), shares(60), shares(100, 51)]),
    ),
    max_size=14,
)


def play(steps: list[str | int | Terms], random: Random, *, faults: bool) -> tuple[Broker, Ours]:
    broker, ours = Broker(), Ours(random, faults)
    if not faults or random.random() < 0.9:  # or it dies between the journal and the broker
        broker.place()
    for step in steps:
        happen(step, broker, ours)
    return broker, ours


def happen(step: str | int | Terms, broker: Broker, ours: Ours) -> None:
    match step:
        case "work":
            broker.work()
        case "cancel" if ours.ask(e.CancelRequested()):
            broker.cancel()
        case "hear":
            ours.hear(broker.said)
        case "drop" if ours.faults:
            broker.said.clear()
            ours.write(e.LinkLost(), e.Source.SYSTEM)
        case int():
            broker.fill(step)
        case Terms() if ours.ask(e.ReplaceRequested(step)):
            broker.replace(step)


def ended(status: BrokerStatus | None) -> OrderState | None:
    return {
        None: OrderState.REJECTED,
        BrokerStatus.FILLED: OrderState.FILLED,
        BrokerStatus.CANCELED: OrderState.CANCELED,
    }.get(status)


def agrees(order: Order, broker: Broker, *, reordered: bool = False) -> None:
    """`reordered`: terms of old may have come last, and of an order that has ended brokers tell no quantity."""
    assert order.filled == broker.filled
    wanted = ended(broker.status)
    if wanted is OrderState.CANCELED and reordered and order.filled >= order.terms.quantity:
        assert order.state is OrderState.FILLED
    elif wanted is not None:
        assert order.state is wanted
    else:
        assert not order.state.ended
        assert order.state is not OrderState.UNKNOWN
        assert order.terms == broker.terms


@given(STEPS, st.randoms(use_true_random=False))
def test_all_that_is_told_in_order_is_the_truth_without_a_question(
    steps: list[str | int | Terms], random: Random
) -> None:
    broker, ours = play(steps, random, faults=False)
    ours.hear(broker.said)
    agrees(ours.order, broker)
    assert not ours.order.state.in_flight


@given(STEPS, st.randoms(use_true_random=False))
def test_whatever_the_line_does_reconciling_once_tells_the_truth(
    steps: list[str | int | Terms], random: Random
) -> None:
    broker, ours = play(steps, random, faults=True)
    for payload in interpret(ours.order, LinkReport(LinkChange.LOST)):
        ours.write(payload, e.Source.SYSTEM)
    assert fold(ours.journal) == ours.order
    before = OurBooks({ours.order.id: ours.order}, {INSTRUMENT: ours.order.filled}, {"USD": -ours.order.book.value})
    found = reconcile(before, broker.snapshot(), NOW + timedelta(hours=2))
    agrees(found.orders[ours.order.id], broker, reordered=True)
    assert [one for one in found.differences if not one.kind.corrected] == []
    again = replace(broker.snapshot(), asked_time=NOW + timedelta(hours=3))
    assert reconcile(replace(before, orders=found.orders), again, NOW + timedelta(hours=4)).events == ()
    assert fold([*ours.journal, *(event for _, event in found.events)]) == found.orders[ours.order.id]
