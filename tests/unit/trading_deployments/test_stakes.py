"""What a deployment has come to, and how its strategy is told: each thing once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest

from scizor.domain.orders import OrderEnd, OrderState, OrderType, Side
from scizor.domain.trading import events as e
from scizor.domain.trading.deployments import Deployment, DeploymentSpec
from scizor.domain.trading.executions import Commission
from scizor.domain.trading.machine import apply
from scizor.domain.trading.orders import OrderRequest
from scizor.domain.trading.states import Hold, Order
from scizor.ports.journal import Entry
from scizor.services.trading.deployments.stakes import Purse, client_id, number_of
from scizor.strategy.views import Bar, Fill
from scizor.strategy.views import Order as Shown
from tests.unit.trading.build import INSTRUMENT, NOW, REQUEST, execution, fill

DEPLOYMENT = Deployment("d1", DeploymentSpec("any", 0, {}, (INSTRUMENT,), "DU1", Decimal(10_000), "USD"))


class Scene:
    """A purse, and the journal that it hears."""

    def __init__(self) -> None:
        self.purse = Purse(DEPLOYMENT)
        self.orders: dict[str, Order] = {}
        self._sequence = count(1)

    def place(self, number: int | str = 1, **more: object) -> str:
        """An order of the deployment's; returns its id."""
        request = replace(REQUEST, id=f"order-{number}", client_order_id=client_id("d1", number), deployment_id="d1")
        return self.placed(replace(request, **more))  # type: ignore[arg-type] # a test's own fields

    def placed(self, request: OrderRequest) -> str:
        self.say(request.id, e.Placed(request))
        return request.id

    def say(self, order_id: str, *said: e.Payload) -> None:
        for payload in said:
            before = self.orders.get(order_id)
            sequence = before.sequence + 1 if before else 1
            event = e.OrderEvent(sequence, NOW + timedelta(seconds=sequence), e.Source.BROKER, payload)
            self.orders[order_id], _ = apply(before, event)
            self.purse.heard(Entry(next(self._sequence), self.orders[order_id], event))

    @property
    def told(self) -> list[str]:
        """What the next view tells, in short."""
        return list(_briefly(self.purse.view().happened))


def _briefly(happened: Iterable[Shown | Fill]) -> Iterable[str]:
    for one in happened:
        if isinstance(one, Fill):
            yield f"{one.order_id} {'+' if one.side is Side.BUY else '-'}{one.quantity:g} at {one.price:g}"
        else:
            yield f"{one.id} {one.state.name} {one.filled:g}"


def charged(amount: str, exec_id: str = "a.01") -> e.Charged:
    return e.Charged(Commission(exec_id, Decimal(amount), "USD"))


def bar(close: float) -> dict[str, Bar]:
    return {INSTRUMENT: Bar(close, close, close, close, 1.0)}


def test_before_anything_happens_it_has_its_capital() -> None:
    view = Scene().purse.view()
    assert (view.cash, view.equity, view.positions, view.orders, view.happened) == (10_000.0, 10_000.0, {}, (), ())


def test_a_fill_moves_cash_and_shares_and_a_fee_moves_cash() -> None:
    on = Scene()
    on.say(on.place(), e.Working(), fill(40), charged("1.5"))
    on.purse.closed(bar(55.0))
    view = on.purse.view()
    assert (view.cash, view.positions) == (10_000.0 - 40 * 50 - 1.5, {INSTRUMENT: 40.0})
    assert view.equity == view.cash + 40 * 55


def test_what_happened_is_told_once() -> None:
    on = Scene()
    order = on.place()
    assert on.purse.has_news
    assert on.told == ["1 WORKING 0"]
    assert not on.purse.has_news
    on.say(order, e.Working(), fill(40))
    on.purse.view()
    assert on.told == []


def test_each_fill_is_told_and_then_the_order_as_it_stands() -> None:
    on = Scene()
    order = on.place()
    on.purse.forget_news()
    on.say(order, fill(40, "a.01"), fill(60, "b.01"))
    assert on.told == ["1 +40 at 50", "1 WORKING 40", "1 +60 at 50", "1 FILLED 100"]


def test_a_fill_that_is_told_twice_counts_once() -> None:
    on = Scene()
    on.say(on.place(), fill(40), fill(40))
    assert on.told.count("1 +40 at 50") == 1
    assert on.purse.shares() == {INSTRUMENT: 40}


def test_what_a_correction_adds_is_told_as_a_fill() -> None:
    on = Scene()
    on.say(on.place(), fill(40, "a.01"))
    on.purse.forget_news()
    on.say("order-1", fill(45, "a.02"))
    assert on.told == ["1 +5 at 50", "1 WORKING 45"]
    assert on.purse.shares() == {INSTRUMENT: 45}
    assert on.purse.view().cash == 10_000.0 - 45 * 50


