"""A market whose clock stands where a test puts it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from scizor.services.ibsim.market import SimMarket
from scizor.services.ibsim.market.api import BarSize, ContractQuery, Listing, SimBar

SEED = 7
# A Friday, 10:30 in New York; Sydney has closed for the week.
FRIDAY = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class HandClock:
    """Time that moves when a test says so."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    async def sleep(self, simulated_s: float) -> None:
        raise AssertionError(f"nothing in the market waits, yet it asked for {simulated_s} s")


def market_at(now: datetime, seed: int = SEED) -> tuple[SimMarket, HandClock]:
    clock = HandClock(now)
    return SimMarket(seed, clock), clock


def listing_of(market: SimMarket, symbol: str, exchange: str = "") -> Listing:
    (found,) = market.find(ContractQuery(symbol=symbol, sec_type="STK", primary_exchange=exchange))
    return found


def bars_of(
    market: SimMarket,
    symbol: str,
    size: BarSize = BarSize.D1,
    duration: str = "1 Y",
    what: str = "TRADES",
    end: datetime | None = None,
) -> Sequence[SimBar]:
    return market.bars(listing_of(market, symbol), size, end, duration, what, regular_hours=True)
