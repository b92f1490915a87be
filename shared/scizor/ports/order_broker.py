"""The broker as trading needs it: orders go out, reports come in, and its books can be asked for.

Commands are handed to the connection, not answered: what becomes of them is reported. One that raises was surely not
sent; one that does not raise may still be lost on the way, which only the broker's books tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from scizor.domain.broker import BrokerContract
from scizor.domain.trading.orders import OrderRequest, Terms
from scizor.domain.trading.reports import Report, Snapshot
from scizor.ports.broker import BrokerConnection, ContractDirectory


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order as it is sent. `number`: of the connection, chosen by us, above any before and never used again.

    `parent_number`: of the entry that it is an exit of, 0 for none. `more_follow`: the broker does nothing with it
    until the last one of its family is there.
    """

    request: OrderRequest
    terms: Terms
    contract: BrokerContract
    number: int
    parent_number: int = 0
    more_follow: bool = False


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """What the broker says an account is worth, in its base currency; None where it has not said.

    `cash`: by currency. `rates`: what one unit of a currency is in the base currency.
    """

    account: str
    base_currency: str
    time: datetime
    equity: Decimal | None = None
    available_funds: Decimal | None = None
    buying_power: Decimal | None = None
    maintenance_margin: Decimal | None = None
    cash: Mapping[str, Decimal] = field(default_factory=dict)
    rates: Mapping[str, Decimal] = field(default_factory=dict)


class OrderListener(Protocol):
    """Who is told. Called in the event loop, in the order in which things came; must not block and must not raise."""

    def opened(self, accounts: Sequence[str], lowest_number: int) -> None:
        """Orders may be sent: in a new session, or in the old one after its link or its data were lost.

        `lowest_number`: below which the broker takes none. Whatever was reported before may have gaps.
        """
        ...

    def interrupted(self, reason: str) -> None:
        """Nothing can be sent, and what was sent last may not have arrived."""
        ...

    def reported(self, report: Report) -> None:
        """Something about an order or an execution of any account; Named by our id wherever that is known."""
        ...

    def account_told(self, account: BrokerAccount) -> None:
        """An account's figures changed."""
        ...


class OrderBroker(Protocol):
    """Orders of all accounts of one connection. Methods that wait have deadlines of their own."""

    @property
    def connection(self) -> BrokerConnection:
        """The one connection."""
        ...

    @property
    def contracts(self) -> ContractDirectory:
        """The contracts it knows."""
        ...

    def listen(self, listener: OrderListener) -> None:
        """Tell it from now on. One listener, set before the connection starts."""
        ...

    def know(self, numbers: Mapping[int, str]) -> None:
        """Whose the numbers are that were sent by an earlier process: order ids by number."""
        ...

    def place(self, ticket: Ticket) -> None:
        """Send an order, or with a number that was sent before, other terms of it. Raises SourceFailure: not sent."""
        ...

    def cancel(self, number: int) -> None:
        """Ask for its end. Raises SourceFailure: not sent."""
        ...

    async def snapshot(self, account: str) -> Snapshot:
        """The books of one account: asked anew, complete or not at all. Raises SourceFailure."""
        ...

    async def account(self, account: str) -> BrokerAccount:
        """Its figures, asked anew; from then on `account_told` follows them. Raises SourceFailure."""
        ...
