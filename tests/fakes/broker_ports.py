"""The ports of a broker by hand: each asks the broker what it knows, and fails as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scizor.domain.broker import BrokerContract, ConnectionState, ConnectionStatus, FailureCategory, SourceFailure
from scizor.domain.instruments import Instrument
from scizor.domain.intervals import Interval
from scizor.ports.broker import HistoryAnswer, HistoryRequest

if TYPE_CHECKING:
    from tests.fakes.broker import FakeBroker

_SPANS = {Interval.DAY_1: 365, Interval.MINUTE_1: 1, Interval.MINUTE_5: 7, Interval.MINUTE_15: 7}


class FakeConnection:
    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self._status = ConnectionStatus(ConnectionState.READY, "fake:4002", broker.clock.now(), 178)
        self._changed = asyncio.Event()

    @property
    def status(self) -> ConnectionStatus:
        return self._status

    async def watch(self) -> AsyncIterator[ConnectionStatus]:
        while True:
            changed, seen = self._changed, self._status
            yield seen
            if self._status is seen:
                await changed.wait()

    def set(self, state: ConnectionState, message: str) -> None:
        version = 178 if state in (ConnectionState.READY, ConnectionState.DEGRADED) else 0
        now = self._broker.clock.now()
        self._status = replace(self._status, state=state, message=message, since=now, server_version=version)
        self._changed.set()
        self._changed = asyncio.Event()
        if state is not ConnectionState.READY:
            self._broker.quotes.interrupt(message or state.name)

    async def wait_ready(self, deadline_s: float) -> None:
        try:
            async with asyncio.timeout(deadline_s):
                while self._status.state is not ConnectionState.READY:
                    await self._changed.wait()
        except TimeoutError:
            raise SourceFailure(FailureCategory.DISCONNECTED, "the broker is not connected", 504) from None


class FakeDirectory:
    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker

    async def find(self, instrument: Instrument) -> Sequence[BrokerContract]:
        self._broker.contract_requests.append(instrument)
        await self._broker.answering("contracts", instrument.symbol)
        found = [
            listing.contract
            for listing in self._broker.listings
            if (listing.contract.symbol, listing.contract.currency) == (instrument.symbol, instrument.currency)
        ]
        return [each for each in found if each.primary_exchange == instrument.primary_exchange] or found


class FakeHistory:
    parallel = 4

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker

    def span_days(self, interval: Interval) -> int:
        return _SPANS.get(interval, 28)

    async def bars(self, request: HistoryRequest) -> HistoryAnswer:
        broker, contract = self._broker, request.contract
        broker.history_requests.append(request)
        broker.under_way += 1
        broker.most_at_once = max(broker.most_at_once, broker.under_way)
        try:
            await broker.answering("history", contract.symbol)
            bars = broker.bars_of(contract, request.interval, request.first, request.last)
        finally:
            broker.under_way -= 1
        now = broker.clock.now()
        sources = broker.sources_of(contract, broker.sessions(contract, request.first, request.last))
        return HistoryAnswer(bars, sources, now.astimezone(ZoneInfo(contract.time_zone)).date(), now, 1)

    async def earliest(self, contract: BrokerContract) -> date | None:
        self._broker.earliest_requests.append(contract)
        await self._broker.answering("history", contract.symbol)
        sessions = self._broker.sessions(contract, self._broker.listing(contract).first_session, date.max)
        return sessions[0] if sessions else None
