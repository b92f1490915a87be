"""A broker by hand: contracts listed, bars made from a formula, prices pushed, failures and outages on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, count
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

from scizor.domain.bars import BarArray, empty_bars
from scizor.domain.broker import (
    BrokerContract,
    ConnectionState,
    DataOrigin,
    FailureCategory,
    SourceFailure,
)
from scizor.domain.instruments import AssetType, Instrument
from scizor.domain.intervals import Interval
from scizor.domain.live import FeedState, FeedStatus, LiveBar, LiveInterval, Quote
from scizor.domain.sessions import from_day, to_day
from scizor.ports.broker import HistoryRequest
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from tests.fakes.broker_ports import FakeConnection, FakeDirectory, FakeHistory
from tests.fakes.feeds import FakeQuotes

_ZONES = {"ASX": "Australia/Sydney"}
_NANOSECONDS = 1_000_000_000


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self, instant: datetime = datetime(2024, 1, 31, 22, 0, tzinfo=UTC)) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


@dataclass
class Listing:
    """What the fake knows of one contract: `holes` have no bars, `splits` are (ex-date, shares after for each)."""

    contract: BrokerContract
    first_session: date
    last_session: date | None
    holes: set[date] = field(default_factory=set)
    splits: list[tuple[date, float]] = field(default_factory=list)


@dataclass
class _Failure:
    failure: SourceFailure
    times: int
    symbol: str | None


class FakeBroker:
    """The four ports, and the strings to pull.

    `contract_requests`, `history_requests` and `earliest_requests` are what was asked, in order. Weekdays are sessions
    where no calendar is given; nothing after the clock's date is told. Each answer comes after `delay_s`, and
    `most_at_once` is how many history requests were under way at once.
    """

    def __init__(
        self, clock: Clock | None = None, calendar: SessionCalendar | None = None, *, deadline_s: float = 0.2
    ) -> None:
        self.clock: Clock = clock or HandClock()
        self.calendar, self.deadline_s, self.delay_s = calendar, deadline_s, 0.0
        self.listings: list[Listing] = []
        self.contract_requests: list[Instrument] = []
        self.history_requests: list[HistoryRequest] = []
        self.earliest_requests: list[BrokerContract] = []
        self.under_way = self.most_at_once = 0
        self._failures: dict[str, deque[_Failure]] = {"contracts": deque(), "history": deque()}
        self._con_ids = count(1001)
        self.connection = FakeConnection(self)
        self.contracts = FakeDirectory(self)
        self.history = FakeHistory(self)
        self.quotes = FakeQuotes(self.clock)

    def list(
        self,
        symbol: str,
        primary_exchange: str = "NASDAQ",
        currency: str = "USD",
        *,
        first_session: date = date(1990, 1, 2),
        last_session: date | None = None,
        **changes: Any,
    ) -> BrokerContract:
        """A new contract; the same words twice make an ambiguous one."""
        contract = BrokerContract(
            con_id=next(self._con_ids),
            symbol=symbol,
            primary_exchange=primary_exchange,
            currency=currency,
            exchange="SMART",
            name=f"{symbol} Inc.",
            asset_type=AssetType.STOCK,
            min_tick=Decimal("0.01"),
            time_zone=_ZONES.get(primary_exchange, "America/New_York"),
            origins=(DataOrigin("fake"),),
        )
        contract = replace(contract, **changes)
        self.listings.append(Listing(contract, first_session, last_session))
        return contract

    def delist(self, contract: BrokerContract) -> None:
        """The broker knows it no longer."""
        self.listings.remove(self.listing(contract))

    def leave_hole(self, contract: BrokerContract, *sessions: date) -> None:
        """These sessions have no bars."""
        self.listing(contract).holes.update(sessions)

    def fill_holes(self, contract: BrokerContract) -> None:
        """All sessions have bars again."""
        self.listing(contract).holes.clear()

    def split(self, contract: BrokerContract, ex_date: date, ratio: float) -> None:
        """From now on earlier sessions are told on the new scale."""
        self.listing(contract).splits.append((ex_date, ratio))

    def fail_next(
        self,
        category: FailureCategory,
        code: int = 0,
        *,
        times: int = 1,
        what: str = "history",
        symbol: str | None = None,
        message: str = "",
    ) -> None:
        """The next requests (`what`: "history", which is bars and earliest, or "contracts") fail so."""
        failure = SourceFailure(category, message or f"failed by script as {category.name}", code)
        self._failures[what].append(_Failure(failure, times, symbol))

    def set_state(self, state: ConnectionState, message: str = "") -> None:
        """The connection changes; feeds and waiting calls notice."""
        self.connection.set(state, message)

    def push_quote(self, contract: BrokerContract, quote: Quote) -> None:
        """All feeds of the contract's quotes are told."""
        self.quotes.push(contract, quote)

    def push_bar(self, contract: BrokerContract, interval: LiveInterval, bar: LiveBar) -> None:
        """All feeds of these bars are told."""
        self.quotes.push(contract, bar, interval)

    def refuse_feed(self, contract: BrokerContract, code: int = 354, message: str = "not subscribed") -> None:
        """Feeds of this contract are refused, now and from now on."""
        self.quotes.refuse(contract, FeedStatus(FeedState.REFUSED, code, message))

    def listing(self, contract: BrokerContract) -> Listing:
        """What is known of it. Raises SourceFailure(UNKNOWN_CONTRACT)."""
        for listing in self.listings:
            if listing.contract.con_id == contract.con_id:
                return listing
        raise SourceFailure(FailureCategory.UNKNOWN_CONTRACT, f"{contract.label} is not known", 200)

    async def answering(self, what: str, symbol: str) -> None:
        """As every call begins: wait for the connection, then fail if scripted to."""
        await self.connection.wait_ready(self.deadline_s)
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        for failing in self._failures[what]:
            if failing.symbol in (None, symbol):
                failing.times -= 1
                if failing.times == 0:
                    self._failures[what].remove(failing)
                raise failing.failure

    def sessions(self, contract: BrokerContract, first: date, last: date) -> Sequence[date]:
        """Those with bars."""
        listing = self.listing(contract)
        today = self.clock.now().astimezone(ZoneInfo(contract.time_zone)).date()
        first = max(first, listing.first_session)
        last = min(last, listing.last_session or today, today)
        if first > last:
            return []
        if self.calendar:
            days = [from_day(day) for day in self.calendar.sessions(contract.primary_exchange, first, last)]
        else:
            days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
            days = [day for day in days if day.weekday() < 5]
        return [day for day in days if day not in listing.holes]

    def starts_ns(self, contract: BrokerContract, interval: Interval, session: date) -> Iterator[int]:
        """When the session's bars begin, UTC: with the session, then by the clock, so the first may be a short one."""
        if self.calendar:
            hours = self.calendar.hours(contract.primary_exchange, session, session)
            opened, closed = int(hours.open_ns[0]), int(hours.close_ns[0])
        else:
            zone = ZoneInfo(contract.time_zone)
            opened = int(datetime.combine(session, time(9, 30), zone).timestamp()) * _NANOSECONDS
            closed = int(datetime.combine(session, time(16), zone).timestamp()) * _NANOSECONDS
        step = int(interval.length.total_seconds()) * _NANOSECONDS
        return chain([opened], range((opened // step + 1) * step, closed, step))

    def bars_of(self, contract: BrokerContract, interval: Interval, first: date, last: date) -> BarArray:
        """The bars it tells of these sessions; `source` points into `sources_of`."""
        days = self.sessions(contract, first, last)
        keys = [(day, start) for day in days for start in self.starts_ns(contract, interval, day)]
        if not interval.intraday:
            keys = [(day, 0) for day in days]
        bars = empty_bars(len(keys), interval)
        sources = self.sources_of(contract, days)
        for row, (session, start_ns) in zip(bars, keys, strict=True):
            step = start_ns // int(interval.length.total_seconds() * _NANOSECONDS) if interval.intraday else 0
            self._fill(row, contract, session, step)
            row["source"] = sources.index(contract.source_of(session))
            if interval.intraday:
                row["time_ns"] = start_ns
        return bars

    @staticmethod
    def sources_of(contract: BrokerContract, sessions: Sequence[date]) -> tuple[str, ...]:
        """Where these sessions come from, in order of appearance."""
        return tuple(dict.fromkeys(contract.source_of(session) for session in sessions))

    def _fill(self, row: np.void, contract: BrokerContract, session: date, step: int) -> None:
        ratio = float(np.prod([ratio for ex_date, ratio in self.listing(contract).splits if session < ex_date]))
        seed = crc32(f"{contract.symbol}.{contract.primary_exchange}.{session}.{step}".encode())
        level = 50.0 + crc32(contract.symbol.encode()) % 100 + 5.0 * np.sin(to_day(session) / 20.0)
        opened, closed = round(level + seed % 7 / 10, 2), round(level + seed % 11 / 10, 2)
        row["day"] = to_day(session)
        row["open"], row["close"] = opened / ratio, closed / ratio
        row["high"], row["low"] = (max(opened, closed) + 0.25) / ratio, (min(opened, closed) - 0.25) / ratio
        row["volume"] = (10_000 + seed % 90_000) * ratio
