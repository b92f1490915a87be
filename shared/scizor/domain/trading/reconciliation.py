"""Our books held against the broker's: the corrective events that make them agree, and what no event can settle.

Executions are believed first, then what the broker says of each order, then its silence: an order it shows nowhere
has ended, and if it was never heard of it never arrived. Silence proves that only as far back as the broker's books
go, or where the position agrees. Applying what comes out and reconciling again brings no further event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.domain.trading import events as e
from scizor.domain.trading.differences import Difference, DifferenceKind
from scizor.domain.trading.executions import split_exec_id
from scizor.domain.trading.interpretation import interpret, news
from scizor.domain.trading.machine import apply
from scizor.domain.trading.orders import OrderRequest, Origin, Terms
from scizor.domain.trading.reports import BrokerStatus, CommissionReport, ExecutionReport, Named, OrderReport, Snapshot
from scizor.domain.trading.states import Order, OrderState

GRACE = timedelta(seconds=2)
"""How long before the broker was asked a command may have been sent and still not show in its answer."""
CENT = Decimal("0.01")
_EXTERNAL = UUID("5f0a3c52-7a0e-5d1b-9a43-6a1f0c9a7e11")


@dataclass(frozen=True, slots=True)
class OurBooks:
    """What we believe of one account. `positions`: shares by instrument; `cash`: by currency."""

    orders: Mapping[str, Order]
    positions: Mapping[str, Decimal] = field(default_factory=dict)
    cash: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What to append to which order's journal, in this order, and what differed. `orders`: as they are then."""

    events: tuple[tuple[str, e.OrderEvent], ...]
    differences: tuple[Difference, ...]
    orders: Mapping[str, Order]


def reconcile(ours: OurBooks, theirs: Snapshot, now: datetime) -> Reconciliation:
    """Compare. `now` becomes the time of the corrective events."""
    run = _Run(ours, theirs, now)
    for report in (*theirs.open_orders, *theirs.completed_orders):
        run.adopt(report)
    for traded in sorted(theirs.executions, key=lambda one: (one.execution.time, one.execution.exec_id)):
        run.trade(traded)
    run.charge()
    shown = {run.find(report.named) for report in (*theirs.open_orders, *theirs.completed_orders)}
    for report in theirs.completed_orders:
        run.hear(report)
    for report in theirs.open_orders:
        run.hear_alive(report)
    for order_id in sorted(set(run.orders) - shown):
        run.miss(run.orders[order_id])
    run.compare_holdings()
    return Reconciliation(tuple(run.events), tuple(run.differences), run.orders)


def external_id(account: str, broker_id: str) -> str:
    """The id here of an order that was placed elsewhere: the same for the same order, whoever sees it first."""
    return str(uuid5(_EXTERNAL, f"{account}/{broker_id}"))


