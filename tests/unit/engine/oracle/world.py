"""The facts of a market as the oracle reads them: bars, the order of events, the first and last of a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

import numpy as np

from scizor.domain.bars import ActionType, CorporateAction
from scizor.engine.market import Market
from tests.unit.engine.oracle.money import ONE, ZERO, exact, maybe


class Bar(NamedTuple):
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Event(NamedTuple):
    """All OPENs of an instant together, each CLOSE by itself."""

    instant: int
    is_open: bool
    rows: tuple[int, ...]


@dataclass
class World:
    bars: list[dict[int, Bar]]  # by row, by symbol
    sessions: list[date]
    open_ns: list[int]
    close_ns: list[int]
    symbols: tuple[str, ...]
    lots: list[Decimal]
    ticks: list[Decimal]
    rates: list[list[Decimal]]  # by symbol, by row
    foreign: list[bool]
    actions: list[list[CorporateAction]]  # by symbol
    delisted: dict[int, tuple[int, Decimal | None]]  # by symbol: its last row, what a share was paid
    rows_of_session: dict[tuple[int, date], list[int]]  # by symbol and session: the rows of its bars

    def first_of_session(self, row: int, symbol: int) -> bool:
        return self.rows_of_session[symbol, self.sessions[row]][0] == row

    def last_of_session(self, row: int, symbol: int) -> bool:
        return self.rows_of_session[symbol, self.sessions[row]][-1] == row

    def is_delisted(self, symbol: int, row: int) -> bool:
        """Whether the symbol's last bar has closed."""
        return symbol in self.delisted and self.delisted[symbol][0] <= row

    def events(self) -> Iterator[Event]:
        closes = [(instant, 0, row) for row, instant in enumerate(self.close_ns)]
        opens = [(instant, 1, row) for row, instant in enumerate(self.open_ns)]
        for (instant, kind), found in groupby(sorted(closes + opens), lambda event: event[:2]):
            rows = tuple(event[2] for event in found)
            if kind == 1:
                yield Event(instant, True, rows)
            else:
                yield from (Event(instant, False, (row,)) for row in rows)


def world_of(market: Market, base_currency: str) -> World:
    panel = market.panel
    listings = [market.listing(symbol) for symbol in panel.symbols]
    ones = [ONE] * panel.n_rows
    rates = {currency: [exact(one) for one in given] for currency, given in market.rates.items()}
    foreign = [one.currency not in (None, base_currency) for one in listings]
    bars = [_bars(market, row) for row in range(panel.n_rows)]
    sessions: list[date] = panel.sessions.tolist()
    delisted = {}
    for symbol, one in enumerate(listings):
        if one.delisting and one.delisting.session <= max(sessions):
            last = [row for row in range(panel.n_rows) if symbol in bars[row]][-1]
            delisted[symbol] = (last, maybe(one.delisting.value))
    return World(
        bars=bars,
        sessions=sessions,
        open_ns=panel.open_ns.tolist(),
        close_ns=panel.close_ns.tolist(),
        symbols=panel.symbols,
        lots=[exact(one.lot_size) for one in listings],
        ticks=[exact(one.tick_size) for one in listings],
        rates=[rates[str(one.currency)] if far else ones for one, far in zip(listings, foreign, strict=True)],
        foreign=foreign,
        actions=[sorted(market.actions.get(name, ()), key=_order_of_action) for name in panel.symbols],
        delisted=delisted,
        rows_of_session=_rows_of_session(bars, sessions),
    )


def _rows_of_session(bars: Sequence[dict[int, Bar]], sessions: Sequence[date]) -> dict[tuple[int, date], list[int]]:
    rows: dict[tuple[int, date], list[int]] = {}
    for row, day in enumerate(sessions):
        for symbol in bars[row]:
            rows.setdefault((symbol, day), []).append(row)
    return rows


def _bars(market: Market, row: int) -> dict[int, Bar]:
    panel = market.panel
    bars = {}
    for symbol in np.flatnonzero(~np.isnan(panel.close[row])).tolist():
        open_, high, low, close = (
            exact(getattr(panel, name)[row, symbol]) for name in ("open", "high", "low", "close")
        )
        bars[symbol] = Bar(open_, high, low, close, maybe(panel.volume[row, symbol]) or ZERO)
    return bars


def _order_of_action(action: CorporateAction) -> tuple[date, bool]:
    return action.ex_date, action.type is ActionType.DIVIDEND
