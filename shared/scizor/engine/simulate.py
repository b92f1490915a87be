"""A simulation the caller runs in pieces: chunks, so that progress is real and a cancel takes effect between two of
them, or row by row, so that a strategy acts on what it sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.arrays import IndexArray, Records, kernel_array
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.portfolio.buffers import Buffers
from scizor.engine.portfolio.desk import add_exits_nb, cancel_nb, place_nb, weigh_symbol_nb
from scizor.engine.portfolio.loop import go_back_nb, run_ahead_nb, run_nb, settle_orders_nb
from scizor.engine.portfolio.setup import decisions_of, weight_bounds
from scizor.engine.result import Ambiguity, CostLines, Result
from scizor.engine.settings import Settings
from scizor.engine.tickets import Ticket, check_price, check_ticket


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """What a matrix of weights decides from `first_row` on: where they change, dtype DECISION."""

    records: Records
    first_row: int


def decided(market: Market, settings: Settings, targets: FloatArray, *, first_row: int = 0) -> Decisions:
    """What `targets` decide: weights at each close, NaN keeps, shape of the panel.

    Raises InvalidInput for another shape, and for weights the account may not hold: beyond 1 (beyond what the initial
    margin lends), alone or in the sum of their absolute values, or negative in a CASH account.
    """
    _demand_row(first_row, market)
    return Decisions(decisions_of(kernel_array(targets), market, settings, first_row), first_row)


def _demand_row(first_row: int, market: Market) -> None:
    last = market.panel.n_rows - 1
    if not isinstance(first_row, int | np.integer) or not 0 <= first_row <= last:
        raise InvalidInput.of_field("first_row", f"must be a whole number between 0 and {last}")


class Simulation:
    """One run over a market, of `targets` or, without, of a strategy that acts row by row.

    No trading before `first_row`; a `Panel` is a market of which no more is known. Raises InvalidInput as `decided`.
    """

    def __init__(
        self,
        market: Market | Panel,
        settings: Settings,
        targets: FloatArray | Decisions | None = None,
        *,
        first_row: int = 0,
    ) -> None:
        self._market = market if isinstance(market, Market) else Market(market)
        _demand_row(first_row, self._market)
        self._decides_itself = targets is not None
        if isinstance(targets, np.ndarray):
            targets = decided(self._market, settings, targets, first_row=first_row)
        if targets is not None and targets.first_row != first_row:
            raise InvalidInput.of_field("first_row", f"must be that of the decisions, {targets.first_row}")
        self._buffers = Buffers(self._market, settings, None if targets is None else targets.records, first_row)
        self._sims = self._buffers.sims
        self._settings, self._first, self._done = settings, first_row, first_row
        self._least_done = first_row
        self._groups: dict[int, int] = {}
        self._lots = self._buffers.books["lot_size"].tolist()
        self._ticks = self._buffers.books["tick_size"].tolist()
        # Looked at before and after all that a strategy does: through an array they would cost as much as a fill.
        self._n_orders, self._n_events = (self._buffers.account[name].data for name in ("n_orders", "n_events"))
        self._held: Sequence[float] = self._buffers.holdings["position"].data.toreadonly()

    @property
    def rows_done(self) -> int:
        """Rows simulated so far, those before the first among them."""
        return self._done

    @property
    def rows_total(self) -> int:
        """Rows of the whole run."""
        return self._market.panel.n_rows

    @property
    def bars_done(self) -> int:
        """Bars (those that exist) simulated so far."""
        if not self._market.panel.missing:
            return self._done * self._market.panel.n_symbols
        return int(self._bars_through[self._done - 1]) if self._done else 0

    @property
    def bars_total(self) -> int:
        """Bars of the whole run."""
        if not self._market.panel.missing:
            return self.rows_total * self._market.panel.n_symbols
        return int(self._bars_through[-1])

    @cached_property
    def _bars_through(self) -> IndexArray:
        return np.cumsum(np.count_nonzero(~np.isnan(self._market.panel.close), axis=1))

    def advance(self, n_rows: int) -> bool:
        """Simulate up to `n_rows` more, without the GIL. Returns whether the run is done."""
        if n_rows < 1:
            raise InvalidInput.of_field("n_rows", "must be at least 1")
        last = min(self._done + n_rows, self.rows_total)
        while self._done < last:
            self._done = run_nb(self._sims, self._done, last)
            if self._done < last:
                self._buffers.grow()
        return self._done == self.rows_total

    def run(self) -> Result:
        """Simulate all that is left and return the result."""
        if self._done < self.rows_total:
            self.advance(self.rows_total)
        return self.result()

    # For strategies that act row by row.

    def run_ahead(self, last_row: int) -> int:
        """Run until a row in which something may have happened is done, or `last_row` is reached (exclusive).

        Returns the rows done, at least one more than before (unless `last_row` is reached). `go_back` returns to any
        row passed on the way.
        """
        before = self._done
        last = min(last_row, self.rows_total)
        if before >= last:
            return before
        while self._done == before:
            self._done = run_ahead_nb(self._sims, before, last)
            if self._done == before:
                self._buffers.grow()
        self._least_done = before + 1
        return self._done

    def go_back(self, rows_done: int) -> None:
        """Back to the state right after an earlier row that the last `run_ahead` passed; nothing had happened since."""
        if not self._least_done <= rows_done <= self._done:
            rule = f"must be from {self._least_done} to {self._done}, the rows the last run_ahead passed"
            raise InvalidInput.of_field("rows_done", rule)
        if rows_done < self._done:
            go_back_nb(self._sims, rows_done)
            self._done = rows_done

    def place(self, ticket: Ticket) -> int:
        """Place an order after the close of the last row; its number. One that is rejected gets one too, and an event.

        Raises InvalidInput for a ticket no account could take, naming the field.
        """
        symbol, side, quantity, kind, tif, limit, trigger, trail_amount, trail_fraction, expire_ns, group = ticket
        if not 0 <= symbol < len(self._lots):
            raise InvalidInput.of_field("order.symbol", f"must be an index below {len(self._lots)}")
        lot_size = self._lots[symbol]
        closes = -side * self._held[symbol] if lot_size > 1.0 else 0.0
        check_ticket(ticket, len(self._lots), lot_size, self._ticks[symbol], closes)
        self._check_acting()
        number = place_nb(
            self._sims,
            self._done - 1,
            symbol,
            int(side),
            int(kind),
            int(tif),
            float(quantity),
            limit,
            trigger,
            trail_amount,
            trail_fraction,
            expire_ns,
            group,
            self._groups.get(group, 0),
        )
        if number == 0:
            raise InvalidInput.of_field("order.symbol", f"{self._market.panel.symbols[symbol]} has no bar yet")
        if group and number > 0:
            self._groups[group] = number
        return abs(number)

    def place_bracket(
        self,
        entry: Ticket,
        take_profit_limit: float | None = None,
        stop_loss: float | None = None,
        *,
        stop_loss_trail: float | None = None,
    ) -> tuple[int, ...]:
        """Place an order with its exits: a limit, and a stop or a stop that trails by an amount. Their numbers."""
        tick_size = self._ticks[entry.symbol] if 0 <= entry.symbol < len(self._ticks) else 0.0
        for field, price in (("take_profit_limit", take_profit_limit), ("stop_loss", stop_loss)):
            if price is not None:
                check_price(field, price, tick_size)
        if stop_loss_trail is not None and not 0 < stop_loss_trail < math.inf:
            raise InvalidInput.of_field("order.stop_loss_trail", "must be positive and finite")
        if stop_loss is not None and stop_loss_trail is not None:
            raise InvalidInput.of_field("order.stop_loss_trail", "must not be given with stop_loss")
        exits = [take_profit_limit, stop_loss, stop_loss_trail]
        number = self.place(entry)
        levels = [math.nan if level is None else float(level) for level in exits]
        add_exits_nb(self._sims, number, self._done - 1, *levels)
        return tuple(range(number, number + 1 + sum(level is not None for level in exits)))

    def decide(self, symbol: int, weight: float) -> int:
        """Decide a weight for a symbol; the number of its order, 0 when that changes nothing."""
        most, least = weight_bounds(self._settings)
        if not least <= weight <= most:
            raise InvalidInput.of_field("weight", f"must be from {least:g} to {most:g}, got {weight}")
        if not 0 <= symbol < len(self._lots):
            raise InvalidInput.of_field("symbol", f"must be an index below {len(self._lots)}")
        self._check_acting()
        return int(weigh_symbol_nb(self._sims, self._done - 1, symbol, float(weight)))

    def cancel(self, number: int) -> bool:
        """End an order after the close of the last row. Returns whether there was one, and it lived."""
        self._check_acting()
        return 1 <= number <= self._n_orders[0] and bool(cancel_nb(self._sims, self._done - 1, number))

    def _check_acting(self) -> None:
        if self._decides_itself or self._done <= self._first:
            rule = "orders are placed after the first row, in a run without targets"
            raise InvalidInput.of_field("simulation", rule)
        self._least_done = self._done
        buffers = self._buffers
        if self._n_orders[0] + 8 > len(buffers.orders) or self._n_events[0] + 16 > len(buffers.events):
            buffers.grow()

    def events(self, since: int) -> Records:
        """What happened from event number `since` on: dtype EVENT."""
        return self._buffers.events[since : self.n_events]

    @property
    def n_events(self) -> int:
        """What has happened so far."""
        return self._n_events[0]

    @property
    def fills(self) -> Records:
        """Fills so far: dtype FILL."""
        return self._buffers.fills[: int(self._buffers.account["n_fills"][0])]

    @property
    def orders(self) -> Records:
        """All orders so far, by number less 1: dtype ORDER."""
        return self._buffers.orders[1 : int(self._buffers.account["n_orders"][0]) + 1]

    @property
    def equity(self) -> FloatArray:
        """Equity at each close, valid below `rows_done`."""
        return self._buffers.equity

    @property
    def cash(self) -> FloatArray:
        """Cash at each close, valid below `rows_done`."""
        return self._buffers.cash

    def positions(self) -> FloatArray:
        """Signed shares now, shape (n_symbols,)."""
        return self._buffers.holdings["position"].copy()

    @property
    def held(self) -> Sequence[float]:
        """Signed shares by symbol index: a view, always of now."""
        return self._held

    def open_orders(self, symbols: Sequence[int] | None = None) -> list[int]:
        """The numbers of the orders that live, by symbol, oldest first."""
        holdings, orders, numbers = self._buffers.holdings, self._buffers.orders, []
        for symbol in range(len(self._lots)) if symbols is None else symbols:
            number = int(holdings["first"][symbol])
            while number:
                numbers.append(number)
                number = int(orders["later"][number])
        return numbers

    @property
    def ruined(self) -> bool:
        """Whether trading has stopped because nothing was left; orders are rejected from then on."""
        return bool(self._buffers.account["ruined_row"][0] >= 0)

    @property
    def costs(self) -> CostLines:
        """The cost lines so far."""
        names = ("commission", "slippage", "fx", "borrow", "debit_interest", "credit_interest", "dividends")
        return CostLines(**{name: float(self._buffers.account[name][0]) for name in names})

    def result(self) -> Result:
        """The result of a run that is done. Raises InvalidInput before."""
        if self._done < self.rows_total:
            raise InvalidInput.of_field("simulation", f"{self.rows_total - self._done} rows are still to do")
        while not settle_orders_nb(self._sims, self._done):
            self._buffers.grow()
        money, path = self._buffers.account[0], self._buffers
        return Result(
            equity=path.equity,
            cash=path.cash,
            long_value=path.long_value,
            short_value=path.short_value,
            in_market=path.in_market,
            fills=self.fills,
            trades=path.trades[: int(money["n_trades"])],
            orders=self.orders,
            positions=self.positions(),
            costs=self.costs,
            ambiguity=Ambiguity(
                int(money["n_ambiguous"]), float(money["best"]), float(money["worst"]), int(money["n_touch"])
            ),
            first_row=self._first,
            n_cut=int(money["n_cut"]),
            n_rejected=int(money["n_rejected"]),
            n_zero_volume_fills=int(money["n_zero_volume"]),
            n_margin_calls=int(money["n_margin_calls"]),
            n_open_orders=int(money["n_active"]),
            ruined_row=int(money["ruined_row"]) if money["ruined_row"] >= 0 else None,
        )