@pytest.mark.parametrize(
    ("said", "held"), [(fill(30, "a.02"), 30), (e.Busted("a.01"), 0), (e.Executed(execution("a.02", 40, 49)), 40)]
)
def test_a_correction_that_adds_nothing_is_no_fill(said: e.Payload, held: int) -> None:
    on = Scene()
    on.say(on.place(), fill(40, "a.01"))
    on.purse.forget_news()
    on.say("order-1", said)
    assert not any(" at " in one for one in on.told)
    assert on.purse.shares().get(INSTRUMENT, 0) == held


def test_a_bust_gives_the_money_back() -> None:
    on = Scene()
    on.say(on.place(), fill(40), charged("1.5"), e.Busted("a.01"))
    view = on.purse.view()
    assert (view.cash, view.positions) == (10_000.0, {})


def test_a_corrected_price_moves_cash_alone() -> None:
    on = Scene()
    on.say(on.place(), fill(40), e.Executed(execution("a.02", 40, 49)))
    assert on.purse.view().cash == 10_000.0 - 40 * 49


def test_a_split_changes_shares_and_their_price_and_not_what_they_are_worth() -> None:
    on = Scene()
    on.say(on.place(), fill(40))
    on.purse.closed(bar(60.0))
    before = on.purse.view()
    on.purse.split(INSTRUMENT, Decimal(4), NOW + timedelta(days=1))
    after = on.purse.view()
    assert after.positions == {INSTRUMENT: 160.0}
    assert (after.cash, after.equity) == (before.cash, before.equity)


def test_a_short_position_is_worth_less_than_nothing() -> None:
    on = Scene()
    order = on.place(side=Side.SELL)
    on.say(order, e.Executed(execution("a.01", 100, side=Side.SELL)))
    on.purse.closed(bar(55.0))
    view = on.purse.view()
    assert (view.cash, view.equity, view.positions) == (15_000.0, 9_500.0, {INSTRUMENT: -100.0})


@pytest.mark.parametrize(
    ("said", "state", "end"),
    [
        ((e.Working(), e.Canceled()), OrderState.CANCELLED, OrderEnd.ASKED),
        ((e.Working(), e.Expired()), OrderState.EXPIRED, OrderEnd.TIME_IN_FORCE),
        ((e.Rejected("no"),), OrderState.REJECTED, OrderEnd.INSUFFICIENT_FUNDS),
    ],
)
def test_how_an_order_ended_is_told(said: tuple[e.Payload, ...], state: OrderState, end: OrderEnd) -> None:
    on = Scene()
    on.say(on.place(), *said)
    view = on.purse.view()
    told = view.happened[-1]
    assert isinstance(told, Shown)
    assert (told.state, told.end) == (state, end)
    assert view.orders == ()


def test_an_exit_is_held_until_its_entry_has_traded() -> None:
    on = Scene()
    entry = on.place(1)
    stop = replace(REQUEST.terms, type=OrderType.STOP, limit=None, stop=Decimal(48))
    exit_ = on.place(2, parent_id=entry, side=Side.SELL, terms=stop)
    on.say(exit_, e.Acknowledged(Hold.OTHER))
    shown = on.purse.view().orders[1]
    assert (shown.state, shown.parent, shown.trigger, shown.limit) == (OrderState.HELD, 1, 48.0, None)
    on.say(entry, fill(100))
    assert on.purse.view().orders[0].state is OrderState.WORKING


def test_a_closing_order_of_the_platform_counts_and_is_not_told() -> None:
    on = Scene()
    on.say(on.place(1), fill(100))
    on.purse.forget_news()
    order = on.place("close-1", side=Side.SELL)
    on.say(order, e.Executed(execution("c.01", 100, side=Side.SELL)))
    assert number_of(on.orders[order]) is None
    assert on.told == []
    assert on.purse.shares() == {}


def test_orders_of_others_are_none_of_its_business() -> None:
    on = Scene()
    order = on.placed(replace(REQUEST, deployment_id="d2", client_order_id="d2:1"))
    on.say(order, fill(40))
    assert on.purse.knows(on.orders[order])
    assert (on.told, on.purse.shares(), list(on.purse.orders)) == ([], {}, [])


def test_it_knows_an_order_as_far_as_it_was_told() -> None:
    on = Scene()
    order = on.place()
    assert on.purse.knows(on.orders[order])
    later, _ = apply(on.orders[order], e.OrderEvent(2, NOW, e.Source.BROKER, e.Working()))
    assert not on.purse.knows(later)
    assert not Purse(DEPLOYMENT).knows(on.orders[order])


def test_the_highest_number_is_told_so_that_none_is_given_twice() -> None:
    on = Scene()
    for number in (3, 12, 7, "close-99"):
        on.place(number)
    assert on.purse.view().last_id == 12
