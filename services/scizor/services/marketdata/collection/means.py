"""What collections are run with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from scizor.domain.broker import ConnectionState
from scizor.domain.collections import Collection
from scizor.ports.broker import BrokerConnection, HistorySource
from scizor.ports.bus import Bus
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.marketdata.collection.planning import Planning
from scizor.services.marketdata.collection.sessions import SessionTimes
from scizor.services.marketdata.collection.settings import CollectionSettings
from scizor.services.marketdata.symbols.contracts import Contracts

_WATCH_AGAIN_S = 1.0  # after a watch that ended, as one does while the broker's side stops


@dataclass(frozen=True, slots=True)
class Means:
    """`owner` names this process. `slots`: requests under way at once, of all collections together."""

    storage: Storage
    bus: Bus[Collection]
    clock: Clock
    connection: BrokerConnection
    history: HistorySource
    contracts: Contracts
    times: SessionTimes
    planning: Planning
    owner: str
    settings: CollectionSettings = field(default_factory=CollectionSettings)
    slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", asyncio.Semaphore(self.history.parallel))


async def until_ready(connection: BrokerConnection) -> None:
    """Wait until the broker can be asked, for as long as that takes."""
    while connection.status.state is not ConnectionState.READY:
        async for status in connection.watch():
            if status.state is ConnectionState.READY:
                return
        await asyncio.sleep(_WATCH_AGAIN_S)
