"""The market behind the simulated gateway, in one object."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from scizor.services.ibsim.market.actions import Split
from scizor.services.ibsim.market.api import (
    BarSize,
    ContractQuery,
    Listing,
    MarketClock,
    SimBar,
    SimQuote,
    SimSession,
    SimTrade,
)
from scizor.services.ibsim.market.archive import Archive
from scizor.services.ibsim.market.contracts import book
from scizor.services.ibsim.market.history import history
from scizor.services.ibsim.market.hours import hours_of, schedule_of, sessions_between
from scizor.services.ibsim.market.tape import quote_at, trades_between
from scizor.services.ibsim.market.telling import check_what, no_data
from scizor.services.ibsim.market.ticks import MarketRule, ticks_of


class SimMarket:
    """Implements `api.Market`. Everything but `warm` is for one thread; the first use of an exchange takes a second."""

    def __init__(self, seed: int, clock: MarketClock) -> None:
        self._book = book()
        self._archive = Archive(seed, clock, self._book)
        # Quotes change with the second; an account is judged by those of all its positions at every order.
        self._quotes: dict[int, tuple[int, SimQuote]] = {}

    @property
    def clock(self) -> MarketClock:
        """The time all answers are as of; nothing after it is ever shown."""
        return self._archive.clock

    @property
    def unsubscribed(self) -> frozenset[str]:
        """Tickers for which the account has no live market data, only history."""
        return self._book.unsubscribed

    def warm(self) -> None:
        """Load the calendars ahead of need; any thread may."""
        self._archive.warm()

    def find(self, query: ContractQuery) -> Sequence[Listing]:
        """Every contract that fits, on the exchange asked for. Raises MarketError(200) when none does."""
        return self._book.find(query, self.clock.now().date())

    def samples(self, pattern: str) -> Sequence[Listing]:
        """Contracts whose ticker or name begins so, at most 16."""
        return self._book.samples(pattern, self.clock.now().date())

    def bars(
        self, listing: Listing, size: BarSize, end: datetime | None, duration: str, what: str, *, regular_hours: bool
    ) -> Sequence[SimBar]:
        """History, oldest first; see `api.Market.bars`. A whole session's `average` is that of its four prices."""
        del regular_hours  # there is no trading outside them
        return history(self._archive, listing, size, end, duration, what)

    def head_timestamp(self, listing: Listing, what: str, *, regular_hours: bool) -> datetime:
        """The open of the first session. Raises MarketError: 162 before it, 321 for an unknown `what`."""
        del regular_hours
        check_what(what)
        table = self._archive.table(listing)
        start = table.opens[table.index_from(listing.first_session)]
        if start > self.clock.now():
            raise no_data(listing, what)
        return start

    def schedule(
        self, listing: Listing, end: datetime | None, duration: str
    ) -> Sequence[tuple[datetime, datetime, date]]:
        """Open, close and date of each regular session in the time."""
        return schedule_of(self._archive, listing, end, duration)

    def hours(self, listing: Listing) -> tuple[str, str]:
        """`tradingHours` and `liquidHours` as a contract's details spell them."""
        return hours_of(self._archive, listing)

    def quote(self, listing: Listing, at: datetime | None = None) -> SimQuote:
        """The market as of then, or now; out of session as it closed."""
        now = self.clock.now()
        if at is not None and at < now:
            return quote_at(self._archive, listing, at)
        second = math.floor(now.timestamp())
        held_second, quote = self._quotes.get(listing.con_id, (0, None))
        if quote is None or held_second != second:
            quote = quote_at(self._archive, listing, now)
            self._quotes[listing.con_id] = second, quote
        return replace(quote, time=now) if quote.in_session else quote

    def trades(self, listing: Listing, after: datetime, until: datetime) -> Sequence[SimTrade]:
        """The tape later than `after` up to `until`, oldest first: one trade a second of a session."""
        return trades_between(self._archive, listing, after, until)

    def sessions(self, listing: Listing, after: datetime, until: datetime) -> Sequence[SimSession]:
        """Those with trading that have begun by `until` and not ended by `after`, oldest first; none of the future."""
        return sessions_between(self._archive, listing, after, until)

    def split(self, listing: Listing, ex_date: date, ratio: float) -> None:
        """From now on history is told as after this split, as a gateway silently does.

        Sessions before `ex_date` are divided by `ratio`. Those from it on keep what they were told at when they have
        begun; trading that is yet to begin goes on at the price divided by `ratio`, and history follows on its date.
        """
        self._archive.split(listing, ex_date, ratio)
        self._quotes.clear()

    def splits(self, listing: Listing) -> Sequence[Split]:
        """The contract's splits by date, those to come included."""
        return self._archive.splits(listing)

    def market_rule(self, listing: Listing) -> MarketRule:
        """Low edges and the price increment above each, ascending."""
        return ticks_of(listing.primary_exchange).rule

    def halted(self, listing: Listing, session: date) -> bool:
        """Whether the contract had no trading at all in a session of its exchange."""
        series, table = self._archive.series(listing), self._archive.table(listing)
        index = table.index_from(session)
        row = index - series.first
        return table.dates[index] == session and 0 <= row < len(series) and bool(series.halted[row])
