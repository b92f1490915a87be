"""Live prices: the newest known market of a contract, bars as they form, and what is to be known of the feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum


class MarketDataType(IntEnum):
    """How fresh prices are; numbers equal the contract's and the broker's."""

    UNKNOWN = 0
    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4


class FeedState(IntEnum):
    """Where one feed stands; numbers equal the contract's."""

    PENDING = 1
    ACTIVE = 2
    INTERRUPTED = 3
    REFUSED = 4


class LiveInterval(IntEnum):
    """How long a live bar lasts; numbers equal the contract's."""

    SECONDS_5 = 1
    MINUTE_1 = 2
    MINUTE_5 = 3
    MINUTE_15 = 4
    MINUTE_30 = 5
    HOUR_1 = 6

    @property
    def length(self) -> timedelta:
        """The time one bar covers."""
        return timedelta(seconds=_SECONDS[self])


_SECONDS = {
    LiveInterval.SECONDS_5: 5,
    LiveInterval.MINUTE_1: 60,
    LiveInterval.MINUTE_5: 300,
    LiveInterval.MINUTE_15: 900,
    LiveInterval.MINUTE_30: 1800,
    LiveInterval.HOUR_1: 3600,
}


@dataclass(frozen=True, slots=True)
class Quote:
    """All that is known of a market at `receive_time`; None where not known. Prices in the contract's currency."""

    receive_time: datetime
    market_data_type: MarketDataType = MarketDataType.UNKNOWN
    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    last_size: float | None = None
    volume: float | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    previous_close: float | None = None


@dataclass(frozen=True, slots=True)
class LiveBar:
    """A bar as it forms; one not `complete` comes again. Prices in the contract's currency, volume in shares."""

    start_time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    complete: bool
    market_data_type: MarketDataType = MarketDataType.UNKNOWN


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """The feed has changed its state. `code`: the broker's, 0 when there is none."""

    state: FeedState
    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class FeedGap:
    """Prices between these instants may be missing; `start_time` None: there had been none."""

    start_time: datetime | None
    end_time: datetime
    reason: str


FeedEvent = Quote | LiveBar | FeedStatus | FeedGap
