"""What the market remembers: each contract's series, the sessions last looked into, and the splits it was told."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date

from scizor.domain.errors import InvalidInput
from scizor.services.ibsim.market.actions import Dividend, Split, declared
from scizor.services.ibsim.market.api import Listing, MarketClock
from scizor.services.ibsim.market.calendar import Calendars, SessionTable
from scizor.services.ibsim.market.contracts import Book
from scizor.services.ibsim.market.intraday import STEP_S, Day, Grid, make_grid, words_needed
from scizor.services.ibsim.market.noise import words
from scizor.services.ibsim.market.series import DailySeries, daily_series
from scizor.services.ibsim.market.ticks import ticks_of

# About 80 kB each, and more than there are symbols to stream.
_MOST_GRIDS = 400


class Archive:
    """Series are made at first use and kept; grids are made at use and the latest kept. One thread at a time."""

    def __init__(self, seed: int, clock: MarketClock, contracts: Book) -> None:
        self.seed = seed
        self.clock = clock
        self._contracts = contracts
        self._calendars = Calendars()
        self._series: dict[int, tuple[SessionTable, DailySeries]] = {}
        self._grids: OrderedDict[tuple[int, int], Grid] = OrderedDict()
        self._told: dict[int, list[Split]] = {}
        self._cuts: dict[int, list[tuple[date, float]]] = {}

    def warm(self) -> None:
        """Load the calendars; any thread may."""
        self._calendars.warm(self.clock.now())

    def seen_until_s(self) -> int:
        """The first whole second, Unix time, whose trade has not happened yet."""
        return math.floor(self.clock.now().timestamp()) + 1

    def table(self, listing: Listing) -> SessionTable:
        """The sessions of the contract's exchange."""
        return self._calendars.table(listing.primary_exchange, self.clock.now())

    def today(self, listing: Listing) -> date:
        """The exchange's date."""
        return self.table(listing).local_date(self.clock.now().timestamp())

    def series(self, listing: Listing) -> DailySeries:
        """The contract's sessions as traded, future ones included: it is for the caller not to tell them."""
        table = self.table(listing)
        held_table, series = self._series.get(listing.con_id, (None, None))
        if series is None or held_table is not table:
            halts = listing.con_id in self._contracts.halting
            series = daily_series(listing, table, self.seed, halts=halts, cuts=self._cuts.get(listing.con_id, ()))
            self._series[listing.con_id] = table, series
        return series

    def grid(self, listing: Listing, index: int) -> Grid | None:
        """The inside of a session of the table; None where the contract did not trade."""
        series = self.series(listing)
        row = index - series.first
        if not 0 <= row < len(series) or series.halted[row]:
            return None
        key = listing.con_id, index
        grid = self._grids.get(key)
        if grid is None:
            steps = self.table(listing).length_s(index) // STEP_S
            raw = words(words_needed(steps), self.seed, listing.symbol, listing.primary_exchange, int(series.day[row]))
            day = Day(
                open=float(series.open[row]),
                high=float(series.high[row]),
                low=float(series.low[row]),
                close=float(series.close[row]),
                volume=int(series.volume[row]),
            )
            grid = self._grids[key] = make_grid(day, steps, raw, ticks_of(listing.primary_exchange))
            if len(self._grids) > _MOST_GRIDS:
                self._grids.popitem(last=False)
        self._grids.move_to_end(key)
        return grid

    def splits(self, listing: Listing) -> Sequence[Split]:
        """Those of the bundle and those told, known ahead of their dates."""
        return sorted([*declared(listing)[0], *self._told.get(listing.con_id, ())], key=lambda split: split.ex_date)

    def dividends(self, listing: Listing) -> Sequence[Dividend]:
        """Those of the bundle."""
        return declared(listing)[1]

    def split(self, listing: Listing, ex_date: date, ratio: float) -> None:
        """As `Market.split`. Raises InvalidInput."""
        if not (math.isfinite(ratio) and 0.001 <= ratio <= 1000.0) or ratio == 1.0:
            raise InvalidInput.of_field("ratio", f"must be from 0.001 to 1000 and not 1, not {ratio}")
        table = self.table(listing)
        index = table.index_from(ex_date)
        self._told.setdefault(listing.con_id, []).append(Split(ex_date, ratio))
        # A price that was already told as traded stays; trading after a split of the future is at the lower price.
        if index >= table.begun_by(self.seen_until_s()):
            self._cuts.setdefault(listing.con_id, []).append((ex_date, ratio))
            self._series.pop(listing.con_id, None)
            for key in [key for key in self._grids if key[0] == listing.con_id]:
                del self._grids[key]
