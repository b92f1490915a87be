"""One connection from its handshake to its loss: who asked what, and who is told the answer.

Request ids begin above any order id, so that the number of an error tells a request from an order.
"""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from scizor.adapters.ib.errors import (
    CLIENT_ID_TAKEN,
    ConnectionNotice,
    disconnected,
    failure,
    is_warning,
    notice,
)
from scizor.adapters.ib.messages import Message
from scizor.adapters.ib.orders.decode import NUMBERS, OrderDesk
from scizor.adapters.ib.orders.messages import OrderMessage
from scizor.adapters.ib.receivers import Receiver, Reply
from scizor.adapters.ib.settings import IbSettings
from scizor.adapters.ib.wire import WireClient
from scizor.domain.broker import FailureCategory, SourceFailure
from scizor.ports.clock import Clock

SIMULATED_ACCOUNT = "DUSIM"
"""How accounts of the simulated gateway begin; no real one does."""

_DELAYED = 3
_SKEW_THAT_MATTERS = timedelta(minutes=1)
FIRST_REQUEST_ID = 1_000_000_000
"""Below it are the numbers of orders."""
T = TypeVar("T")
Send = Callable[[WireClient, int], object]
"""How a request, or its cancellation, is sent under a request id."""


class Session:
    """Implements the wire's inbox. `heard_s` is the loop's time of the last bytes, `receive_time` the clock's.

    `clock_skew`: the gateway's clock less ours. `account_names`: the login's; `lowest_number`: that an order may have.
    """

    def __init__(
        self,
        settings: IbSettings,
        port: int,
        clock: Clock,
        notify: Callable[[ConnectionNotice], None],
        orders: OrderDesk | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._settings, self._port, self._clock, self._notify = settings, port, clock, notify
        self._orders = orders
        self.client = WireClient(self, settings.throttle, orders=orders is not None)
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self._gone = asyncio.Event()
        self.heard_s, self.receive_time = self._loop.time(), clock.now()
        self.account_names: Sequence[str] = ()
        self.lowest_number = 0
        self._receivers: dict[int, Receiver] = {}
        self._touched: dict[Receiver, None] = {}
        self._probe: asyncio.Future[None] | None = None
        self._ids = count(FIRST_REQUEST_ID)
        self._refusal = ""
        self.clock_skew = timedelta()

    @property
    def simulated(self) -> bool:
        """Whether it is the simulated gateway."""
        return any(name.startswith(SIMULATED_ACCOUNT) for name in self.account_names)

    @property
    def server_version(self) -> int:
        """What both sides agreed on."""
        return int(self.client.serverVersion())

    async def open(self) -> None:
        """Connect and shake hands. Raises SourceFailure(DISCONNECTED) with the reason."""
        settings = self._settings
        connecting = asyncio.create_task(
            self.client.connectAsync(settings.host, self._port, settings.client_id, timeout=0)
        )
        try:
            await asyncio.wait({connecting, self.lost}, timeout=settings.connect_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hung_up = self.lost.done()
            connecting.cancel()
            outcome = (await asyncio.gather(connecting, return_exceptions=True))[0]
        if isinstance(outcome, asyncio.CancelledError):
            silence = f"no answer to the handshake within {settings.connect_s:g} s"
            raise disconnected(self.lost.result() if hung_up else silence)
        if isinstance(outcome, BaseException):
            raise disconnected(self._refusal or f"cannot connect: {outcome}")
        try:
            self.client.reqMarketDataType(_DELAYED)
        except ConnectionError:
            raise disconnected(self._refusal or "the gateway hung up after the handshake") from None

    async def probe(self, deadline_s: float) -> None:
        """Ask for the time, to hear whether anybody is there. Raises SourceFailure."""
        asked = self._probe
        try:
            async with asyncio.timeout(deadline_s):
                if asked is None:
                    asked = self._probe = self._loop.create_future()
                    self.client.reqCurrentTime()
                await asyncio.shield(asked)
        except TimeoutError:
            message = f"the gateway is silent: no answer to a probe within {deadline_s:g} s"
            raise SourceFailure(FailureCategory.TIMEOUT, message) from None
        except ConnectionError:
            raise disconnected() from None
        finally:
            if self._probe is asked:
                self._probe = None

    async def ask(
        self, reply: Reply[T], send: Send, deadline_s: float, cancel: Send | None = None, *, always_cancel: bool = False
    ) -> T:
        """Send a request and wait for its reply; `cancel` is sent when nobody waits any more. Raises SourceFailure.

        `always_cancel`: after the reply too, for requests that stay open at the gateway.
        """
        req_id = self.subscribe(reply, send)
        try:
            async with asyncio.timeout(deadline_s):
                answer = await reply.result
        except TimeoutError:
            self.unsubscribe(req_id, cancel)
            raise SourceFailure(FailureCategory.TIMEOUT, f"no answer within {deadline_s:g} s") from None
        except (SourceFailure, asyncio.CancelledError):
            self.unsubscribe(req_id, cancel)
            raise
        self.unsubscribe(req_id, cancel if always_cancel else None)
        return answer

    def tell(self, send: Callable[[WireClient], object]) -> None:
        """Send what has no answer, or one that bears no number. Raises SourceFailure: not sent."""
        if self.lost.done():
            raise disconnected(self.lost.result())
        try:
            send(self.client)
        except ConnectionError:
            raise disconnected() from None

    def subscribe(self, receiver: Receiver, send: Send) -> int:
        """Send a request whose answers go to the receiver; returns its id. Raises SourceFailure."""
        if self.lost.done():
            raise disconnected(self.lost.result())
        req_id = next(self._ids)
        self._receivers[req_id] = receiver
        try:
            send(self.client, req_id)
        except ConnectionError:
            del self._receivers[req_id]
            raise disconnected() from None
        except SourceFailure:
            del self._receivers[req_id]
            raise
        return req_id

    def unsubscribe(self, req_id: int, cancel: Send | None) -> None:
        """Nothing more is told; the gateway is asked to stop if the request was still open."""
        if self._receivers.pop(req_id, None) and cancel and not self.lost.done():
            try:
                cancel(self.client, req_id)
            except (ConnectionError, SourceFailure) as error:
                # A request that cannot be ended keeps its place at the gateway: only a new connection frees it.
                self._lose(f"a request could not be cancelled: {error}")

    def fail_replies(self, reason: str) -> None:
        """Whoever waits for an answer is told that none comes; subscriptions are left alone."""
        for receiver in list(self._receivers.values()):
            if isinstance(receiver, Reply):
                receiver.failed(disconnected(reason))

    def end(self, reason: str) -> None:
        """What was told has a hole: only a new session's books close it."""
        self._lose(reason)

    async def close(self, reason: str) -> None:
        """Hang up and wait for the socket to be gone."""
        self._lose(reason)
        if self.client.abort():
            await self._gone.wait()

    def _lose(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
            if self._probe and not self._probe.done():
                self._probe.set_exception(disconnected(reason))
            receivers, self._receivers = self._receivers, {}
            for receiver in receivers.values():
                receiver.failed(disconnected(reason))

    def arrived(self) -> None:
        """Somebody is there."""
        self.heard_s, self.receive_time = self._loop.time(), self._clock.now()

    def settled(self) -> None:
        """Tell those who were told something."""
        touched, self._touched = self._touched, {}
        for receiver in touched:
            receiver.settled()
        if self._orders:
            self._orders.settled()

    def accounts(self, names: Sequence[str]) -> None:
        """Which say whether the gateway is the simulated one."""
        self.account_names = names

    def next_number(self, number: int) -> None:
        """Orders begin there."""
        self.lowest_number = number

    def order(self, message: OrderMessage) -> None:
        """To who hears of orders; a session that is over says nothing more."""
        if self._orders and not self.lost.done():
            self._orders.told(message)

    def time_told(self, epoch_s: int) -> None:
        """The probe is answered."""
        skew = datetime.fromtimestamp(epoch_s, UTC) - self._clock.now()
        self.clock_skew = skew if abs(skew) > _SKEW_THAT_MATTERS else timedelta()
        if self._probe and not self._probe.done():
            self._probe.set_result(None)

    def message(self, req_id: int, message: Message) -> None:
        """To whom it belongs; what belongs to nobody any more is dropped."""
        receiver = self._receivers.get(req_id)
        if receiver:
            receiver.told(message)
            self._touched[receiver] = None

    def error(self, req_id: int, code: int, text: str) -> None:
        """Of one request, unless it is a warning; some concern the connection."""
        if code == CLIENT_ID_TAKEN:
            self._refusal = f"client id {self._settings.client_id} is in use by another program (326); set another one"
        about = notice(code, text)
        if about:
            self._notify(about)
        if self._orders and 0 < req_id < FIRST_REQUEST_ID and not self.lost.done():
            self._orders.complained(req_id, code, text)
        receiver = self._receivers.get(req_id)
        if receiver and not is_warning(code):
            if receiver.over_with_error:
                del self._receivers[req_id]
            receiver.failed(failure(code, text))

    def unreadable(self, req_id: int, number: int) -> None:
        """The request it belongs to cannot be answered; of one about orders, nobody knows what it said."""
        if self._orders and number in NUMBERS:
            self._lose(f"message {number} about orders could not be read")
        receiver = self._receivers.get(req_id)
        if receiver:
            receiver.failed(SourceFailure(FailureCategory.SOURCE_FAULT, f"message {number} could not be read"))

    def hung_up(self) -> None:
        """The socket is gone, for whatever reason."""
        self._gone.set()
        self._lose(self._refusal or "the gateway closed the connection")
