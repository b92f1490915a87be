"""An event strategy over a simulation.

Asking the simulation after every row would cost more than most strategies do. So it runs ahead, to the first row in
which something happens; the strategy is then shown row after row, and when it acts in one of them the simulation goes
back to it. How far ahead follows from how long the strategy was silent, so that little is run in vain.
"""

from __future__ import annotations

from collections.abc import Callable

from scizor.domain.errors import InvalidInput
from scizor.domain.orders import EventKind
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation
from scizor.strategy.backtest import BacktestContext, Decision
from scizor.strategy.base import EventStrategy
from scizor.strategy.declare import Declaration
from scizor.strategy.errors import StrategyError, place_of
from scizor.strategy.feed import Feed, Now, told_time
from scizor.strategy.records import event_of, fill_of, order_of

ROWS_A_REPORT = 64


class Driver:
    """One run of a strategy that no other run has used.

    `journal`: where its decisions are noted, None for nowhere. `last_row`: the run ends before it, None for after all.
    `max_events_a_row`: a strategy that answers each event by what makes another would never end.
    """

    def __init__(
        self,
        strategy: EventStrategy,
        market: Market,
        settings: Settings,
        *,
        first_row: int = 0,
        last_row: int | None = None,
        journal: list[Decision] | None = None,
        max_events_a_row: int = 100_000,
    ) -> None:
        self.simulation = Simulation(market, settings, first_row=first_row)
        self._strategy, self._panel, self._first_row = strategy, market.panel, first_row
        self._last_row = market.panel.n_rows if last_row is None else last_row
        self._feed = Feed(market)
        self._clock = self._feed.clock
        self.context = BacktestContext(market, self.simulation, self._feed, settings, journal)
        # What a strategy does not override need not be told.
        self._tells_fills = type(strategy).on_fill is not EventStrategy.on_fill
        self._tells_orders = type(strategy).on_order is not EventStrategy.on_order
        self._tells = self._tells_fills or self._tells_orders
        self._n_told, self._max_events = 0, max_events_a_row
        self._least_ahead = max(32 // market.panel.n_symbols, 1)

    def run(self, on_rows: Callable[[int], None] | None = None) -> None:
        """All rows. `on_rows`: told the rows done every 64 rows at the latest; what it raises ends the run.

        Raises StrategyError with the bar and the line.
        """
        report = _Report(on_rows)
        try:
            self._run(report)
        except Exception as error:
            told = None if error is report.raised else self._told(error)
            if told is None:
                raise
            raise told from error

    def _run(self, report: _Report) -> None:
        simulation, clock, context = self.simulation, self._clock, self.context
        row = last_act = first = done = self._first_row
        chunk_end, ahead = 0, self._least_ahead
        if row:
            self._feed.start_chunk(row - 1)
        self._strategy.bind(self._values)
        self._strategy.on_start(context)
        context.begin()
        on_bar = self._strategy.on_bar
        while row < self._last_row:
            if row == done:
                if row >= chunk_end:
                    first, chunk_end = row, min(self._feed.start_chunk(row), self._last_row)
                done = simulation.run_ahead(min(row + ahead, chunk_end))
                ahead *= 2
                clock.at = row - first
                # What happened did so in this row, or at the close before it; in the others up to `done` nothing has.
                self._tell()
            if row >= report.next_row:
                report.tell(row)
            for clock.at in range(row - first, min(row + ROWS_A_REPORT, done) - first):
                on_bar(context)
                if clock.acted:
                    break
            row = first + clock.at + 1
            if clock.acted:
                self._tell()
                done, last_act, ahead = row, row, max(row - last_act, self._least_ahead)
                clock.acted = False
        report.tell(row)
        context.end()
        self._strategy.on_stop(context)

    def _values(self, one: Declaration) -> object:
        matrices = one.compute(self._feed.bars, self._strategy.params)
        return one.values(lambda output: Now(self._feed, matrices[output], one.degrees[output]))

    def _tell(self) -> None:
        """Tell what has happened up to now, what follows from being told included."""
        simulation, most = self.simulation, self._n_told + self._max_events
        while self._n_told < simulation.n_events:
            if self._n_told > most:
                rule = f"over {self._max_events} events in one row: each answer to an event made another"
                raise InvalidInput.of_field("ctx", rule)
            events = simulation.events(self._n_told).tolist() if self._tells else ()
            self._n_told = simulation.n_events
            for event in events:
                self._tell_one(*event_of(event))

    def _tell_one(self, kind: int, number: int, fill: int) -> None:
        strategy, context, simulation = self._strategy, self.context, self.simulation
        if fill >= 0 and self._tells_fills:
            strategy.on_fill(context, fill_of(simulation.fills[fill], context.symbols, context.labels, context.time))
        if number and self._tells_orders:
            order = order_of(simulation.orders[number - 1], context.symbols, context.labels)
            if order.state.ended or kind != EventKind.FILLED:
                strategy.on_order(context, order)

    def _told(self, error: Exception) -> StrategyError | None:
        """The error as its strategy's; None where nothing says that it is."""
        strategy = self._strategy
        place = place_of(error.__traceback__, strategy.files())
        if not place[1]:
            if not isinstance(error, InvalidInput | TypeError):
                return None
            place = (type(strategy).on_bar.__code__.co_filename, 0)
        time = told_time(self._panel, self._clock.row) if self._feed.started else ""
        return StrategyError.at(error, strategy=strategy.id, time=time, place=place)


class _Report:
    """Tells how far a run is, now and then, and remembers what that raised: it is no fault of the strategy."""

    def __init__(self, on_rows: Callable[[int], None] | None) -> None:
        self.raised: Exception | None = None
        self.next_row = 0  # at which it is time again
        self._on_rows = on_rows

    def tell(self, row: int) -> None:
        """Tell."""
        self.next_row = row + ROWS_A_REPORT
        if self._on_rows is None:
            return
        try:
            self._on_rows(row)
        except Exception as error:
            self.raised = error
            raise
