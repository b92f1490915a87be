"""A market that stands where a test puts it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from scizor.services.ibsim.market.api import (
    BarSize,
    ContractQuery,
    DataRange,
    Listing,
    MarketError,
    SimBar,
    SimQuote,
    SimSession,
    SimTrade,
)


def listing(con_id: int, symbol: str, exchange: str = "NASDAQ", currency: str = "USD") -> Listing:
    """A share."""
    return Listing(
        con_id=con_id,
        symbol=symbol,
        primary_exchange=exchange,
        currency=currency,
        long_name=symbol,
        stock_type="COMMON",
        industry="",
        time_zone_id="America/New_York",
        min_tick=0.01,
        valid_exchanges=("SMART", exchange),
        data=(DataRange("synthetic"),),
        first_session=date(2000, 1, 3),
    )


APPLE = listing(265598, "AAPL")
BHP = listing(4036812, "BHP", "ASX", "AUD")


class ScriptedMarket:
    """One bid and ask for all contracts, a tape, and a clock that tests move. Implements `api.Market` and its clock."""

    def __init__(self) -> None:
        self.instant = datetime(2024, 3, 14, 15, 0, tzinfo=UTC)
        self.bid, self.ask = 99.98, 100.02
        self._sessions = [(self.instant - timedelta(hours=1), self.instant + timedelta(hours=1))]
        self.tape: list[SimTrade] = []
        self.fails_for: Listing | None = None

    @property
    def is_open(self) -> bool:
        """Whether a session is on; set, the next one begins a second later, or the present one has just ended."""
        return self._sessions[-1][1] > self.instant

    @is_open.setter
    def is_open(self, is_open: bool) -> None:
        if is_open:
            self.instant += timedelta(seconds=1)
            self._sessions.append((self.instant, self.instant + timedelta(hours=1)))
        else:
            self.instant = self._sessions[-1][1]

    @property
    def clock(self) -> ScriptedMarket:
        return self

    def now(self) -> datetime:
        return self.instant

    async def sleep(self, simulated_s: float) -> None:
        self.instant += timedelta(seconds=simulated_s)

    def trade(self, price: float, *, spread: float | None = None) -> None:
        """A second later somebody trades. `spread`: the quote moves with the price, so far to each side."""
        self.instant += timedelta(seconds=1)
        self.tape.append(SimTrade(self.instant, price, 100))
        if spread is not None:
            self.bid, self.ask = round(price - spread, 2), round(price + spread, 2)

    def find(self, query: ContractQuery) -> Sequence[Listing]:
        found = [one for one in (APPLE, BHP) if one.con_id == query.con_id or one.symbol == query.symbol]
        if not found:
            raise MarketError(200, "No security definition has been found for the request")
        return found

    def samples(self, pattern: str) -> Sequence[Listing]:
        return [APPLE]

    def bars(
        self, listing: Listing, size: BarSize, end: datetime | None, duration: str, what: str, *, regular_hours: bool
    ) -> Sequence[SimBar]:
        raise MarketError(162, "no data")

    def head_timestamp(self, listing: Listing, what: str, *, regular_hours: bool) -> datetime:
        raise MarketError(162, "no data")

    def schedule(
        self, listing: Listing, end: datetime | None, duration: str
    ) -> Sequence[tuple[datetime, datetime, date]]:
        return []

    def hours(self, listing: Listing) -> tuple[str, str]:
        return "", ""

    def quote(self, listing: Listing, at: datetime | None = None) -> SimQuote:
        if listing == self.fails_for:
            raise MarketError(162, "no data")
        last = self.tape[-1].price if self.tape else 100.0
        return SimQuote(
            time=self.instant,
            bid=self.bid,
            ask=self.ask,
            last=last,
            bid_size=500,
            ask_size=500,
            last_size=100,
            volume=1000,
            open=100.0,
            high=101.0,
            low=99.0,
            previous_close=100.0,
            in_session=self.is_open,
        )

    def trades(self, listing: Listing, after: datetime, until: datetime) -> Sequence[SimTrade]:
        return [trade for trade in self.tape if after < trade.time <= until]

    def sessions(self, listing: Listing, after: datetime, until: datetime) -> Sequence[SimSession]:
        return [
            SimSession(opens.date(), opens, closes)
            for opens, closes in self._sessions
            if opens <= until and closes > after
        ]

    def split(self, listing: Listing, ex_date: date, ratio: float) -> None:
        raise MarketError(200, "no such share")
