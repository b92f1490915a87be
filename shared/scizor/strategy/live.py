"""Strategies as new bars come: the same classes as in a backtest, deciding alike, row by row.

    strategy = live_of(SmaCrossEvent(fast=5), ["AAPL.XNAS"], settings)
    for row in stored:                                  # bars before trading begins
        strategy.warm(row)
    while row := await next_row():
        intents = strategy.advance(row, view)           # orders and cancels, to be carried out in their order

A run that is begun anew is brought to where it was by the same calls again, from the first row on, `acting=False`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from scizor.domain.errors import InvalidInput
from scizor.engine.market import Listing, Market
from scizor.engine.settings import Settings
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.live_event import LiveEvents
from scizor.strategy.live_vector import LiveVector
from scizor.strategy.live_views import Cancel, Intent, Place, Row, View
from scizor.strategy.live_window import LEAST_ROWS, Window
from scizor.strategy.views import Bar
from scizor.strategy.weights import weights_of

__all__ = ["Cancel", "Intent", "LiveStrategy", "LiveWeights", "Place", "Row", "View", "live_of"]

_WARMUPS = 4  # after which an exponential mean has forgotten all but one part in a thousand


class LiveStrategy(Protocol):
    """A strategy at work. What it is told alone decides what it does: the same calls make the same ids and intents.

    Every method raises InvalidInput for a row that does not follow, which then was not seen, and StrategyError with the
    bar and the line for what the strategy did wrong; of one that has raised no more is to be asked.
    """

    def warm(self, row: Row) -> None:
        """A row before trading begins: bars and indicators know it, the strategy is not called, as with the rows before
        `first_row` of a backtest.
        """

    def advance(self, row: Row, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        """A row that has closed, and the account at its close: what happened is told, then `on_bar` called.

        `on_start` comes before the first. Not `acting`, what it asks for is dropped, and all else as ever: ids count
        on, and what the next view then does not know of has ended REJECTED.
        """

    def tell(self, view: View, *, acting: bool = True) -> tuple[Intent, ...]:
        """What happened since, without waiting for the next row. A backtest tells at once what a row's acts led to."""

    def split(self, symbol: str, ratio: float) -> None:
        """A symbol has split, so many shares for one: before its first row on the new scale."""

    def stop(self, view: View) -> None:
        """The last row is over: `on_stop`, if there was a first. No orders any more."""


def live_of(
    strategy: Strategy,
    symbols: Sequence[str],
    settings: Settings,
    listings: Mapping[str, Listing] | None = None,
    *,
    window_rows: int | None = None,
) -> LiveStrategy:
    """A new instance of `strategy`, with the same parameters, to be shown rows.

    `settings`: the backtest's, of which the account, its initial cash, and what orders cost matter: by weight are sized
    AT_DECISION, whatever they say. `listings`: lots, ticks and currencies. `window_rows`: how far back can be looked,
    which is all that memory depends on; without it 1,000, or four times what indicators need before their first value.
    Raises InvalidInput, StrategyError.
    """
    least = strategy.warmup_bars
    n_rows = max(LEAST_ROWS, _WARMUPS * least + 1) if window_rows is None else window_rows
    _demand_rows(n_rows, least)
    known = {symbol: one for symbol, one in (listings or {}).items() if symbol in set(symbols)}
    if isinstance(strategy, VectorStrategy):
        return LiveVector(strategy, symbols, settings, known, n_rows)
    if isinstance(strategy, EventStrategy):
        return LiveEvents(strategy, symbols, settings, known, n_rows)
    raise InvalidInput.of_field("strategy", "must be a VectorStrategy or an EventStrategy")


class LiveWeights:
    """What a vector `strategy` decides as bars come, in weights. `window_rows`: how many of the latest rows it sees.

    A strategy whose memory is shorter than the window decides as in a backtest over all rows, see `LiveVector`.
    Bars are as traded: tell `split` before the first bar after one.
    """

    def __init__(self, strategy: VectorStrategy, symbols: Sequence[str], settings: Settings, window_rows: int) -> None:
        _demand_rows(window_rows, strategy.warmup_bars)
        self._strategy, self._symbols, self._settings = strategy, tuple(symbols), settings
        self._window = Window(symbols, window_rows)
        self._standing: dict[str, float] = {}

    def feed(self, session: date, open_ns: int, close_ns: int, bars: Mapping[str, Bar]) -> dict[str, float]:
        """One row that has closed: its bars by symbol. Returns the weights decided in it that are new, by symbol.

        Raises InvalidInput for a row out of order or a bad bar, StrategyError as a backtest does.
        """
        row = Row(session, open_ns, close_ns, bars)
        self._window.push(row, self._window.read(row))
        last = weights_of(self._strategy.fresh(), Market(self._window.panel()), self._settings)[-1]
        decided = {symbol: float(weight) for symbol, weight in zip(self._symbols, last, strict=True)}
        # NaN differs from itself: it decides nothing.
        fresh = {s: weight for s, weight in decided.items() if weight == weight and self._standing.get(s) != weight}
        self._standing |= fresh
        return fresh

    def split(self, symbol: str, ratio: float) -> None:
        """Put the bars so far on the scale after a split of `ratio` shares for each."""
        self._window.split(self._symbols.index(symbol), ratio)


def _demand_rows(window_rows: int, least: int) -> None:
    if window_rows <= least:
        raise InvalidInput.of_field("window_rows", f"must be above {least}, the bars before the first value")
