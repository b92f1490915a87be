"""The words the simulator's market and its wire side share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

DATA_TAG = "SCIZOR_DATA"
"""Tag in a contract's `secIdList` that no real gateway sends: where this contract's market data comes from."""


class MarketError(Exception):
    """What the gateway answers as an error message: a TWS error code and its text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """A contract as a client spells it; empty texts and 0 mean any."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    include_expired: bool = False
    sec_id_type: str = ""
    sec_id: str = ""


@dataclass(frozen=True, slots=True)
class DataRange:
    """Whose data a contract's sessions are: those from `first` to `last` (None is open) are from `origin`."""

    origin: str  # "bokeh_sampledata" or "synthetic"
    first: date | None = None
    last: date | None = None

    def tag_value(self) -> str:
        """`origin` or `origin:YYYYMMDD-YYYYMMDD`; an open end is left empty."""
        if self.first is None and self.last is None:
            return self.origin
        return (
            f"{self.origin}:{f'{self.first:%Y%m%d}' if self.first else ''}-{f'{self.last:%Y%m%d}' if self.last else ''}"
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """One tradable contract. `min_tick`: quote currency. `data`: from the most particular range to the rest."""

    con_id: int
    symbol: str
    primary_exchange: str
    currency: str
    long_name: str
    stock_type: str  # "COMMON" or "ETF"
    industry: str
    time_zone_id: str  # IANA
    min_tick: float
    valid_exchanges: tuple[str, ...]
    data: tuple[DataRange, ...]
    first_session: date
    last_session: date | None = None
    sec_type: str = "STK"
    exchange: str = "SMART"

    @property
    def local_symbol(self) -> str:
        """What the exchange calls it."""
        return self.symbol

    @property
    def trading_class(self) -> str:
        """The exchange's segment; US shares bear the market tier, others the ticker."""
        return "NMS" if self.primary_exchange == "NASDAQ" else self.symbol


class BarSize(StrEnum):
    """Bar sizes as the wire spells them."""

    S1 = "1 sec"
    S5 = "5 secs"
    S10 = "10 secs"
    S15 = "15 secs"
    S30 = "30 secs"
    M1 = "1 min"
    M2 = "2 mins"
    M3 = "3 mins"
    M5 = "5 mins"
    M10 = "10 mins"
    M15 = "15 mins"
    M20 = "20 mins"
    M30 = "30 mins"
    H1 = "1 hour"
    H2 = "2 hours"
    H3 = "3 hours"
    H4 = "4 hours"
    H8 = "8 hours"
    D1 = "1 day"
    W1 = "1 week"
    MO1 = "1 month"


@dataclass(frozen=True, slots=True)
class SimBar:
    """One bar. `start`: its first instant, UTC; for bars of a day and more `session` is the date it belongs to.

    Prices in quote currency, volume in shares, `average`: the volume-weighted price, `count`: trades.
    """

    start: datetime
    session: date
    open: float
    high: float
    low: float
    close: float
    volume: int
    average: float
    count: int


@dataclass(frozen=True, slots=True)
class SimQuote:
    """The market of one contract at an instant. Sizes in shares; `volume`: of the session so far.

    Before a session's first trade `open`, `high`, `low` are None and `last` is the close before.
    """

    time: datetime
    bid: float
    ask: float
    last: float
    bid_size: int
    ask_size: int
    last_size: int
    volume: int
    open: float | None
    high: float | None
    low: float | None
    previous_close: float
    in_session: bool

    @property
    def midpoint(self) -> float:
        """The middle between bid and ask, without the noise of binary fractions."""
        return round((self.bid + self.ask) / 2, 6)


@dataclass(frozen=True, slots=True)
class SimTrade:
    """One trade on the tape."""

    time: datetime
    price: float
    size: int


@dataclass(frozen=True, slots=True)
class SimSession:
    """Regular trading of one contract on one date; it trades from `opens` until before `closes`, UTC."""

    date: date
    opens: datetime
    closes: datetime


class MarketClock(Protocol):
    """The simulator's time: now, or a replay of a past date at a chosen speed."""

    def now(self) -> datetime:
        """Simulated instant, UTC."""
        ...

    async def sleep(self, simulated_s: float) -> None:
        """Until that much simulated time has passed."""
        ...


class Market(Protocol):
    """Contracts and their data, the same for the same seed on every machine."""

    @property
    def clock(self) -> MarketClock:
        """The time all answers are as of; nothing after it is ever shown."""
        ...

    def find(self, query: ContractQuery) -> Sequence[Listing]:
        """Every contract that fits. Raises MarketError(200) when none does."""
        ...

    def samples(self, pattern: str) -> Sequence[Listing]:
        """Contracts whose ticker or name begins so, at most 16."""
        ...

    def bars(
        self, listing: Listing, size: BarSize, end: datetime | None, duration: str, what: str, *, regular_hours: bool
    ) -> Sequence[SimBar]:
        """History, oldest first; TRADES is split-adjusted as of now, ADJUSTED_LAST is split- and dividend-adjusted.

        `end` None is now; the bar that is not over yet is its partial self. `duration`: as on the wire, `3 Y`.
        Raises MarketError: 162 (no data), 321 (a duration, bar size or data type the gateway refuses, or ADJUSTED_LAST
        with an end), 10314 never (the wire side parses times).
        """
        ...

    def head_timestamp(self, listing: Listing, what: str, *, regular_hours: bool) -> datetime:
        """The earliest instant with data. Raises MarketError(162)."""
        ...

    def schedule(
        self, listing: Listing, end: datetime | None, duration: str
    ) -> Sequence[tuple[datetime, datetime, date]]:
        """Open, close and date of each regular session in the time."""
        ...

    def hours(self, listing: Listing) -> tuple[str, str]:
        """`tradingHours` and `liquidHours` as a contract's details spell them."""
        ...

    def quote(self, listing: Listing, at: datetime | None = None) -> SimQuote:
        """The market as of then; None and the future are now."""
        ...

    def trades(self, listing: Listing, after: datetime, until: datetime) -> Sequence[SimTrade]:
        """The tape between two instants, oldest first; the last price of the tape is the quote's."""
        ...

    def sessions(self, listing: Listing, after: datetime, until: datetime) -> Sequence[SimSession]:
        """Those with trading that have begun by `until` and not ended by `after`, oldest first; none of the future."""
        ...

    def split(self, listing: Listing, ex_date: date, ratio: float) -> None:
        """From now on history is told as after this split, as a gateway silently does."""
        ...
