"""One connection, from its greeting to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from scizor.services.ibsim.broker.events import (
    CommissionEvent,
    Event,
    FillEvent,
    NoticeEvent,
    OrderEvent,
    order_of,
)
from scizor.services.ibsim.broker.words import ACCOUNT, Refusal
from scizor.services.ibsim.gateway import Gateway
from scizor.services.ibsim.handlers.account import tell_account, tell_followers, tell_order
from scizor.services.ibsim.handlers.table import HANDLERS
from scizor.services.ibsim.limits import MessageRate
from scizor.services.ibsim.market.api import MarketError
from scizor.services.ibsim.outbox import Outbox
from scizor.services.ibsim.streams import Kind, Streams
from scizor.services.ibsim.wire import framing
from scizor.services.ibsim.wire.fields import BadField, Fields
from scizor.services.ibsim.wire.ids import In
from scizor.services.ibsim.wire.replies import account, session
from scizor.services.ibsim.wire.replies.session import NO_REQUEST
from scizor.services.ibsim.wire.requests import read_versioned_id

_GREETING_WITHIN_S = 10
_FAREWELL_WITHIN_S = 2
_NOTICES = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)
_log = structlog.get_logger("ibsim")


class Session:
    """A client's connection and what it has subscribed to."""

    def __init__(self, gateway: Gateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.gateway = gateway
        self.version = framing.MAX_VERSION
        self.client_id = NO_REQUEST
        self.streams = Streams()
        self.data_type = 1
        self.hears_positions = False
        self.hears_account = False
        self.followed_accounts: dict[int, str] = {}
        self.summaries: set[int] = set()
        self._reader = reader
        self._writer = writer
        self._outbox = Outbox(writer, gateway.faults, self.hang_up)
        self._writing: asyncio.Task[None] | None = None
        self._rate = MessageRate(gateway.limits)
        self.send = self._outbox.send
        self.offer = self._outbox.offer
        self.push = self._outbox.push

    async def run(self) -> None:
        """Serve the client until it or the gateway hangs up."""
        try:
            await self._greet()
            self._writing = asyncio.create_task(self._outbox.write_all(lambda: self.client_id))
            self._writing.add_done_callback(
                lambda done: self.hang_up() if done.cancelled() or done.exception() else None
            )
            if await self._start():
                await self._read()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        except framing.BadFrame as error:
            _log.info("bad_frame", client_id=self.client_id, error=error.text)
            self.error(NO_REQUEST, error.code, error.text)
        finally:
            await self._leave()

    def hang_up(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()
        if self._writing is not None:
            self._writing.cancel()

    async def dismiss(self) -> None:
        """End the connection when it has been told what waits, if it still listens."""
        self._outbox.finish()
        if self._writing is not None and (await asyncio.wait({self._writing}, timeout=_FAREWELL_WITHIN_S))[1]:
            self.hang_up()
        self._writer.close()

    def error(self, req_id: int, code: int, text: str) -> None:
        """Tell the client what it cannot have, or a notice."""
        self.push(session.error(self.version, req_id, code, text))

    def check_id(self, kind: Kind, req_id: int) -> None:
        """Raises MarketError when the request id is in use."""
        if self.streams.is_running(kind, req_id):
            raise MarketError(102, "Duplicate ticker ID.")

    def check_data_line(self) -> None:
        """Raises MarketError when all lines are in use."""
        if self.gateway.count(Kind.QUOTES, Kind.REAL_TIME_BARS) >= self.gateway.limits.market_data_lines:
            raise MarketError(101, "Max number of tickers has been reached.")

    @contextmanager
    def answering(self, req_id: int) -> Iterator[None]:
        """What market and broker refuse within is the answer to this request."""
        try:
            yield
        except (MarketError, Refusal) as refused:
            self.error(req_id, refused.code, refused.text)

    def notify(self, event: Event) -> None:
        """Tell the client of an event, if it concerns it."""
        if isinstance(event, FillEvent) and self.hears_positions:
            self.push(account.position(event.position))
        if isinstance(event, CommissionEvent):
            tell_followers(self)
            if self.hears_account:
                tell_account(self)
        if order_of(event).client_id == self.client_id:
            self._notify_owner(event)

    def _notify_owner(self, event: Event) -> None:
        match event:
            case OrderEvent(order):
                tell_order(self, order)
            case FillEvent(execution, _):
                self.push(account.execution(self.version, NO_REQUEST, execution))
            case CommissionEvent(execution):
                self.push(account.commission(execution))
            case NoticeEvent(order, code, text):
                self.error(order.order_id, code, text)

    async def _greet(self) -> None:
        async with asyncio.timeout(_GREETING_WITHIN_S):
            self.version = await framing.read_greeting(self._reader)
        # Clients throw away what arrives together with this frame, so nothing may follow until they have spoken.
        self._writer.write(framing.pack(session.welcome(self.version, self.gateway.market.clock.now())))
        await self._writer.drain()

    async def _start(self) -> bool:
        """Wait for START_API and answer it. False: the client must go."""
        async with asyncio.timeout(_GREETING_WITHIN_S):
            message_id, *rest = await framing.read_frame(self._reader)
        if message_id != str(In.START_API.value):
            return False
        try:
            wanted = read_versioned_id(Fields(rest))
        except BadField as error:
            raise framing.BadFrame(320, f"Error reading request. Message {message_id}: {error}") from None
        if wanted in self.gateway.connections or self.gateway.faults.claims(wanted):
            self.error(
                NO_REQUEST, 326, "Unable to connect as the client id is already in use. Retry with a unique client id."
            )
            return False
        self.client_id = wanted
        self.gateway.connections[wanted] = self
        await self.send(session.managed_accounts(ACCOUNT))
        await self.send(session.next_valid_id(self.gateway.next_order_id(wanted)))
        for code, text in _NOTICES:
            self.error(NO_REQUEST, code, text)
        return True

    async def _read(self) -> None:
        while not self._rate.is_exhausted:
            head, *rest = await framing.read_frame(self._reader)
            message_id = int(head) if head.isdecimal() else 0
            if not self._rate.admits():
                limit = self.gateway.limits.messages_per_s
                text = f"Max rate of messages per second has been exceeded:max={limit:g} ({self._rate.breaches})"
                self.error(NO_REQUEST, 100, text)
            else:
                await self._dispatch(message_id, rest)

    async def _dispatch(self, message_id: int, fields: Sequence[str]) -> None:
        handler = HANDLERS.get(message_id)
        if handler is None:
            self.error(NO_REQUEST, 321, f"Error validating request.-'bM' : cause - Message {message_id} is not served")
            return
        try:
            if await self.gateway.faults.on_request(self.client_id, message_id, fields):
                with self.answering(NO_REQUEST):
                    await handler(self, Fields(fields))
        except BadField as error:
            self.error(NO_REQUEST, 320, f"Error reading request. Message {message_id}: {error}")
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - a request that finds a defect must not cost the connection
            _log.error("request_failed", message_id=message_id, exc_info=error)
            self.error(NO_REQUEST, 320, f"Error processing request. Message {message_id} failed inside the gateway")

    async def _leave(self) -> None:
        if self.gateway.connections.get(self.client_id) is self:
            del self.gateway.connections[self.client_id]
        await self.streams.close(*Kind)
        await self.dismiss()
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
