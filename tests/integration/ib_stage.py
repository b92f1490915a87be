"""A gateway simulator in the middle of a session and the broker's adapter connected to it, in one process over TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scizor.adapters.ib import IbBroker, IbSettings
from scizor.adapters.ib.pacing import PacingRules
from scizor.domain.broker import BrokerContract, ConnectionState
from scizor.domain.instruments import Instrument
from scizor.domain.live import FeedEvent
from scizor.services.ibsim.broker.journal import Journal
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.faults import DemandedFaults
from scizor.services.ibsim.gateway import DataAccess, Gateway, Pace
from scizor.services.ibsim.limits import Limits
from scizor.services.ibsim.market import ReplayClock, SimMarket
from scizor.services.ibsim.server import serve
from scizor.services.ibsim.streams import Kind

OPEN = datetime(2026, 11, 20, 15, tzinfo=UTC)
AAPL = Instrument("AAPL", "NASDAQ", "USD")
BHP = Instrument("BHP", "ASX", "AUD")
QUICK = IbSettings(
    connect_s=2.0,
    ready_s=5.0,
    contract_s=5.0,
    history_s=5.0,
    silence_s=2.0,
    probe_s=2.0,
    backoff_s=0.02,
    backoff_most_s=0.2,
    quote_s=0.5,
    pacing=PacingRules(pause_s=0.1, margin_s=0.1),
)
"""Every deadline so short that a test may wait for it."""


class Stage:
    """`port` is served while `up` holds; the broker connects to it."""

    def __init__(
        self, folder: Path, speed: float, latency_s: float, limits: Limits, access: Mapping[str, DataAccess]
    ) -> None:
        self.market = SimMarket(1, ReplayClock(OPEN, speed))
        self.journal = Journal(folder / "state.sqlite")
        self.faults = DemandedFaults()
        pace = Pace(history_latency_s=latency_s, quotes_s=0.05, matching_s=0.05, bars_s=5.0)
        self.gateway = Gateway(
            self.market, Broker(self.market, self.journal), limits=limits, pace=pace, faults=self.faults, access=access
        )
        self.faults.attach(self.gateway)
        self.port = 0
        self._up: AsyncExitStack | None = None
        self.broker: IbBroker

    async def start_gateway(self) -> None:
        """Listen on the port it had before, if any."""
        self._up = AsyncExitStack()
        self.port = await self._up.enter_async_context(serve(self.gateway, port=self.port))

    async def stop_gateway(self) -> None:
        """As if killed: nobody listens, every connection is gone."""
        if self._up:
            await self._up.aclose()
            self._up = None

    async def becomes(self, state: ConnectionState, message: str = "") -> None:
        """Wait until the connection is so, and its message holds these words."""
        async with asyncio.timeout(10):
            async for status in self.broker.connection.watch():
                if status.state is state and message in status.message:
                    return

    async def find(self, instrument: Instrument = AAPL) -> BrokerContract:
        [contract] = await self.broker.contracts.find(instrument)
        return contract

    def open_streams(self, *kinds: Kind) -> int:
        """How many of these the gateway has running."""
        return self.gateway.count(*kinds)


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    speed: float = 1.0,
    latency_s: float = 0.0,
    limits: Limits | None = None,
    access: Mapping[str, DataAccess] | None = None,
    becomes: ConnectionState = ConnectionState.READY,
    **settings: Any,
) -> AsyncIterator[Stage]:
    """A gateway and a broker connected to it; answers with bars take `latency_s`. `settings`: changes to QUICK."""
    on = Stage(folder, speed, latency_s, limits or Limits(), access or {})
    await asyncio.to_thread(on.market.warm)  # it would hold the loop for longer than deadlines last
    await on.start_gateway()
    # The market's time is everybody's, so that what the adapter takes for now is now at the gateway.
    on.broker = IbBroker(replace(QUICK, port=on.port, **settings), on.market.clock)
    await on.broker.start()
    try:
        await on.becomes(becomes)
        yield on
    finally:
        await on.broker.stop()
        await on.stop_gateway()
        await on.faults.close()
        on.journal.close()


class Listener:
    """What a feed told."""

    def __init__(self) -> None:
        self.events: list[FeedEvent] = []
        self._news = asyncio.Event()

    def __call__(self, event: FeedEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def until(self, wanted: Callable[[FeedEvent], object], since: int = 0, within_s: float = 10.0) -> int:
        """The place after the first event from `since` on that is wanted."""
        async with asyncio.timeout(within_s):
            while True:
                self._news.clear()
                for place in range(since, len(self.events)):
                    if wanted(self.events[place]):
                        return place + 1
                await self._news.wait()


async def until(condition: Callable[[], object]) -> None:
    """Poll what lies in another's hands."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the simulator has no event for it
            await asyncio.sleep(0.01)
