"""A gateway in this process, demands over its control port, and a real ib_async."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ib_async

from scizor.services.ibsim.broker.journal import Journal
from scizor.services.ibsim.broker.orders import Broker
from scizor.services.ibsim.control import controlled
from scizor.services.ibsim.faults import DemandedFaults
from scizor.services.ibsim.gateway import Gateway, Pace
from scizor.services.ibsim.market import ReplayClock, SimMarket
from scizor.services.ibsim.server import serve

AAPL = ib_async.Contract(conId=265598, exchange="SMART")
OPEN = datetime(2026, 11, 20, 15, tzinfo=UTC)


_PARTS: dict[str, Callable[[Any], Any]] = {
    "orderStatus": lambda told: (told[1], float(told[2])),
    "execDetails": lambda told: told[2],
    "commissionReport": lambda told: told[0],
    "openOrder": lambda told: told[2],
    "nextValidId": lambda told: told[0],
}


class Stage:
    """A gateway in the middle of a session, its control port, and a client."""

    def __init__(self, gateway: Gateway, faults: DemandedFaults, port: int, control: int) -> None:
        self.gateway, self.faults, self.port, self.control = gateway, faults, port, control
        self.ib = ib_async.IB()
        self.ib.RequestTimeout = 5
        self.errors: list[int] = []
        self.heard: list[tuple[str, Any]] = []
        self._listen()
        self.ib.errorEvent += lambda req_id, code, text, contract: self.errors.append(code)

    def _listen(self) -> None:
        """Note what the library is told of orders, before it makes something else of it."""
        wrapper: Any = self.ib.wrapper
        for name in _PARTS:
            setattr(wrapper, name, self._noting(name, getattr(wrapper, name)))

    def _noting(self, name: str, then: Callable[..., None]) -> Callable[..., None]:
        def note(*told: Any) -> None:
            self.heard.append((name, told))
            then(*told)

        return note

    def told(self, name: str) -> list[Any]:
        """What came by this callback: statuses with shares filled, executions, costs, orders, ids."""
        return [_PARTS[name](told) for heard, told in self.heard if heard == name]

    async def connect(self, within_s: float = 10.0) -> None:
        await self.ib.connectAsync("127.0.0.1", self.port, clientId=7, timeout=within_s)

    async def demand(self, **demand: Any) -> dict[str, Any]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.control)
        writer.write(json.dumps(demand).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(reader.readline(), 5))
        writer.close()
        return answer

    async def books(self) -> dict[str, Any]:
        """The truth."""
        return await self.demand(do="books")

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - what it waits for is in another's hands
                await asyncio.sleep(0.01)

    async def closes(self) -> list[float]:
        bars = await self.ib.reqHistoricalDataAsync(AAPL, "", "3 D", "1 day", "TRADES", True, formatDate=2, timeout=20)
        return [bar.close for bar in bars]


def _market() -> SimMarket:
    market = SimMarket(1, ReplayClock(OPEN, 1))
    market.warm()
    return market


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    market = await asyncio.to_thread(_market)  # it would hold the loop for longer than deadlines last
    journal = Journal(folder / "state.sqlite")
    faults = DemandedFaults()
    gateway = Gateway(market, Broker(market, journal), faults=faults, pace=Pace(0.0, 0.05, 0.05, 0.2))
    faults.attach(gateway)
    async with serve(gateway) as port, controlled(faults, "127.0.0.1", 0) as control:
        on = Stage(gateway, faults, port, control)
        try:
            yield on
        finally:
            on.ib.disconnect()
    journal.close()
