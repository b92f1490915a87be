"""The orders of a strategy that trades: ids, what was asked for in this row, what is known of the rest.

Ids count as the engine's numbers do, weights that change nothing and orders that come to nothing among them, so a
strategy meets the same ids live as in its backtest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import OrderEnd, OrderState, OrderType, Side, TimeInForce
from scizor.engine.fills import stop_of_nb
from scizor.engine.market import Listing
from scizor.engine.settings import Settings
from scizor.engine.tickets import Ticket
from scizor.strategy.live_sizing import Sizer
from scizor.strategy.live_views import Cancel, Intent, Place, View
from scizor.strategy.views import Fill, Order

MAX_OPEN_ORDERS: Final = 10_000
MAX_INTENTS: Final = 2_000
"""Orders and cancels in one row."""
KEPT_ENDED: Final = 10_000
"""Orders that have ended and can still be looked at; older ones are forgotten."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORGET = float("nan")  # equals no weight: whichever is asked for next is a decision


class Desk:
    """See the module. `closes`: last closes by symbol, kept by whoever makes it; `view`: what is known now."""

    def __init__(
        self,
        symbols: Sequence[str],
        listings: Mapping[str, Listing],
        settings: Settings,
        closes: Mapping[str, float],
    ) -> None:
        self.sizer = Sizer(symbols, listings, settings)
        self.view = View(settings.initial_cash, settings.initial_cash)
        self.n_orders = 0
        self._symbols, self._closes = tuple(symbols), closes
        self._open: dict[int, Order] = {}
        self._ended: dict[int, Order] = {}
        self._idle: set[int] = set()  # orders by weight for which nothing lacked: no one else knows of them
        self._targets = dict.fromkeys(symbols, 0.0)
        self._asked: list[Intent] = []

    def see(self, view: View) -> list[Order]:
        """Take what is known now. Returns the orders that have ended without anyone else's knowing."""
        known = {one.id: one for one in view.happened if isinstance(one, Order)}
        known |= {one.id: one for one in view.orders}
        gone = [self._without_trace(order) for number, order in self._open.items() if number not in known]
        self.view, self.n_orders = view, max(self.n_orders, view.last_id, *known)
        for one in view.happened:
            if isinstance(one, Fill):
                self.sizer.count(one.quantity)
        for order in gone:
            if order.state is OrderState.REJECTED and order.weight is not None:
                self._targets[order.symbol] = _FORGET
        for order in (*gone, *known.values()):
            self._keep(order)
        return gone

    def asked(self) -> tuple[Intent, ...]:
        """What was asked for since the last time."""
        asked, self._asked = tuple(self._asked), []
        return asked

    def open_orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Those that have not ended, oldest first."""
        return tuple(self._open[one] for one in sorted(self._open) if symbol in (None, self._open[one].symbol))

    def order(self, order_id: int) -> Order:
        """One that was given. Raises InvalidInput for one that is forgotten."""
        found = self._open.get(order_id) or self._ended.get(order_id)
        if found is None:
            rule = f"{order_id} is forgotten: of those that have ended the last {KEPT_ENDED:,} are kept"
            raise InvalidInput.of_field("order_id", rule)
        return found

    def place(self, ticket: Ticket, label: str, parent: int | None = None) -> int:
        """Ask for an order, an exit of `parent`; its id."""
        return self._ask(_place_of(self.n_orders + 1, self._symbols[ticket.symbol], ticket, label, parent))

    def target(self, index: int, weight: float) -> None:
        """Ask for what a weight comes to; nothing where it is no news, or there is no price yet."""
        symbol = self._symbols[index]
        close = self._closes[symbol]
        if weight == self._targets[symbol] or close != close:
            return
        self._targets[symbol] = weight
        for order in self.open_orders(symbol):
            if order.weight is not None:
                self._end(order, OrderEnd.REPLACED)
        wanted = self.sizer.wanted(index, weight, self.view.equity, close, self.view.rates)
        lacking = self.sizer.lacking(index, wanted, self.view.positions.get(symbol, 0.0))
        side = Side.BUY if lacking > 0 else Side.SELL
        self._ask(Place(self.n_orders + 1, symbol, side, abs(lacking), weight=weight, wanted=wanted))

    def cancel(self, order_id: int) -> bool:
        """Ask for an order's end; whether it had not ended. Until the next row it is taken for cancelled."""
        order = self._open.get(order_id)
        if order is None:
            return False
        self._end(order, OrderEnd.ASKED)
        if not order.filled:
            for leg in self.open_orders(order.symbol):
                if leg.parent == order_id and leg.state is OrderState.HELD:
                    self._keep(leg._replace(state=OrderState.CANCELLED, end=OrderEnd.PARENT))
        return True

    def _ask(self, wanted: Place) -> int:
        self.n_orders = wanted.id
        self._keep(_order_of(wanted, self._closes[wanted.symbol]))
        if len(self._open) > MAX_OPEN_ORDERS:
            raise InvalidInput.of_field("ctx", f"more than {MAX_OPEN_ORDERS} orders are open: cancel some")
        if wanted.quantity:
            self._want(wanted)
        else:
            self._idle.add(wanted.id)
        return wanted.id

    def _want(self, intent: Intent) -> None:
        if len(self._asked) >= MAX_INTENTS:
            raise InvalidInput.of_field("ctx", f"more than {MAX_INTENTS:,} orders and cancels in one row")
        self._asked.append(intent)

    def _end(self, order: Order, why: OrderEnd) -> None:
        self._keep(order._replace(state=OrderState.CANCELLED, end=why))
        if order.id in self._idle:
            self._idle.remove(order.id)
        else:
            self._want(Cancel(order.id))

    def _without_trace(self, order: Order) -> Order:
        if order.id in self._idle:
            self._idle.remove(order.id)
            return order._replace(state=OrderState.CANCELLED, end=OrderEnd.NOTHING_TO_DO)
        return order._replace(state=OrderState.REJECTED)

    def _keep(self, order: Order) -> None:
        if not order.state.ended:
            self._ended.pop(order.id, None)
            self._open[order.id] = order
            return
        self._open.pop(order.id, None)
        self._ended[order.id] = order
        if len(self._ended) > KEPT_ENDED:
            del self._ended[next(iter(self._ended))]


