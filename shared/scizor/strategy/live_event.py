"""An event strategy, row by row as they come: the live twin of `drive`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.engine.market import Listing
from scizor.engine.settings import Settings
from scizor.strategy.base import EventStrategy
from scizor.strategy.errors import StrategyError, place_of
from scizor.strategy.live_context import LiveContext
from scizor.strategy.live_desk import Desk
from scizor.strategy.live_feed import LiveFeed
from scizor.strategy.live_views import Intent, Row, View
from scizor.strategy.views import Fill, Order


class LiveEvents:
    """See `live.LiveStrategy`."""

    def __init__(
        self,
        strategy: EventStrategy,
        symbols: Sequence[str],
        settings: Settings,
        listings: Mapping[str, Listing],
        window_rows: int,
    ) -> None:
        self._strategy = strategy.fresh()
        self._feed = LiveFeed(tuple(symbols), window_rows)
        self._desk = Desk(symbols, listings, settings, self._feed.last_close)
        self._context = LiveContext(self._feed, self._desk, listings, settings)
        self._begun = False
        with self._its_errors():
            self._strategy.bind(lambda one: self._feed.values(one, self._strategy.params))

    def warm(self, row: Row) -> None:
        """A row that is looked back on and not traded."""
        values = self._feed.window.read(row)
        with self._its_errors():
            self._push(row, values)

    def advance(self, row: Row, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        """The row that is now."""
        values = self._feed.window.read(row)
        with self._its_errors():
            if not self._begun:
                self._begun = True
                self._strategy.on_start(self._context)
                self._context.begin()
            self._push(row, values)
            self._tell(view)
            self._strategy.on_bar(self._context)
        return self._asked(acting)

    def tell(self, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        """What has happened since, without a new row."""
        with self._its_errors():
            self._tell(view)
        return self._asked(acting)

    def split(self, symbol: str, ratio: float) -> None:
        """A symbol has split."""
        self._feed.split(symbol, ratio)

    def stop(self, view: View) -> None:
        """The last row is over."""
        self._desk.see(view)
        self._context.end()
        if self._begun:
            with self._its_errors():
                self._strategy.on_stop(self._context)

    def _push(self, row: Row, values: FloatArray) -> None:
        self._feed.push(row, values)
        self._desk.sizer.meet(row.session, values[-1])

    def _tell(self, view: View) -> None:
        strategy, context = self._strategy, self._context
        lost: Iterable[Order | Fill] = self._desk.see(view)
        for one in (*lost, *view.happened):
            if isinstance(one, Fill):
                strategy.on_fill(context, one)
            else:
                strategy.on_order(context, one)

    def _asked(self, acting: bool) -> tuple[Intent, ...]:
        asked = self._desk.asked()
        return asked if acting else ()

    @contextmanager
    def _its_errors(self) -> Iterator[None]:
        """Errors of the strategy with the bar and the line, as a backtest tells them; ours as they are."""
        try:
            yield
        except Exception as error:
            strategy = self._strategy
            place = place_of(error.__traceback__, strategy.files())
            if not place[1]:
                if not isinstance(error, InvalidInput | TypeError):
                    raise
                place = (type(strategy).on_bar.__code__.co_filename, 0)
            raise StrategyError.at(error, strategy=strategy.id, time=self._feed.told_time, place=place) from error
