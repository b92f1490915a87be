"""A vector strategy, row by row as they come: its last row on the latest window, each decision made an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scizor.engine.market import Listing, Market
from scizor.engine.settings import Settings
from scizor.strategy.base import VectorStrategy
from scizor.strategy.live_desk import Desk
from scizor.strategy.live_views import Intent, Row, View
from scizor.strategy.live_window import Window
from scizor.strategy.weights import weights_of


class LiveVector:
    """See `live.LiveStrategy`. It decides as in a backtest over all rows while its memory is shorter than the window.

    Memory is that of its indicators: of a mean its window; an exponential mean forgets all but one part in a thousand
    within about four windows.
    """

    def __init__(
        self,
        strategy: VectorStrategy,
        symbols: Sequence[str],
        settings: Settings,
        listings: Mapping[str, Listing],
        window_rows: int,
    ) -> None:
        self._strategy, self._symbols, self._settings = strategy, tuple(symbols), settings
        self._window = Window(symbols, window_rows)
        self._closes = dict.fromkeys(symbols, float("nan"))
        self._desk = Desk(symbols, listings, settings, self._closes)

    def warm(self, row: Row) -> None:
        """A row that is looked back on and not traded."""
        values = self._window.read(row)
        self._window.push(row, values)
        self._closes.update({symbol: bar.close for symbol, bar in row.bars.items()})
        self._desk.sizer.meet(row.session, values[-1])

    def advance(self, row: Row, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        """The row that is now."""
        self.warm(row)
        self._desk.see(view)
        weights = weights_of(self._strategy.fresh(), Market(self._window.panel()), self._settings)[-1].tolist()
        for index, weight in enumerate(weights):
            if weight == weight:  # NaN keeps the decision before
                self._desk.target(index, weight)
        return self._asked(acting)

    def tell(self, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        """What has happened since; it is asked nothing."""
        self._desk.see(view)
        return self._asked(acting)

    def split(self, symbol: str, ratio: float) -> None:
        """A symbol has split."""
        self._window.split(self._symbols.index(symbol), ratio)
        self._closes[symbol] /= ratio

    def stop(self, view: View) -> None:
        """The last row is over."""
        self._desk.see(view)

    def _asked(self, acting: bool) -> tuple[Intent, ...]:
        asked = self._desk.asked()
        return asked if acting else ()
