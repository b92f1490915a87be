"""What an account is worth, as the gateway keeps telling it line by line."""

# The calls of ib_async's client count as untyped.
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

from scizor.adapters.ib.connection import IbConnection
from scizor.adapters.ib.errors import disconnected
from scizor.adapters.ib.messages import End, Message
from scizor.adapters.ib.orders.answers import BASE, CASH
from scizor.adapters.ib.orders.messages import AccountLine
from scizor.adapters.ib.orders.terms import number
from scizor.adapters.ib.receivers import Receiver
from scizor.adapters.ib.session import Session
from scizor.adapters.ib.wire import WireClient
from scizor.domain.broker import FailureCategory, SourceFailure
from scizor.ports.clock import Clock
from scizor.ports.order_broker import BrokerAccount

_EQUITY, _RATE = "NetLiquidation", "ExchangeRate"
_KEPT = frozenset({_EQUITY, "AvailableFunds", "BuyingPower", "MaintMarginReq", CASH, _RATE})


class Figures:
    """Follows every account that was asked about, from session to session."""

    def __init__(
        self, connection: IbConnection, clock: Clock, step_s: float, tell: Callable[[BrokerAccount], None]
    ) -> None:
        self._connection, self._clock, self._step_s, self._tell = connection, clock, step_s, tell
        self._feeds: dict[str, _Feed] = {}
        self._turn = asyncio.Lock()

    async def account(self, account: str) -> BrokerAccount:
        """Asked anew, and followed from then on. Raises SourceFailure."""
        async with self._turn:
            session = self._connection.linked
            if session is None:
                raise disconnected(f"the broker is not connected: {self._connection.status.message}")
            feed = self._follow(session, account)
            try:
                async with asyncio.timeout(self._step_s):
                    return await asyncio.shield(feed.first)
            except TimeoutError:
                message = f"no answer about {account} within {self._step_s:g} s"
                raise SourceFailure(FailureCategory.TIMEOUT, message) from None

    def opened(self, session: Session) -> None:
        """Follow them here too."""
        for account in list(self._feeds):
            try:
                self._follow(session, account)
            except SourceFailure:
                return  # the session is over already, and another one comes

    def _follow(self, session: Session, account: str) -> _Feed:
        before = self._feeds.get(account)
        if before is not None and before.session is session:
            session.unsubscribe(before.req_id, _stop)
        feed = self._feeds[account] = _Feed(session, account, self._clock, self._tell)
        feed.req_id = session.subscribe(
            feed, lambda client, req_id: client.reqAccountUpdatesMulti(req_id, account, "", False)
        )
        return feed


def _stop(client: WireClient, req_id: int) -> None:
    client.cancelAccountUpdatesMulti(req_id)


class _Feed(Receiver):
    """One account in one session. `first`: its figures once they have been told in full."""

    def __init__(self, session: Session, account: str, clock: Clock, tell: Callable[[BrokerAccount], None]) -> None:
        self.session, self.req_id = session, 0
        self.first: asyncio.Future[BrokerAccount] = asyncio.get_running_loop().create_future()
        self._account, self._clock, self._tell = account, clock, tell
        self._lines: dict[tuple[str, str], Decimal] = {}
        self._base = ""
        self._whole = self._changed = False

    def told(self, message: Message) -> None:
        if isinstance(message, End):
            self._whole = self._changed = True
        elif isinstance(message, AccountLine) and message.key in _KEPT and message.currency != BASE:
            value = number(message.value)
            if value is None:
                self._lines.pop((message.key, message.currency), None)
            else:
                self._lines[message.key, message.currency] = value
            if message.key == _EQUITY:
                self._base = message.currency
            self._changed = True

    def settled(self) -> None:
        if not (self._whole and self._changed):
            return
        self._changed = False
        figures = self._figures()
        if not self.first.done():
            self.first.set_result(figures)
        self._tell(figures)

    def failed(self, reason: SourceFailure) -> None:
        if not self.first.done():
            self.first.set_exception(reason)
            self.first.exception()  # whoever waited may have gone

    def _figures(self) -> BrokerAccount:
        lines, base = self._lines, self._base
        return BrokerAccount(
            account=self._account,
            base_currency=base,
            time=self._clock.now(),
            equity=lines.get((_EQUITY, base)),
            available_funds=lines.get(("AvailableFunds", base)),
            buying_power=lines.get(("BuyingPower", base)),
            maintenance_margin=lines.get(("MaintMarginReq", base)),
            cash=self._by_currency(CASH),
            rates=self._by_currency(_RATE),
        )

    def _by_currency(self, key: str) -> dict[str, Decimal]:
        return {currency: value for (name, currency), value in self._lines.items() if name == key}
