"""What a deployment has come to: its capital, what its own orders traded, and how its strategy is told of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from scizor.domain.orders import FillCause, OrderEnd
from scizor.domain.orders import OrderState as SimulatedState
from scizor.domain.trading.deployments import Deployment
from scizor.domain.trading.events import Executed
from scizor.domain.trading.money import ZERO
from scizor.domain.trading.states import Order, OrderState
from scizor.ports.journal import Entry, Posting, PostingKind
from scizor.services.trading.desk.holdings import Holdings
from scizor.strategy.live import View
from scizor.strategy.views import Bar, Fill
from scizor.strategy.views import Order as ShownOrder

_STATES: Mapping[OrderState, SimulatedState] = {
    OrderState.FILLED: SimulatedState.FILLED,
    OrderState.CANCELED: SimulatedState.CANCELLED,
    OrderState.EXPIRED: SimulatedState.EXPIRED,
    OrderState.REJECTED: SimulatedState.REJECTED,
}
_ENDS: Mapping[OrderState, OrderEnd] = {
    OrderState.CANCELED: OrderEnd.ASKED,
    OrderState.EXPIRED: OrderEnd.TIME_IN_FORCE,
    OrderState.REJECTED: OrderEnd.INSUFFICIENT_FUNDS,
}


def client_id(deployment_id: str, number: int | str) -> str:
    """What an order of a deployment is called: the strategy's own number makes it, so that none is placed twice."""
    return f"{deployment_id}:{number}"


def number_of(order: Order) -> int | None:
    """The strategy's own number of an order; None for one that it did not ask for."""
    owner, colon, number = order.request.client_order_id.rpartition(":")
    return int(number) if colon and owner == order.request.deployment_id and number.isdigit() else None


class Purse:
    """Of one deployment: the journal's entries make it, each heard once, from its first order on."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._held = Holdings(deployment.spec.account, (), ())
        self._orders: dict[str, Order] = {}
        self._happened: list[ShownOrder | Fill] = []
        self._last_id = 0
        self._last_close: dict[str, Decimal] = {}

    def heard(self, entry: Entry) -> bool:
        """Whether it is about an order of the deployment's; what it did is told with the next view."""
        after = entry.order
        if after.request.deployment_id != self._deployment.id:
            return False
        before = self._orders.get(after.id)
        self._held.moved(before, after)
        self._orders[after.id] = after
        number = number_of(after)
        if number is not None:
            self._last_id = max(self._last_id, number)
            said, filled = entry.event.payload, before.filled if before else ZERO
            if isinstance(said, Executed) and after.filled > filled:
                self._happened.append(_fill(said, number, after.filled - filled))
            if before is None or before.state is not after.state or after.filled != filled:
                self._happened.append(self._shown(after, number))
        return True

    def forget_news(self) -> None:
        """What has happened so far was told before."""
        self._happened = []

    @property
    def has_news(self) -> bool:
        """Whether something happened that no view has told."""
        return bool(self._happened)

    def closed(self, bars: Mapping[str, Bar]) -> None:
        """Prices that positions are worth from now on."""
        self._last_close |= {name: Decimal(repr(bar.close)) for name, bar in bars.items()}

    def split(self, instrument: str, ratio: Decimal, time: datetime) -> None:
        """Shares became others."""
        self._held.post(Posting(PostingKind.SPLIT, time, instrument, ratio=ratio))
        if instrument in self._last_close:
            self._last_close[instrument] /= ratio

    def knows(self, order: Order) -> bool:
        """Whether an order is another's, or stands as the newest entry told."""
        if order.request.deployment_id != self._deployment.id:
            return True
        known = self._orders.get(order.id)
        return known is not None and known.sequence >= order.sequence

    @property
    def orders(self) -> Iterable[Order]:
        """All that the deployment ever had."""
        return self._orders.values()

    def open_orders(self) -> list[Order]:
        """Those that have not ended."""
        return [one for one in self._orders.values() if not one.state.ended]

    def shares(self) -> Mapping[str, Decimal]:
        """What is held, by instrument."""
        return self._held.shares()

    def view(self) -> View:
        """All that is known now; what has happened is told once."""
        spec, shares = self._deployment.spec, self._held.shares()
        cash = spec.capital + self._held.cash.get(spec.currency, ZERO)
        worth = sum((held * self._last_close.get(name, ZERO) for name, held in shares.items()), ZERO)
        happened, self._happened = tuple(self._happened), []
        shown = tuple(self._shown(one, number) for one in self.open_orders() if (number := number_of(one)) is not None)
        positions = {name: float(held) for name, held in shares.items()}
        return View(float(cash), float(cash + worth), positions, shown, happened, last_id=self._last_id)

    def _shown(self, order: Order, number: int) -> ShownOrder:
        terms, request = order.terms, order.request
        entry = self._orders.get(request.parent_id)
        waits = entry is not None and not entry.filled and not order.state.ended
        return ShownOrder(
            number,
            request.instrument,
            request.side,
            terms.type,
            terms.tif,
            _STATES.get(order.state, SimulatedState.HELD if waits else SimulatedState.WORKING),
            _ENDS.get(order.state, OrderEnd.NONE),
            float(terms.quantity),
            float(order.filled),
            _float(order.book.average_price),
            _float(terms.limit),
            _float(terms.stop),
            None,
            number_of(entry) if entry else None,
            "",
        )


def _fill(said: Executed, number: int, shares: Decimal) -> Fill:
    """`shares`: those that are new, of a corrected execution what it was short of."""
    execution = said.execution
    return Fill(
        number,
        execution.instrument,
        execution.side,
        float(shares),
        float(execution.price),
        0.0,
        FillCause.ORDER,
        execution.time,
        "",
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