class _Run:
    def __init__(self, ours: OurBooks, theirs: Snapshot, now: datetime) -> None:
        self.orders = dict(ours.orders)
        self.events: list[tuple[str, e.OrderEvent]] = []
        self.differences: list[Difference] = []
        self._ours, self._theirs, self._now = ours, theirs, now
        self._by_broker = {broker_id: one.id for one in ours.orders.values() for broker_id in one.broker_ids}
        self._shares = defaultdict(Decimal, ours.positions)
        self._cash = defaultdict(Decimal, ours.cash)
        self._held = {one.instrument: one.shares for one in theirs.positions}

    def find(self, named: Named) -> str:
        """The id here of the order that is meant; empty where there is none."""
        if named.order_id in self.orders:
            return named.order_id
        known = self._by_broker.get(named.broker_id, "")
        external = external_id(self._theirs.account, named.broker_id)
        return known or (external if external in self.orders else "")

    def adopt(self, report: OrderReport) -> None:
        """An order nobody here placed becomes one of ours to watch."""
        if not self.find(report.named):
            self._place(report.named, report.account, report.instrument, report.side, report.terms)

    def trade(self, report: ExecutionReport) -> None:
        """An execution; of an order that is shown nowhere, it is all there is to know of it."""
        execution = report.execution
        if not self.find(report.named):
            traded = (one.execution.quantity for one in self._theirs.executions if one.named == report.named)
            terms = Terms(sum(traded, Decimal(0)), OrderType.MARKET)
            self._place(report.named, execution.account, execution.instrument, execution.side, terms)
        order = self.orders[self.find(report.named)]
        said = interpret(order, report)
        if any(isinstance(one, e.Executed) for one in said):
            self._differ(DifferenceKind.MISSING_FILL, order.id, "", f"{execution.exec_id}: {execution.shares}")
        self._say(order, said)

    def charge(self) -> None:
        """Commissions find their order by the execution."""
        owners = {root: order.id for order in self.orders.values() for root in order.book.by_root}
        for commission in self._theirs.commissions:
            owner = owners.get(split_exec_id(commission.exec_id)[0])
            if owner is not None:
                order = self.orders[owner]
                self._say(order, interpret(order, CommissionReport(commission)))

    def hear(self, report: OrderReport) -> None:
        """What the broker says of an order."""
        order = self.orders[self.find(report.named)]
        after = self._say(order, interpret(order, report))
        if report.standing.status is BrokerStatus.FILLED and report.standing.filled == after.filled:
            after = self._say(after, news(after, (_all_there_is(after),)))
        if after.state is not order.state:
            self._differ(DifferenceKind.ORDER_STATE, order.id, order.state.name, after.state.name)
        if after.unseen and after.book.corrected and report.standing.filled == after.filled:
            # A correction came before what it corrects: the broker's books know of no more than we do.
            after = self._say(after, (e.FillsTold(after.filled),))
        if after.unseen:
            self._differ(DifferenceKind.MISSING_EXECUTIONS, order.id, str(after.filled), str(after.told_filled))

    def hear_alive(self, report: OrderReport) -> None:
        """What the broker says of an order that it has open."""
        order = self.orders[self.find(report.named)]
        if order.phase.ended and order.state is not OrderState.FILLED:
            if self._heard_of(order) >= self._theirs.asked_time:
                return  # it ended after the broker was asked
            self._differ(DifferenceKind.ALIVE, order.id, order.state.name, report.standing.status.name)
            order = self._say(order, (e.Reopened(),))
        if order.state is OrderState.FILLED and report.terms.quantity > max(order.filled, report.standing.filled):
            if self._heard_of(order) >= self._theirs.asked_time:
                return
            # All that was ours to fill has, and the broker has more of it: somebody changed it meanwhile.
            self._differ(DifferenceKind.ALIVE, order.id, order.state.name, report.standing.status.name)
            order = self._say(order, (e.Replaced(report.terms),))
        if order.phase is OrderState.UNKNOWN and report.standing.status is not BrokerStatus.HELD:
            order = self._say(order, news(order, (e.Working(),)))
        self.hear(report)
        order = self.orders[order.id]
        if order.commanded and self._heard_of(order) < self._theirs.asked_time - GRACE:
            self._say(order, news(order, _unanswered(order, report)))

    def miss(self, order: Order) -> None:
        """The broker shows the order nowhere."""
        settled = self._theirs.asked_time - (timedelta() if order.phase is OrderState.UNKNOWN else GRACE)
        if order.state.ended or self._heard_of(order) > settled:
            return
        covered = self._heard_of(order) >= self._theirs.covered_since
        agrees = self._shares[order.request.instrument] == self._held.get(order.request.instrument, Decimal(0))
        if not (covered or agrees):
            self._differ(DifferenceKind.UNPROVEN, order.id, order.state.name, "not shown")
        elif not order.heard_of:
            self._differ(DifferenceKind.NEVER_ARRIVED, order.id, order.state.name, "not shown")
            self._say(order, (e.Rejected("it never reached the broker"),))
        else:
            self._differ(DifferenceKind.GONE, order.id, order.state.name, "not shown")
            if order.filled >= order.terms.quantity:  # it waits for a replacement that nothing tells of
                self._say(order, news(order, (e.ReplaceRejected("it had filled"),)))
                return
            over = order.terms.tif is not TimeInForce.GTC and not covered
            reason = "the broker no longer has it"
            self._say(order, news(order, (e.Expired(reason) if over else e.Canceled(reason),)))

    def compare_holdings(self) -> None:
        """Shares to the share, cash to the cent; what is left is not for events to settle."""
        for name in sorted({*self._shares, *self._held}):
            ours, held = self._shares[name], self._held.get(name, Decimal(0))
            if ours != held:
                self._differ(DifferenceKind.POSITION, name, str(ours), str(held))
        for currency in sorted({*self._cash, *self._theirs.cash}):
            ours, held = self._cash[currency], self._theirs.cash.get(currency, Decimal(0))
            if abs(ours - held) >= CENT:
                self._differ(DifferenceKind.CASH, currency, str(ours), str(held))

    def _heard_of(self, order: Order) -> datetime:
        """When something happened to the order last, this reconciliation left aside."""
        return self._ours.orders.get(order.id, order).update_time

    def _place(self, named: Named, account: str, instrument: str, side: Side, terms: Terms) -> None:
        order_id = external_id(account, named.broker_id)
        request = OrderRequest(order_id, "", account, instrument, side, terms, origin=Origin.EXTERNAL)
        placed = e.OrderEvent(1, self._now, e.Source.RECONCILE, e.Placed(request))
        self.orders[order_id], _ = apply(None, placed)
        self.events.append((order_id, placed))
        self._differ(DifferenceKind.EXTERNAL_ORDER, order_id, "", f"{side.name} {terms.quantity} {instrument}")

    def _say(self, order: Order, said: Iterable[e.Payload]) -> Order:
        after = order
        for payload in said:
            event = e.OrderEvent(after.sequence + 1, self._now, e.Source.RECONCILE, payload)
            after, _ = apply(after, event)
            self.events.append((order.id, event))
        self.orders[order.id] = after
        self._book(order, after)
        return after

    def _book(self, before: Order, after: Order) -> None:
        if after.book is before.book:
            return
        request = after.request
        sign, currency = int(request.side), request.instrument.rpartition(".")[2]
        self._shares[request.instrument] += sign * (after.filled - before.filled)
        self._cash[currency] -= sign * (after.book.value - before.book.value)
        for book, way in ((after.book, -1), (before.book, 1)):
            for charged, amount in book.commission.items():
                self._cash[charged] += way * amount

    def _differ(self, kind: DifferenceKind, subject: str, ours: str, theirs: str) -> None:
        self.differences.append(Difference(kind, subject, ours, theirs))


def _all_there_is(order: Order) -> e.Payload:
    """Of an order that the broker is done with: what has filled is all of it, or was before a trade was taken back."""
    if order.book.corrected:
        return e.Canceled("a trade of it was taken back")
    return e.Replaced(replace(order.terms, quantity=order.filled))


def _unanswered(order: Order, report: OrderReport) -> list[e.Payload]:
    """A command whose answer is overdue has none: the broker shows the order as if it had not been sent."""
    said: list[e.Payload] = []
    if order.pending not in (None, report.terms):
        said.append(e.ReplaceRejected("the broker has it on other terms"))
    if order.phase is OrderState.PENDING_CANCEL and report.standing.status is not BrokerStatus.PENDING_CANCEL:
        said.append(e.CancelRejected("the broker has it open still"))
    return said
