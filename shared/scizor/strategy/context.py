"""What an event strategy can see and do. A backtest implements it, and so can anything that trades live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from scizor.domain.arrays import FloatArray
from scizor.domain.intervals import Interval
from scizor.domain.orders import Side, TimeInForce
from scizor.strategy.bars import Column
from scizor.strategy.views import Bar, Bracket, Order


class Context(Protocol):
    """The world as of the close of the row that is *now*. What is placed here takes part from the next open on.

    Prices and quantities are on the scale of now: a window that reaches over a split is put on the scale after it.
    A call with an argument no market would take raises StrategyError, which ends the run: a symbol that is not of the
    run; a quantity that is not positive, no whole number of lots, or above 1e9; a price that is not positive; prices
    that make no order together. What only the account refuses does not: the order is rejected, and `on_order` told.
    """

    @property
    def symbols(self) -> tuple[str, ...]:
        """The run's symbols."""

    @property
    def time(self) -> datetime:
        """The close of this row, UTC."""

    @property
    def session(self) -> date:
        """The session this row belongs to."""

    @property
    def cash(self) -> float:
        """The account's currency."""

    @property
    def equity(self) -> float:
        """Cash, positions at their last close and dividends due, in the account's currency."""

    def bar(self, symbol: str) -> Bar | None:
        """The bar that has just closed; None where the symbol has none in this row."""

    def close(self, symbol: str) -> float:
        """The last close; NaN before the symbol's first bar."""

    def history(self, symbol: str, n: int, column: Column = "close", interval: Interval | None = None) -> FloatArray:
        """The symbol's last `n` bars that exist, now the last of them, shape (at most n,): a copy, read-only.

        With an `interval`: the last `n` bars of it that are complete.
        """

    def position(self, symbol: str) -> float:
        """Signed shares held."""

    def positions(self) -> Mapping[str, float]:
        """Signed shares by symbol, of those that are held."""

    def orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Orders that have not ended, oldest first, the exits of a bracket that waits for its entry among them."""

    def order(self, order_id: int) -> Order:
        """An order of this run, ended or not."""

    def buy(
        self,
        symbol: str,
        quantity: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        touch: float | None = None,
        trail: float | None = None,
        trail_fraction: float | None = None,
        tif: TimeInForce = TimeInForce.GTC,
        expires: datetime | None = None,
        group: int = 0,
        label: str = "",
    ) -> int:
        """Place an order; returns its id.

        MARKET without a price; LIMIT with `limit`; STOP with `stop`, STOP_LIMIT with both; MARKET_IF_TOUCHED with
        `touch`, LIMIT_IF_TOUCHED with `limit` too; TRAILING with `trail` (quote currency) or `trail_fraction`.
        Prices are put on the nearest tick. `expires` makes it good till then. `group`: see `one_cancels_other`.
        `label` stands beside it in the result.
        """

    def sell(
        self,
        symbol: str,
        quantity: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        touch: float | None = None,
        trail: float | None = None,
        trail_fraction: float | None = None,
        tif: TimeInForce = TimeInForce.GTC,
        expires: datetime | None = None,
        group: int = 0,
        label: str = "",
    ) -> int:
        """As `buy`, the other way; beyond what is held it sells short."""

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
        """An entry with its exits, live once it has filled: a limit at `take_profit`; a stop at `stop_loss`, or one
        that trails by `trail` (quote currency). One exit that fills ends the other.
        """

    def one_cancels_other(self) -> int:
        """A new group, for orders placed with `group=` it: the first of them that fills cancels the others."""

    def target(self, symbol: str, weight: float) -> None:
        """Hold a fraction of equity in a symbol, short below 0, from the next open on."""

    def close_position(self, symbol: str) -> int | None:
        """Sell, or buy back, all that is held at the market; returns the order's id, None when nothing is."""

    def cancel(self, order_id: int) -> bool:
        """Cancel an order; whether it had not ended."""

    def cancel_all(self, symbol: str | None = None) -> int:
        """Cancel every order of the symbol, or of all; returns how many."""
