"""Faults on demand: what goes wrong between a gateway and its clients, at the moment it is asked for.

All times are real seconds. A fault asked for again takes the place of the one under way.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

from scizor.services.ibsim.gateway import Gateway
from scizor.services.ibsim.hooks import Faults
from scizor.services.ibsim.wire.ids import In, Out

ANSWERED_WITHOUT_BROKER = frozenset({Out.CURRENT_TIME, Out.ERR_MSG})
"""What a gateway says although it has lost the broker's servers; all else is lost."""
UNSOLICITED = frozenset(
    {Out.TICK_PRICE, Out.TICK_SIZE, Out.ORDER_STATUS, Out.OPEN_ORDER, Out.EXECUTION_DATA, Out.COMMISSION_REPORT}
)
"""Messages whose order a client may not rely on."""
_PACING = "Historical Market Data Service error message:Historical data request pacing violation"
_LOST = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")


class Until:
    """A condition that ends by itself."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._end = 0.0

    def begin(self, seconds: float) -> None:
        """From now on, for so long."""
        self._end = self._monotonic() + seconds

    @property
    def left_s(self) -> float:
        """How long it still lasts; 0 when it does not."""
        return max(0.0, self._end - self._monotonic())

    def __bool__(self) -> bool:
        return self.left_s > 0


class DemandedFaults(Faults):
    """Does to every connection what was last demanded."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._down, self._stalled, self._lost, self._slow = (Until(monotonic) for _ in range(4))
        self._slow_s = 0.0
        self._left: Counter[str] = Counter()
        self._held: dict[int, bytes] = {}
        self._gateway: Gateway | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, gateway: Gateway) -> None:
        """Name the gateway whose connections are meant."""
        self._gateway = gateway

    @property
    def gateway(self) -> Gateway:
        """The one attached."""
        if self._gateway is None:
            raise RuntimeError("faults are demanded of a gateway: attach it first")
        return self._gateway

    def disconnect(self, seconds: float) -> None:
        """Hang up on everyone, and on whoever calls within that time."""
        self._down.begin(seconds)
        self.gateway.hang_up()

    def stall(self, seconds: float) -> None:
        """Say nothing, with every connection open."""
        self._stalled.begin(seconds)

    def slow(self, delay_ms: float, seconds: float) -> None:
        """Wait before every reply."""
        self._slow_s = delay_ms / 1000
        self._slow.begin(seconds)

    def pacing(self, count: int) -> None:
        """Answer the next requests for history with a pacing violation."""
        self._left["pacing"] = count

    def clash(self, count: int) -> None:
        """Hold the client ids of the next callers to be in use."""
        self._left["clash"] = count

    def repeat(self, count: int) -> None:
        """Send each of the next replies twice."""
        self._left["repeat"] = count

    def reorder(self, count: int) -> None:
        """Send the next unsolicited messages after their successors."""
        self._left["reorder"] = count

    def lose(self, seconds: float, code: int) -> None:
        """Lose the broker's servers: 1100 now, and after that time 1101 (subscriptions are lost) or 1102."""
        self._lost.begin(seconds)
        self.gateway.broadcast_error(*_LOST)
        self._later(seconds, code)

    def reset(self, seconds: float) -> None:
        """The nightly reset: connectivity is lost, then the gateway is gone for that time."""
        self.gateway.broadcast_error(*_LOST)
        self.disconnect(seconds)

    def notice(self, code: int, text: str) -> None:
        """Tell everyone, such as 2105 for a broken data farm."""
        self.gateway.broadcast_error(code, text)

    async def close(self) -> None:
        """Forget what was to come."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def accepts_connections(self) -> bool:
        """Not while it is down."""
        return not self._down

    def claims(self, client_id: int) -> bool:
        """Whether this client id is held to be in use."""
        return self._takes("clash")

    async def on_request(self, client_id: int, message_id: int, fields: Sequence[str]) -> bool:
        """Answer history with a pacing violation; otherwise let it pass."""
        if message_id != In.REQ_HISTORICAL_DATA or not self._takes("pacing"):
            return True
        self.gateway.connections[client_id].error(int(fields[0]), 162, _PACING)
        return False

    async def on_reply(self, client_id: int, message_id: int, payload: bytes) -> Sequence[bytes]:
        """Hold back, lose, repeat or swap."""
        await asyncio.sleep(self._stalled.left_s)
        if self._slow:
            await asyncio.sleep(self._slow_s)
        if self._lost and message_id not in ANSWERED_WITHOUT_BROKER:
            return ()
        replies = (payload, payload) if self._takes("repeat") else (payload,)
        held = self._held.pop(client_id, None)
        if held is not None:
            return (*replies, held)
        if message_id in UNSOLICITED and self._takes("reorder"):
            self._held[client_id] = payload
            return ()
        return replies

    def _takes(self, fault: str) -> bool:
        """Use up one of those demanded, if any is left."""
        left = self._left[fault] > 0
        self._left[fault] -= left
        return left

    def _later(self, seconds: float, code: int) -> None:
        task = asyncio.create_task(self._restore(seconds, code))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _restore(self, seconds: float, code: int) -> None:
        await asyncio.sleep(seconds)
        kept = "maintained" if code == 1102 else "lost"
        if code == 1101:
            for session in list(self.gateway.connections.values()):
                await session.streams.close()
        text = f"Connectivity between IBKR and Trader Workstation has been restored- data {kept}."
        self.gateway.broadcast_error(code, text)
