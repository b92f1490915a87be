"""What a backtest shows its strategy: bars from a feed, the account and its orders from a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from scizor.domain.arrays import FloatArray
from scizor.domain.intervals import Interval
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.strategy.asking import demand_order
from scizor.strategy.bars import Column
from scizor.strategy.feed import Feed
from scizor.strategy.records import order_of
from scizor.strategy.views import Bar, Order


class Seen:
    """The half of a `Context` that is looked at.

    The simulation may be ahead of the row that is now, but only of rows in which nothing happened: positions and orders
    are those of now. Cash and equity are not, so they are read by row.
    """

    def __init__(self, simulation: Simulation, feed: Feed, settings: Settings) -> None:
        self.labels: dict[int, str] = {}
        self._simulation, self._feed, self._clock = simulation, feed, feed.clock
        self._symbols, self._initial_cash = feed.panel.symbols, settings.initial_cash
        self._closes = feed.last_close
        self._close_numbers = self._closes.numbers
        self._held = simulation.held

    @property
    def symbols(self) -> tuple[str, ...]:
        """The run's symbols."""
        return self._symbols

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
        return float(self._simulation.cash[self._clock.row]) if self._feed.started else self._initial_cash

    @property
    def equity(self) -> float:
        """The account's worth, in its currency."""
        return float(self._simulation.equity[self._clock.row]) if self._feed.started else self._initial_cash

    def bar(self, symbol: str) -> Bar | None:
        """The bar that has just closed; None where the symbol has none in this row."""
        columns = self._feed.raw
        close = columns["close"].now(symbol)
        if close != close:  # a missing bar: NaN alone differs from itself
            return None
        opened, high, low, volume = (columns[name].now(symbol) for name in ("open", "high", "low", "volume"))
        return Bar(opened, high, low, close, volume)

    def close(self, symbol: str) -> float:
        """The last close; NaN before the symbol's first bar."""
        try:
            return self._close_numbers[symbol][self._clock.at]
        except KeyError:
            return self._closes.load(symbol)[self._clock.at]

    def history(self, symbol: str, n: int, column: Column = "close", interval: Interval | None = None) -> FloatArray:
        """The symbol's last `n` bars, now the last of them: a copy, read-only."""
        return self._feed.window(symbol, n, column, interval)

    def position(self, symbol: str) -> float:
        """Signed shares held."""
        return self._held[self._feed.at(symbol)]

    def positions(self) -> Mapping[str, float]:
        """Signed shares by symbol, of those that are held."""
        return {symbol: held for symbol, held in zip(self._symbols, self._held, strict=True) if held}

    def orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Orders that have not ended, oldest first."""
        index = None if symbol is None else self._feed.at(symbol)
        if not len(self._simulation.orders):
            return ()
        numbers = sorted(self._simulation.open_orders(None if index is None else (index,)))
        records = self._simulation.orders
        return tuple(self._order_view(records[number - 1]) for number in numbers)

    def order(self, order_id: int) -> Order:
        """An order of this run, ended or not."""
        demand_order(order_id, len(self._simulation.orders))
        return self._order_view(self._simulation.orders[order_id - 1])

    def _order_view(self, record: Any) -> Order:
        return order_of(record, self._symbols, self.labels)
