"""The context of a backtest: what a strategy does goes to a simulation, at the row it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import Side, TimeInForce
from scizor.engine.market import Market
from scizor.engine.portfolio.setup import weight_bounds
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.engine.tickets import Ticket
from scizor.strategy.asking import (
    demand_exits,
    demand_order,
    demand_quantity,
    demand_terms,
    demand_weight,
    on_tick,
    ticket_of,
)
from scizor.strategy.errors import about
from scizor.strategy.feed import Feed
from scizor.strategy.seen import Seen
from scizor.strategy.views import Bracket

MAX_OPEN_ORDERS = 10_000


class Decision(NamedTuple):
    """Something a strategy did, as `lookahead` compares it."""

    row: int
    symbol: str
    what: str
    numbers: tuple[float, ...]


class BacktestContext(Seen):
    """See `Context`. `journal`: where decisions are noted, None for nowhere."""

    def __init__(
        self,
        market: Market,
        simulation: Simulation,
        feed: Feed,
        settings: Settings,
        journal: list[Decision] | None = None,
    ) -> None:
        super().__init__(simulation, feed, settings)
        listings = [market.listing(symbol) for symbol in self.symbols]
        self._lots, self._ticks = [one.lot_size for one in listings], [one.tick_size for one in listings]
        self._most, self._least = weight_bounds(settings)
        self._priced: set[str] = set()  # symbols that have had a bar
        self._n_orders, self._n_groups, self._count_at = 0, 0, MAX_OPEN_ORDERS
        self._journal, self._open = journal, False

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
        shares = demand_quantity(symbol, quantity, self._lots[index])
        demand_exits(symbol, side, take_profit, stop_loss, trail)
        tick = self._ticks[index]
        entry = ticket_of(symbol, index, side, shares, tick_size=tick, limit=limit, stop=stop, tif=tif)
        profit = None if take_profit is None else on_tick(take_profit, tick)
        loss = None if stop_loss is None else on_tick(stop_loss, tick)
        self._act()
        self._note(symbol, "bracket", (*entry, profit or 0.0, loss or 0.0, trail or 0.0))
        numbers = self._simulation.place_bracket(entry, profit, loss, stop_loss_trail=trail)
        self._placed(numbers, label)
        number, *exits = numbers
        return Bracket(number, None if profit is None else exits[0], None if loss is None is trail else exits[-1])

    def one_cancels_other(self) -> int:
        """A new group."""
        self._n_groups += 1
        return self._n_groups

    def target(self, symbol: str, weight: float) -> None:
        """Hold a fraction of equity in a symbol."""
        index = self._tradable(symbol)
        asked = demand_weight(symbol, weight, self._least, self._most)
        self._act()
        self._note(symbol, "target", (asked,))
        self._simulation.decide(index, asked)

    def close_position(self, symbol: str) -> int | None:
        """Sell, or buy back, all that is held at the market."""
        held = self.position(symbol)
        if not held:
            return None
        return self.sell(symbol, held) if held > 0 else self.buy(symbol, -held)

    def cancel(self, order_id: int) -> bool:
        """Cancel an order; whether it had not ended."""
        demand_order(order_id, len(self._simulation.orders))
        self._act()
        self._note("", "cancel", (float(order_id),))
        return self._simulation.cancel(order_id)

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
        shares = demand_quantity(symbol, quantity, self._lots[index], -side * self._held[index])
        if terms:
            demand_terms(symbol, terms)
            ticket = ticket_of(symbol, index, side, shares, tick_size=self._ticks[index], **terms)
            if not 0 <= ticket.group <= self._n_groups:
                raise about(symbol, "group", f"{ticket.group!r} is no group: ask for one with one_cancels_other()")
        else:
            ticket = Ticket(index, side, shares)
        self._act()
        self._note(symbol, "order", ticket)
        number = self._simulation.place(ticket)
        self._placed((number,), label)
        return number

    def _tradable(self, symbol: str) -> int:
        index = self._feed.at(symbol)
        if symbol not in self._priced:
            close = self.close(symbol)
            if close != close:
                raise about(symbol, "symbol", f"{symbol} has no bar yet: there is no price to trade at")
            self._priced.add(symbol)
        return index

    def _act(self) -> None:
        if not self._open:
            raise InvalidInput.of_field("ctx", "orders can be placed from the first bar to the last only")
        # The simulation runs ahead of a silent strategy: one that acts has to be met at the row it is at.
        now = self._clock.row + 1
        if self._simulation.rows_done != now:
            self._simulation.go_back(now)
        self._clock.acted = True

    def _note(self, symbol: str, what: str, numbers: tuple[float, ...]) -> None:
        if self._journal is not None:
            self._journal.append(Decision(self._clock.row, symbol, what, tuple(map(float, numbers))))

    def _placed(self, numbers: Sequence[int], label: str) -> None:
        if label:
            self.labels.update(dict.fromkeys(numbers, label))
        self._n_orders += len(numbers)
        # Counting is dear, so it is done when as many were placed as could have made the bound.
        if self._n_orders > self._count_at:
            n_open = len(self._simulation.open_orders())
            if n_open > MAX_OPEN_ORDERS:
                raise InvalidInput.of_field("ctx", f"more than {MAX_OPEN_ORDERS} orders are open: cancel some")
            self._count_at = self._n_orders + MAX_OPEN_ORDERS - n_open
