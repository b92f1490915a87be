"""The broker as market data needs it: its contracts, its history, its live prices. One connection stands behind all.

Every call has a deadline of its own and raises SourceFailure: DISCONNECTED while there is no connection and it does not
come back within that deadline. Calls that are made while the connection is interrupted wait for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from scizor.domain.bars import BarArray
from scizor.domain.broker import BrokerContract, ConnectionStatus
from scizor.domain.instruments import Instrument
from scizor.domain.intervals import Interval
from scizor.domain.live import FeedEvent, LiveInterval


class BrokerConnection(Protocol):
    """The one connection."""

    @property
    def status(self) -> ConnectionStatus:
        """As it stands."""
        ...

    def watch(self) -> AsyncIterator[ConnectionStatus]:
        """The status now and at every change, newest only."""
        ...


class ContractDirectory(Protocol):
    """The contracts the broker knows."""

    async def find(self, instrument: Instrument) -> Sequence[BrokerContract]:
        """Those that fit the instrument's symbol, currency and primary exchange: none, the one, or several.

        Where none fits the primary exchange, those on others are told, so that a wrong exchange can be put right;
        the caller compares. Asked anew at every call. Raises SourceFailure, never UNKNOWN_CONTRACT.
        """
        ...


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """Bars of the sessions from `first` to `last`, both included, at most `span_days(interval)` calendar days."""

    contract: BrokerContract
    interval: Interval
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class HistoryAnswer:
    """Bars as the source told them, oldest first, one a key, none outside the sessions asked for.

    `bars`: BAR_DTYPE for days, INTRADAY_DTYPE for shorter ones; `source` points into `sources`; `partial` stays False.
    Prices are split-adjusted as of `scale_date`: splits with an ex-date up to it are in them already. `receive_time` is
    by the source's clock: a session that is not over by it cannot have been told whole.
    """

    bars: BarArray
    sources: tuple[str, ...]
    scale_date: date
    receive_time: datetime
    requests: int


class HistorySource(Protocol):
    """Bars of the past, within the source's own rate rules: callers ask as fast as they like."""

    def span_days(self, interval: Interval) -> int:
        """The most calendar days one request may cover."""
        ...

    @property
    def parallel(self) -> int:
        """How many requests are worth having under way at once."""
        ...

    async def bars(self, request: HistoryRequest) -> HistoryAnswer:
        """One request's bars; an empty answer where the source has none. Raises SourceFailure, never NO_DATA."""
        ...

    async def earliest(self, contract: BrokerContract) -> date | None:
        """The first session with data; None where the source has none at all. Raises SourceFailure."""
        ...


class Feed(Protocol):
    """One open subscription."""

    def close(self) -> None:
        """Nothing more is told. Closing twice is fine."""
        ...


class QuoteSource(Protocol):
    """Live prices. A feed lives until it is closed: it is opened anew after every loss, and tells the gap.

    `listener` is called in the event loop, must not block and must not raise. It is told PENDING first; a refusal comes
    as FeedStatus REFUSED. Times are when the message was received.
    """

    def open_quotes(self, contract: BrokerContract, listener: Callable[[FeedEvent], None]) -> Feed:
        """Quotes: each event holds all that is known by then."""
        ...

    def open_bars(
        self, contract: BrokerContract, interval: LiveInterval, listener: Callable[[FeedEvent], None]
    ) -> Feed:
        """Bars as they form."""
        ...


class Broker(Protocol):
    """All of it."""

    @property
    def connection(self) -> BrokerConnection:
        """The one connection."""
        ...

    @property
    def contracts(self) -> ContractDirectory:
        """The contracts it knows."""
        ...

    @property
    def history(self) -> HistorySource:
        """Bars of the past."""
        ...

    @property
    def quotes(self) -> QuoteSource:
        """Live prices."""
        ...
