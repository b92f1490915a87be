"""The broker's adapter, put together: one connection, and the ports that share it."""

from __future__ import annotations

import asyncio

from scizor.adapters.ib.connection import IbConnection
from scizor.adapters.ib.contracts import IbContracts
from scizor.adapters.ib.history import IbHistory
from scizor.adapters.ib.lane import HistoryLane
from scizor.adapters.ib.quotes import IbQuotes
from scizor.adapters.ib.settings import IbSettings
from scizor.ports.clock import Clock


class IbBroker:
    """Made, started and stopped in one event loop. The parts may be handed out before it is started."""

    def __init__(self, settings: IbSettings, clock: Clock) -> None:
        self._lane = HistoryLane(settings.pacing)
        self.connection = IbConnection(settings, clock, self._lane)
        self.contracts = IbContracts(self.connection, settings)
        self.history = IbHistory(self.connection, self._lane, settings, clock)
        self.quotes = IbQuotes(self.connection, self._lane, settings)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect; does not wait for it."""
        if self._task is None:
            self._task = asyncio.create_task(self.connection.run(), name="broker connection")

    async def stop(self) -> None:
        """Close the feeds, hang up, and fail whoever still waits. Stopping twice is fine."""
        task, self._task = self._task, None
        if task is None:
            return
        self.connection.drain()
        self.quotes.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._lane.close()