def _place_of(number: int, symbol: str, ticket: Ticket, label: str, parent: int | None) -> Place:
    prices = (ticket.limit, ticket.trigger, ticket.trail_amount, ticket.trail_fraction)
    limit, trigger, amount, fraction = (None if price != price else price for price in prices)
    expires = _EPOCH + timedelta(microseconds=ticket.expire_ns // 1_000) if ticket.expire_ns else None
    return Place(
        number,
        symbol,
        Side(ticket.side),
        ticket.quantity,
        OrderType(ticket.type),
        TimeInForce(ticket.tif),
        limit,
        trigger,
        amount,
        fraction,
        expires,
        ticket.group,
        parent,
        label=label,
    )


def _order_of(place: Place, close: float) -> Order:
    """How an order stands that has just been asked for."""
    trigger = place.trigger
    if place.type is OrderType.TRAILING and place.parent is None:
        nothing = float("nan")
        amount, fraction = (nothing if one is None else one for one in (place.trail_amount, place.trail_fraction))
        trigger = float(stop_of_nb(int(place.side), amount, fraction, close))
    return Order(
        id=place.id,
        symbol=place.symbol,
        side=place.side,
        type=place.type,
        tif=place.tif,
        state=OrderState.WORKING if place.parent is None else OrderState.HELD,
        end=OrderEnd.NONE,
        quantity=place.quantity,
        filled=0.0,
        average_price=None,
        limit=place.limit,
        trigger=trigger,
        weight=place.weight,
        parent=place.parent,
        label=place.label,
    )
