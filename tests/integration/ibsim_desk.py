"""A broker at a market that stands where a test puts it, and what it tells, in short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from scizor.services.ibsim.broker.events import CommissionEvent, Event, FillEvent, NoticeEvent, OrderEvent
from scizor.services.ibsim.broker.fill_rules import FillRules
from scizor.services.ibsim.broker.journal import Journal
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.broker.words import Order, Terms
from tests.integration.ibsim_market import APPLE, ScriptedMarket

_PRICES = {"limit_price", "aux_price", "trailing_percent", "trail_stop_price", "limit_offset"}


def terms(kind: str, action: str = "BUY", quantity: int = 100, **given: Any) -> Terms:
    """Prices as texts."""
    exact: dict[str, Any] = {name: Decimal(value) if name in _PRICES else value for name, value in given.items()}
    return Terms(action, Decimal(quantity), kind, **exact)


def told(events: Iterable[Event]) -> list[object]:
    """Statuses, codes and prices of fills, in their order."""
    return [_brief(event) for event in events]


def _brief(event: Event) -> object:
    match event:
        case OrderEvent(order):
            return order.status.value
        case FillEvent(execution, _):
            return float(execution.price)
        case CommissionEvent():
            return "commission"
        case NoticeEvent(_, code, _):
            return code


class Table:
    """A broker and its market."""

    def __init__(self, broker: Broker, market: ScriptedMarket) -> None:
        self.broker, self.market = broker, market
        self._next_id = 0

    def place(self, kind: str, action: str = "BUY", quantity: int = 100, **given: Any) -> list[object]:
        """The next order of client 1; what is told of it."""
        self._next_id += 1
        return told(self.broker.place(1, self._next_id, APPLE, terms(kind, action, quantity, **given)))

    def goes(self, *prices: float, spread: float = 0.02) -> list[object]:
        """The price goes there, trade by trade; what is told after each."""
        heard: list[object] = []
        for price in prices:
            self.market.trade(price, spread=spread)
            heard += told(self.broker.match())
        return heard

    def order(self, order_id: int) -> Order:
        """One of client 1."""
        return next(order for order in self.broker.orders() if order.key == (1, order_id))

    def statuses(self) -> dict[int, str]:
        """Of all orders of client 1."""
        return {order.order_id: order.status.value for order in self.broker.orders()}


@contextmanager
def table(
    rules: FillRules | None = None, state: Path | None = None, market: ScriptedMarket | None = None
) -> Iterator[Table]:
    """In the middle of a session, the last trade at 100."""
    journal = Journal(state)
    try:
        market = market or ScriptedMarket()
        yield Table(Broker(market, journal, rules), market)
    finally:
        journal.close()
