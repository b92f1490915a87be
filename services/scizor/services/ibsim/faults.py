"""Faults on demand: what goes wrong between a gateway and its clients, at the moment it is asked for.

All times are real seconds. A fault asked for again takes the place of the one under way.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from scizor.domain.errors import InvalidInput
from scizor.services.ibsim.broker.events import Event
from scizor.services.ibsim.broker.words import OrderKey
from scizor.services.ibsim.gateway import Gateway
from scizor.services.ibsim.hooks import Fate, Faults
from scizor.services.ibsim.order_faults import OrderFaults
from scizor.services.ibsim.streams import Kind
from scizor.services.ibsim.wire.fields import Fields
from scizor.services.ibsim.wire.ids import In, Out

ANSWERED_WITHOUT_BROKER = frozenset({Out.CURRENT_TIME, Out.ERR_MSG})
"""What a gateway says although it has lost the broker's servers; all else is lost."""
UNSOLICITED = frozenset(
    {Out.TICK_PRICE, Out.TICK_SIZE, Out.ORDER_STATUS, Out.OPEN_ORDER, Out.EXECUTION_DATA, Out.COMMISSION_REPORT}
)
"""Messages whose order a client may not rely on."""
LIVE_DATA = frozenset({In.REQ_MKT_DATA, In.REQ_REAL_TIME_BARS, In.REQ_TICK_BY_TICK_DATA})
"""Requests that a broken data farm leaves without a word."""
_HMDS = "Historical Market Data Service error message:"
_PACING = f"{_HMDS}Historical data request pacing violation"
_NO_HMDS = f"{_HMDS}HMDS server disconnect occurred.  Attempting reconnection..."
_LOST = (1100, "Connectivity between IBKR and Trader Workstation has been lost.")
_FARMS_BROKEN = (
    (2103, "Market data farm connection is broken:usfarm"),
    (2105, "HMDS data farm connection is broken:ushmds"),
)
_FARMS_WELL = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
)
_RESTORED = {1101: "lost", 1102: "maintained"}


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
        self._down, self._stalled, self._lost, self._broken, self._slow = (Until(monotonic) for _ in range(5))
        self._silent = Until(monotonic)
        self._slow_s = 0.0
        self._left: Counter[str] = Counter()
        self._held: dict[int, bytes] = {}
        self._gateway: Gateway | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.orders = OrderFaults(lambda: self.gateway)

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

    def silence(self, seconds: float) -> None:
        """Lose the link without a word: neither requests nor replies arrive until that time is over, then all do."""
        self._silent.begin(seconds)

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
        if code not in _RESTORED:
            raise InvalidInput.of_field("code", "must be 1101 or 1102")
        self._lost.begin(seconds)
        self.gateway.broadcast_error(*_LOST)
        self._start("lose", self._restore(seconds, code))

    def farms(self, seconds: float) -> None:
        """Break the data farms: subscriptions die without a word, history is refused, until the farms are well."""
        self._broken.begin(seconds)
        self._start("farms", self._break_farms(seconds))

    def reset(self, seconds: float) -> None:
        """The nightly reset: connectivity is lost, then the gateway is gone for that time."""
        self.gateway.broadcast_error(*_LOST)
        self._down.begin(seconds)
        self._start("reset", self.gateway.dismiss())

    def notice(self, code: int, text: str) -> None:
        """Tell everyone, such as 2105 for a broken data farm."""
        self.gateway.broadcast_error(code, text)

    async def close(self) -> None:
        """Forget what was to come."""
        self.orders.close()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def accepts_connections(self) -> bool:
        """Not while it is down."""
        return not self._down

    def claims(self, client_id: int) -> bool:
        """Whether this client id is held to be in use."""
        self._held.pop(client_id, None)  # it was for the one who had the id before
        return self._takes("clash")

    def fate(self, key: OrderKey) -> Fate:
        """As demanded of orders."""
        return self.orders.fate(key)

    def on_event(self, event: Event) -> Sequence[Event]:
        """As demanded of orders."""
        return self.orders.on_event(event)

    def next_order_id(self, true_id: int) -> int:
        """As demanded of orders."""
        return self.orders.next_order_id(true_id)

    async def on_request(self, client_id: int, message_id: int, fields: Sequence[str]) -> bool:
        """Refuse history while its farm is broken or a pacing violation is demanded; lose live data with its farm."""
        await asyncio.sleep(self._silent.left_s)
        if message_id == In.REQ_HISTORICAL_DATA:
            refusal = _NO_HMDS if self._broken else _PACING if self._takes("pacing") else ""
            if refusal:
                self.gateway.connections[client_id].error(Fields(fields).integer(), 162, refusal)
            return not refusal
        return not (self._broken and message_id in LIVE_DATA)

    async def on_reply(self, client_id: int, message_id: int, payload: bytes) -> Sequence[bytes]:
        """Hold back, lose, repeat or swap."""
        await asyncio.sleep(max(self._stalled.left_s, self._silent.left_s))
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

    def _start(self, fault: str, work: Coroutine[Any, Any, None]) -> None:
        """In place of the same fault under way."""
        before = self._tasks.pop(fault, None)
        if before is not None:
            before.cancel()
        self._tasks[fault] = asyncio.create_task(work)

    async def _restore(self, seconds: float, code: int) -> None:
        await asyncio.sleep(seconds)
        if code == 1101:
            await self._end_streams(*Kind)
        text = f"Connectivity between IBKR and Trader Workstation has been restored- data {_RESTORED[code]}."
        self.gateway.broadcast_error(code, text)

    async def _break_farms(self, seconds: float) -> None:
        for broken in _FARMS_BROKEN:
            self.gateway.broadcast_error(*broken)
        await self._end_streams(Kind.QUOTES, Kind.REAL_TIME_BARS, Kind.TICK_BY_TICK)
        await asyncio.sleep(seconds)
        for well in _FARMS_WELL:
            self.gateway.broadcast_error(*well)

    async def _end_streams(self, *kinds: Kind) -> None:
        for session in list(self.gateway.connections.values()):
            await session.streams.close(*kinds)
