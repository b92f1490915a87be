"""Faults of orders on demand: how a broker treats them badly, and how what became of them is told wrongly.

Counts are used up by the next orders, fills or messages they fit. The books stay right, and requests answer from them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from scizor.domain.errors import InvalidInput
from scizor.services.ibsim.broker.books import told_books
from scizor.services.ibsim.broker.events import CommissionEvent, Event, FillEvent, NoticeEvent, OrderEvent, order_of
from scizor.services.ibsim.broker.words import OrderKey, Refusal, Status
from scizor.services.ibsim.gateway import Gateway
from scizor.services.ibsim.hooks import Fate

_FALSE_ALARM = "Order Message: demanded, the order lives on"
_SHORTABLE = ("easy", "locate", "none")


class OrderFaults:
    """Each public method from `slices` to `books` is a demand by its name."""

    def __init__(self, gateway: Callable[[], Gateway]) -> None:
        self._gateway = gateway
        self._left: Counter[str] = Counter()
        self._late_s: dict[str, float] = {}
        self._cancel_code = 0
        self._ids_back = 0
        self._muted: set[OrderKey] = set()
        self._nameless: set[OrderKey] = set()
        self._early: dict[str, FillEvent] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    def slices(self, shares: int) -> None:
        """Let no fill be larger, until told otherwise; 0 is any size."""
        self._gateway().broker.demands.slice_shares = shares

    def reject(self, code: int, count: int) -> None:
        """Refuse the next orders with this code: new ones, left as inactive by 201 and 203, or changed terms."""
        self._gateway().broker.demands.rejects += [code] * count

    def race(self, count: int) -> None:
        """Answer the next cancels with PendingCancel, and then with a fill."""
        self._gateway().broker.demands.races = count

    def slow_cancels(self, seconds: float) -> None:
        """Answer cancels with PendingCancel, and carry them out when that time is over."""
        demands = self._gateway().broker.demands
        demands.slow_cancels = True
        self._later(seconds, lambda: setattr(demands, "slow_cancels", False))

    def freeze(self, seconds: float) -> None:
        """Let no order fill, trigger or expire for that time; then all happens that has not."""
        demands = self._gateway().broker.demands
        demands.frozen = True
        self._later(seconds, lambda: setattr(demands, "frozen", False))

    def shortable(self, symbol: str, how: str) -> None:
        """Whether the next short sales of a ticker find shares: easy, locate (held until easy again) or none."""
        if how not in _SHORTABLE:
            raise InvalidInput.of_field("how", f"must be one of {', '.join(_SHORTABLE)}")
        demands = self._gateway().broker.demands
        for name, held in (("locate", demands.locating), ("none", demands.unshortable)):
            held.discard(symbol)
            if how == name:
                held.add(symbol)

    def correct(self, exec_id: str, shares: int, price: str) -> None:
        """Tell another size and price in place of a fill's, under its next revision; without an id the latest's."""
        gateway = self._gateway()
        try:
            gateway.publish(gateway.broker.correct(exec_id, Decimal(shares), Decimal(price)))
        except InvalidOperation:
            raise InvalidInput.of_field("price", "must be a decimal number") from None
        except Refusal as refused:
            raise InvalidInput.of_field("exec_id", refused.text) from None

    def bust(self, exec_id: str) -> None:
        """Undo a fill, the latest without an id: its next revision has no shares."""
        self.correct(exec_id, 0, "0")

    def late_executions(self, count: int, seconds: float) -> None:
        """Tell the next fills so much later than the status and the commission that they led to."""
        self._left["late_executions"], self._late_s["late_executions"] = count, seconds

    def late_commissions(self, count: int, seconds: float) -> None:
        """Tell the cost of the next fills so much later."""
        self._left["late_commissions"], self._late_s["late_commissions"] = count, seconds

    def commission_first(self, count: int) -> None:
        """Tell the cost of the next fills before the fills."""
        self._left["commission_first"] = count

    def repeat_executions(self, count: int) -> None:
        """Tell the next fills twice."""
        self._left["repeat_executions"] = count

    def repeat_commissions(self, count: int) -> None:
        """Tell the cost of the next fills twice."""
        self._left["repeat_commissions"] = count

    def regress(self, count: int) -> None:
        """After the next orders are told to be filled, tell once more that they are Submitted with nothing filled."""
        self._left["regress"] = count

    def zero_perm_id(self, count: int) -> None:
        """Tell the next new orders under the permanent id 0 first."""
        self._left["zero_perm_id"] = count

    def false_cancel(self, code: int, count: int) -> None:
        """After the next orders are told to work, send an error with their id; they work on."""
        self._cancel_code, self._left["false_cancel"] = code, count

    def order_error(self, order_ref: str, code: int) -> None:
        """Send an error about the open orders of this reference now; they live on."""
        gateway = self._gateway()
        found = [order for order in gateway.broker.open_orders() if order.terms.order_ref == order_ref]
        if not found:
            raise InvalidInput.of_field("order_ref", f"no open order bears {order_ref!r}")
        for order in found:
            gateway.tell(NoticeEvent(order, code, _FALSE_ALARM))

    def withhold(self, count: int) -> None:
        """Carry out the next commands of orders and tell nothing of those orders any more, unless asked."""
        self._left["withhold"] = count

    def cut(self, count: int) -> None:
        """Carry out the next commands of orders, and hang up before they are acknowledged."""
        self._left["cut"] = count

    def cut_before(self, count: int) -> None:
        """Hang up on the next commands of orders without carrying them out."""
        self._left["cut_before"] = count

    def roll_back_ids(self, count: int) -> None:
        """Tell from now on a next valid id that is so much too low."""
        self._ids_back = count

    def books(self) -> dict[str, Any]:
        """Orders, fills as they stand, positions and cash, as they are on disk."""
        return told_books(self._gateway().broker.books())

    def next_order_id(self, true_id: int) -> int:
        """What a client is told to be the next."""
        return max(1, true_id - self._ids_back)

    def fate(self, key: OrderKey) -> Fate:
        """What becomes of a command about an order."""
        if self._takes("cut_before"):
            return Fate.LOST
        if self._takes("cut"):
            return Fate.CUT
        if self._takes("withhold"):
            self._muted.add(key)
        if self._gateway().broker.order(key) is None and self._takes("zero_perm_id"):
            self._nameless.add(key)
        return Fate.TAKEN

    def on_event(self, event: Event) -> Sequence[Event]:
        """What is told in its place, now."""
        if order_of(event).key in self._muted:
            return ()
        match event:
            case OrderEvent():
                return self._on_order(event)
            case FillEvent(execution, _):
                if self._takes("commission_first"):
                    self._early[execution.exec_id] = event
                    return ()
                return self._told("executions", event)
            case CommissionEvent(execution):
                held = self._early.pop(execution.exec_id, None)
                return [*self._told("commissions", event), *([held] if held else [])]
            case NoticeEvent():
                return (event,)

    def close(self) -> None:
        """Forget what was to come."""
        for timer in self._timers:
            timer.cancel()

    def _on_order(self, event: OrderEvent) -> Sequence[Event]:
        order = event.order
        if order.key in self._nameless:
            self._nameless.discard(order.key)
            return (OrderEvent(replace(order, perm_id=0)),)
        if order.status is Status.FILLED and self._takes("regress"):
            zero = Decimal(0)
            worse = replace(order, status=Status.SUBMITTED, filled=zero, average_price=zero, last_price=zero)
            return event, OrderEvent(worse)
        if order.status is Status.SUBMITTED and self._takes("false_cancel"):
            return event, NoticeEvent(order, self._cancel_code, _FALSE_ALARM)
        return (event,)

    def _told(self, kind: str, event: Event) -> Sequence[Event]:
        late = f"late_{kind}"
        if self._takes(late):
            self._later(self._late_s[late], lambda: self._gateway().tell(event))
            return ()
        return (event, event) if self._takes(f"repeat_{kind}") else (event,)

    def _takes(self, fault: str) -> bool:
        left = self._left[fault] > 0
        self._left[fault] -= left
        return left

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()

        def do() -> None:
            self._timers.discard(timer)
            act()

        timer = loop.call_later(seconds, do)
        self._timers.add(timer)
