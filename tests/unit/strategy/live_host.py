"""A host of live strategies: the engine's own simulation in the broker's place, a row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from scizor.domain.bars import ActionType
from scizor.domain.orders import EventKind, OrderType
from scizor.engine.arrays import Records
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.portfolio.ledger import lot_nb
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.engine.tickets import Ticket
from scizor.strategy import Bar, Fill, Order
from scizor.strategy.live import Cancel, Intent, LiveStrategy, Place, Row, View
from scizor.strategy.records import event_of, fill_of, order_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = ("open", "high", "low", "close", "volume")


def rows_of(panel: Panel) -> list[Row]:
    """A panel's rows as they come."""
    columns = np.stack([getattr(panel, name) for name in _COLUMNS], axis=2).tolist()
    slots = zip(panel.sessions.tolist(), panel.open_ns.tolist(), panel.close_ns.tolist(), columns, strict=True)
    return [
        Row(session, opened, closed, {s: Bar(*bar) for s, bar in zip(panel.symbols, bars, strict=True) if bar[0] > 0})
        for session, opened, closed, bars in slots
    ]


class Host:
    """Shows `live` all rows of a market and carries out what it asks for.

    `by_weight`: whether orders by weight are the simulation's own, whose size is then held against the intent's; else
    they are orders like any other. `seen`: each call to `live`, for a replay.
    """

    def __init__(
        self, live: LiveStrategy, market: Market, settings: Settings, *, first_row: int = 0, by_weight: bool = True
    ) -> None:
        self.simulation = Simulation(market, settings, first_row=first_row)
        self.seen: list[tuple[Row | None, View]] = []
        self.asked: list[Intent] = []
        self.splits: dict[int, list[tuple[str, float]]] = _splits(market)
        self._live, self._market, self._first_row, self._by_weight = live, market, first_row, by_weight
        self._rows, self._n_told = rows_of(market.panel), 0
        self._numbers: dict[int, int] = {}  # the simulation's, by the strategy's
        self._ids: dict[int, int] = {}
        self._labels: dict[int, str] = {}

    def run(self, n_rows: int | None = None) -> Records:
        """All rows, or so many; the fills."""
        for place, row in enumerate(self._rows[:n_rows]):
            for symbol, ratio in self.splits.get(place, ()):
                self._live.split(symbol, ratio)
            if place < self._first_row:
                self._live.warm(row)
                continue
            self.simulation.run_ahead(place + 1)
            self._carry_out(self._show(row))
            while self.simulation.n_events > self._n_told:
                self._carry_out(self._show(None))
        self._live.stop(self._view())
        return self.simulation.fills

    def _show(self, row: Row | None) -> Sequence[Intent]:
        view = self._view()
        self.seen.append((row, view))
        asked = self._live.tell(view) if row is None else self._live.advance(row, view)
        self.asked += asked
        return asked

    def _view(self) -> View:
        simulation, symbols = self.simulation, self._market.panel.symbols
        happened: list[Order | Fill] = []
        for kind, number, fill in map(event_of, simulation.events(self._n_told).tolist()):
            if fill >= 0:
                close_ns = int(self._market.panel.close_ns[simulation.rows_done - 1])
                time = _EPOCH + timedelta(microseconds=close_ns // 1_000)
                told = fill_of(simulation.fills[fill], symbols, self._labels, time)
                happened.append(told._replace(order_id=self._ids.get(number)))
            if number and (self._order(number).state.ended or kind != EventKind.FILLED):
                happened.append(self._order(number))
        self._n_told = simulation.n_events
        row = simulation.rows_done - 1
        held = dict(zip(symbols, simulation.held, strict=True))
        orders = tuple(self._order(number) for number in sorted(simulation.open_orders()))
        return View(float(simulation.cash[row]), float(simulation.equity[row]), held, orders, tuple(happened))

    def _order(self, number: int) -> Order:
        order = order_of(self.simulation.orders[number - 1], self._market.panel.symbols, self._labels)
        parent = None if order.parent is None else self._ids[order.parent]
        return order._replace(id=self._ids[number], parent=parent)

    def _carry_out(self, intents: Sequence[Intent]) -> None:
        for at, intent in enumerate(intents):
            if isinstance(intent, Cancel):
                self.simulation.cancel(self._numbers[intent.id])
            elif intent.parent is None:
                exits = [one for one in intents[at + 1 : at + 3] if isinstance(one, Place) and one.parent == intent.id]
                self._place(intent, exits)

    def _place(self, intent: Place, exits: Sequence[Place]) -> None:
        simulation, index = self.simulation, self._market.panel.symbols.index(intent.symbol)
        if intent.weight is not None and self._by_weight:
            simulation._buffers.books["target"][index] = np.nan  # decisions that came to nothing were not sent
            numbers: tuple[int, ...] = (simulation.decide(index, intent.weight),)
            wanted = float(simulation.orders[numbers[0] - 1]["wanted"])
            assert intent.wanted == wanted
            lot = self._market.listing(intent.symbol).lot_size
            assert intent.side * intent.quantity == lot_nb(wanted - simulation.held[index], lot)
        elif exits:
            profit = [one.limit for one in exits if one.type is OrderType.LIMIT]
            loss = [one.trigger for one in exits if one.type is OrderType.STOP]
            trail = [one.trail_amount for one in exits if one.type is OrderType.TRAILING]
            first, second, third = (one[0] if one else None for one in (profit, loss, trail))
            numbers = simulation.place_bracket(_ticket(index, intent), first, second, stop_loss_trail=third)
        else:
            numbers = (simulation.place(_ticket(index, intent)),)
        for number, one in zip(numbers, (intent, *exits), strict=True):
            self._numbers[one.id], self._ids[number] = number, one.id
            if one.label:
                self._labels[number] = one.label


def _ticket(index: int, intent: Place) -> Ticket:
    prices = (intent.limit, intent.trigger, intent.trail_amount, intent.trail_fraction)
    limit, trigger, amount, fraction = (float("nan") if price is None else price for price in prices)
    expire_ns = 0 if intent.expires is None else int(intent.expires.timestamp()) * 1_000_000_000
    return Ticket(
        index,
        intent.side,
        intent.quantity,
        intent.type,
        intent.tif,
        limit,
        trigger,
        amount,
        fraction,
        expire_ns,
        intent.group,
    )


def _splits(market: Market) -> dict[int, list[tuple[str, float]]]:
    """Splits by the row before which they are told: the first with a bar of the symbol on or after the ex-date."""
    found: dict[int, list[tuple[str, float]]] = {}
    for symbol, actions in market.actions.items():
        priced = ~np.isnan(market.panel.close[:, market.panel.symbols.index(symbol)])
        for action in actions:
            after = market.panel.sessions >= np.datetime64(action.ex_date, "D")
            rows = np.flatnonzero(priced & after)
            if action.type is ActionType.SPLIT and len(rows):
                found.setdefault(int(rows[0]), []).append((symbol, float(action.value)))
    return found
