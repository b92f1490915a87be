"""The context of a run that trades: what a strategy does becomes intents, what it sees is a view of the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.orders import OrderType, Side, TimeInForce
from scizor.engine.market import Listing
from scizor.engine.portfolio.setup import weight_bounds
from scizor.engine.settings import Settings
from scizor.engine.tickets import Ticket, check_ticket
from scizor.strategy.asking import (
    demand_exits,
    demand_order,
    demand_quantity,
    demand_terms,
    demand_weight,
    on_tick,
    ticket_of,
)
from scizor.strategy.bars import Column
from scizor.strategy.errors import about
from scizor.strategy.live_desk import Desk
from scizor.strategy.live_feed import LiveFeed
from scizor.strategy.views import Bar, Bracket, Order

_NAN = float("nan")


class LiveContext:
    """See `Context`. Orders that were asked for in this row are seen as if they had been sent."""

    def __init__(self, feed: LiveFeed, desk: Desk, listings: Mapping[str, Listing], settings: Settings) -> None:
        plain = Listing()
        self._feed, self._desk, self._open = feed, desk, False
        self._listings = [listings.get(symbol, plain) for symbol in feed.symbols]
        self._most, self._least = weight_bounds(settings)
        self._n_groups = 0

    @property
    def symbols(self) -> tuple[str, ...]:
        """The run's symbols."""
        return self._feed.symbols

    @property
    def time(self) -> datetime:
        """The close of this row, UTC."""
        return self._feed.time

    @property
    def session(self) -> date:
        """The session this row belongs to."""
        return self._feed.session

    @property
    def cash(self) -> float:
        """The account's currency."""
        return self._desk.view.cash

    @property
    def equity(self) -> float:
        """The account's worth, in its currency."""
        return self._desk.view.equity

    def bar(self, symbol: str) -> Bar | None:
        """The bar that has just closed; None where the symbol has none in this row."""
        return self._feed.bar(symbol)

    def close(self, symbol: str) -> float:
        """The last close; NaN before the symbol's first bar."""
        self._feed.demand_now()
        try:
            return self._feed.last_close[symbol]
        except (KeyError, TypeError):
            return self._feed.last_close[self.symbols[self._feed.at(symbol)]]

    def history(self, symbol: str, n: int, column: Column = "close", interval: Interval | None = None) -> FloatArray:
        """The symbol's last `n` bars, now the last of them: a copy, read-only."""
        return self._feed.history(symbol, n, column, interval)

    def position(self, symbol: str) -> float:
        """Signed shares held."""
        self._feed.at(symbol)
        return self._desk.view.positions.get(symbol, 0.0)

    def positions(self) -> Mapping[str, float]:
        """Signed shares by symbol, of those that are held."""
        held = self._desk.view.positions
        return {symbol: held[symbol] for symbol in self.symbols if held.get(symbol)}

    def orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Orders that have not ended, oldest first."""
        if symbol is not None:
            self._feed.at(symbol)
        return self._desk.open_orders(symbol)

    def order(self, order_id: int) -> Order:
        """An order of this run, ended or not."""
        demand_order(order_id, self._desk.n_orders)
        return self._desk.order(order_id)

    def buy(self, symbol: str, quantity: float, *, label: str = "", **terms: Any) -> int:
        """Place an order; returns its id."""
        return self._place(Side.BUY, symbol, quantity, label, terms)

    def sell(self, symbol: str, quantity: float, *, label: str = "", **terms: Any) -> int:
        """As `buy`, the other way."""
        return self._place(Side.SELL, symbol, quantity, label, terms)

    def bracket(
        self,
        symbol: str,
        quantity: float,
        *,
        side: Side = Side.BUY,
        limit: float | None = None,
        stop: float | None = None,
        take_profit: float | None = None,
        stop_loss: float | None = None,
        trail: float | None = None,
        tif: TimeInForce = TimeInForce.GTC,
        label: str = "",
    ) -> Bracket:
        """An entry with its exits."""
        index = self._tradable(symbol)
        listing = self._listings[index]
        shares, tick = demand_quantity(symbol, quantity, listing.lot_size), listing.tick_size
        demand_exits(symbol, side, take_profit, stop_loss, trail)
        entry = ticket_of(symbol, index, side, shares, tick_size=tick, limit=limit, stop=stop, tif=tif)
        profit_at = None if take_profit is None else on_tick(take_profit, tick)
        exits = _exits(entry, profit_at, None if stop_loss is None else on_tick(stop_loss, tick), trail)
        self._act()
        self._check([entry, *filter(None, exits)])
        number = self._desk.place(entry, label)
        profit, loss = (None if one is None else self._desk.place(one, label, number) for one in exits)
        return Bracket(number, profit, loss)

    def one_cancels_other(self) -> int:
        """A new group."""
        self._n_groups += 1
        return self._n_groups

    def target(self, symbol: str, weight: float) -> None:
        """Hold a fraction of equity in a symbol."""
        index = self._tradable(symbol)
        asked = demand_weight(symbol, weight, self._least, self._most)
        self._act()
        self._desk.target(index, asked)

    def close_position(self, symbol: str) -> int | None:
        """Sell, or buy back, all that is held at the market."""
        held = self.position(symbol)
        if not held:
            return None
        return self.sell(symbol, held) if held > 0 else self.buy(symbol, -held)

    def cancel(self, order_id: int) -> bool:
        """Cancel an order; whether it had not ended."""
        demand_order(order_id, self._desk.n_orders)
        self._act()
        return self._desk.cancel(order_id)

    def cancel_all(self, symbol: str | None = None) -> int:
        """Cancel every order of the symbol, or of all; returns how many."""
        return sum(self.cancel(order.id) for order in self.orders(symbol))

    def begin(self) -> None:
        """Trading has begun: orders may be placed."""
        self._open = True

    def end(self) -> None:
        """The last row is over: no orders any more."""
        self._open = False

    def _place(self, side: Side, symbol: str, quantity: float, label: str, terms: dict[str, Any]) -> int:
        index = self._tradable(symbol)
        listing = self._listings[index]
        held = self._desk.view.positions.get(symbol, 0.0)
        shares = demand_quantity(symbol, quantity, listing.lot_size, -side * held)
        demand_terms(symbol, terms)
        ticket = ticket_of(symbol, index, side, shares, tick_size=listing.tick_size, **terms)
        if not 0 <= ticket.group <= self._n_groups:
            raise about(symbol, "group", f"{ticket.group!r} is no group: ask for one with one_cancels_other()")
        self._act()
        self._check([ticket], -side * held)
        return self._desk.place(ticket, label)

    def _check(self, tickets: Sequence[Ticket], closes: float = 0.0) -> None:
        for ticket in tickets:
            listing = self._listings[ticket.symbol]
            check_ticket(ticket, len(self.symbols), listing.lot_size, listing.tick_size, closes)

    def _tradable(self, symbol: str) -> int:
        index = self._feed.at(symbol)
        close = self.close(symbol)
        if close != close:
            raise about(symbol, "symbol", f"{symbol} has no bar yet: there is no price to trade at")
        return index

    def _act(self) -> None:
        if not self._open:
            raise InvalidInput.of_field("ctx", "orders can be placed from the first bar to the last only")


def _exits(
    entry: Ticket, profit: float | None, loss: float | None, trail: float | None
) -> tuple[Ticket | None, Ticket | None]:
    """What closes an entry: a limit, and a stop or one that trails."""
    side = Side(-entry.side)
    first = None if profit is None else Ticket(entry.symbol, side, entry.quantity, OrderType.LIMIT, limit=profit)
    if trail is not None:
        return first, Ticket(entry.symbol, side, entry.quantity, OrderType.TRAILING, trail_amount=trail)
    if loss is None:
        return first, None
    return first, Ticket(entry.symbol, side, entry.quantity, OrderType.STOP, trigger=loss)
