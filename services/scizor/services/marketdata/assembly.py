"""The service put together over its ports, whichever adapters stand behind them."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from scizor.domain.collections import Collection
from scizor.marketdata.v1.market_data_service_pb2_grpc import add_MarketDataServiceServicer_to_server
from scizor.ports.broker import Broker, BrokerConnection
from scizor.ports.bus import Bus
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.rpc.server import Service
from scizor.services.marketdata.bars.streams import BarStreams
from scizor.services.marketdata.collection.app import Collections
from scizor.services.marketdata.collection.means import Means
from scizor.services.marketdata.collection.planning import Planning
from scizor.services.marketdata.collection.runner import CollectionRunner
from scizor.services.marketdata.collection.schedule import DailySchedule
from scizor.services.marketdata.collection.sessions import SessionTimes
from scizor.services.marketdata.collection.settings import CollectionSettings
from scizor.services.marketdata.imports.app import Imports
from scizor.services.marketdata.imports.gathering import ImportLimits
from scizor.services.marketdata.imports.intake import FileFormat, Intake, Reader
from scizor.services.marketdata.live.hub import LiveHub
from scizor.services.marketdata.live.lines import LineFinder
from scizor.services.marketdata.live.settings import LiveSettings
from scizor.services.marketdata.live.streams import LiveStreams
from scizor.services.marketdata.metrics import figures
from scizor.services.marketdata.servicer import SERVICE, MarketDataServicer
from scizor.services.marketdata.symbols.contracts import Contracts
from scizor.services.marketdata.symbols.standing import VerificationSettings
from scizor.services.marketdata.symbols.verification import Verification
from scizor.services.marketdata.truth.coverage import CoverageReport
from scizor.services.marketdata.use_cases import UseCases

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """What the service needs from outside."""

    storage: Storage
    broker: Broker
    calendar: SessionCalendar
    clock: Clock
    bus: Bus[Collection]
    readers: Mapping[FileFormat, Reader]


@dataclass(frozen=True, slots=True)
class Choices:
    """What an operator may decide.

    `stream_reads`: connections that all streams of bars together may read with. `heartbeat_s`: a stream with nothing to
    tell says so this often.
    """

    imports: ImportLimits = field(default_factory=ImportLimits)
    verification: VerificationSettings = field(default_factory=VerificationSettings)
    collections: CollectionSettings = field(default_factory=CollectionSettings)
    live: LiveSettings = field(default_factory=LiveSettings)
    stream_reads: int = 5
    heartbeat_s: float = 5.0


class MarketData:
    """The service and the work it does by itself: running collections and, if so decided, beginning daily ones."""

    def __init__(self, outside: Outside, choices: Choices, version: str) -> None:
        contracts = Contracts(outside.storage, outside.broker.contracts, outside.clock)
        means = _means(outside, contracts, choices.collections)
        self._runner = CollectionRunner(means)
        collections = Collections(means, self._runner.wake)
        self._schedule = DailySchedule(collections) if choices.collections.daily_schedule else None
        self._hub = LiveHub(outside.broker.quotes, outside.broker.connection, outside.clock, choices.live)
        self._tasks: list[asyncio.Task[None]] = []
        use_cases = UseCases(
            storage=outside.storage,
            imports=Imports(
                outside.storage,
                outside.calendar,
                outside.clock,
                Intake(outside.readers, choices.imports),
                choices.imports,
            ),
            coverage=CoverageReport(outside.calendar, outside.clock),
            bar_streams=BarStreams(outside.storage, choices.stream_reads),
            clock=outside.clock,
            heartbeat_s=choices.heartbeat_s,
            version=version,
            calendar=outside.calendar,
            verification=Verification(outside.storage, outside.broker.contracts, outside.clock, choices.verification),
            broker=outside.broker.connection,
            collections=collections,
            live=LiveStreams(LineFinder(outside.storage, contracts).find, self._hub),
        )
        servicer = MarketDataServicer(use_cases)
        self.figures = figures(outside.broker.connection, self._hub, self._runner)
        self.service = Service(SERVICE, add_MarketDataServiceServicer_to_server, servicer, self._hub.drain)

    def start(self) -> None:
        """Begin the work it does by itself; in a running event loop."""
        self._begin("collecting", self._runner.run())
        if self._schedule is not None:
            self._begin("schedule", self._schedule.run())

    async def stop(self) -> None:
        """Give back what is under way and close the feeds."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hub.close()

    def _begin(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_tell_of_fault)
        self._tasks.append(task)


def _tell_of_fault(work: asyncio.Task[None]) -> None:
    """Nobody waits for work that is to go on until it is cancelled, so nobody else would hear of its end."""
    if not work.cancelled() and (fault := work.exception()) is not None:
        _log.error("work_ended", work=work.get_name(), exc_info=fault)


def _means(outside: Outside, contracts: Contracts, settings: CollectionSettings) -> Means:
    times = SessionTimes(outside.calendar, settings)
    history = outside.broker.history
    return Means(
        storage=outside.storage,
        bus=outside.bus,
        clock=outside.clock,
        connection=outside.broker.connection,
        history=history,
        contracts=contracts,
        times=times,
        planning=Planning(times, history, _BrokersClock(outside.clock, outside.broker.connection), settings),
        owner=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}",
        settings=settings,
    )


class _BrokersClock:
    """The time by which sessions are over: where the broker's clock is behind ours it cannot have told more."""

    def __init__(self, clock: Clock, connection: BrokerConnection) -> None:
        self._clock, self._connection = clock, connection

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._clock.now() + min(self._connection.status.clock_skew, timedelta())
