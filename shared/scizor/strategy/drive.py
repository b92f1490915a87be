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
        row, chunk_end = self._first_row, 0
        last_act, ahead = row, self._least_ahead
        if row:
            self._feed.start_chunk(row - 1)
        self._strategy.bind(self._values)
        self._strategy.on_start(self.context)
        self.context.begin()
        while row < self._last_row:
            if row >= chunk_end:
                chunk_end = min(self._feed.start_chunk(row), self._last_row)
            done = self.simulation.run_ahead(min(row + ahead, chunk_end))
            row = self._show(row, done, report)
            if self._clock.acted:
                ahead, last_act = max(row - last_act, self._least_ahead), row
            else:
                ahead *= 2
        report.tell(row)
        self.context.end()
        self._strategy.on_stop(self.context)

    def _values(self, one: Declaration) -> object:
        matrices = one.compute(self._feed.bars, self._strategy.params)
        return one.values(lambda output: Now(self._feed, matrices[output], one.degrees[output]))

    def _show(self, row: int, done: int, report: _Report) -> int:
        """Call the strategy for the rows from `row` on, at most to `done`; returns the row after the last of them.

        What happened did so in the first of them, or at the close before it; in the others nothing has.
        """
        clock, first, context, on_bar = self._clock, self._clock.first, self.context, self._strategy.on_bar
        clock.acted, clock.at = False, row - first
        self._tell()
        for begin in range(row - first, done - first, ROWS_A_REPORT):
            report.at(first + begin)
            for at in range(begin, min(begin + ROWS_A_REPORT, done - first)):
                clock.at = at
                on_bar(context)
                if clock.acted:
                    self._tell()
                    return first + at + 1
        return done

    def _tell(self) -> None:
        """Tell what has happened up to now, what follows from being told included."""
        simulation, most = self.simulation, self._n_told + self._max_events
        while self._n_told < simulation.n_events:
            self.context.refresh()
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
        self._on_rows, self._next_row = on_rows, 0

    def at(self, row: int) -> None:
        """Tell, if it is time."""
        if row >= self._next_row:
            self._next_row = row + ROWS_A_REPORT
            self.tell(row)

    def tell(self, row: int) -> None:
        """Tell."""
        if self._on_rows is None:
            return
        try:
            self._on_rows(row)
        except Exception as error:
            self.raised = error
            raise
