"""What the calls need of the desks: accounts, their books, and all that changes them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from scizor.domain.trading.differences import Difference
from scizor.domain.trading.orders import Terms
from scizor.domain.trading.states import Order
from scizor.ports.journal import Entry
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.drafts import Actor, Answering, Checked, Draft


class Answers(Protocol):
    """What the journal keeps of requests with an id."""

    async def answer(self, method: str, request_id: str, body_hash: bytes) -> bytes | None:
        """The answer stored for a request id, if any. Raises AlreadyExists(REQUEST_ID_REUSED) for another body."""
        ...


class Reconciled(Protocol):
    """What a comparison with the broker's books came to."""

    @property
    def time(self) -> datetime:
        """When."""
        ...

    @property
    def left(self) -> int:
        """How many differences no event settled."""
        ...

    @property
    def differences(self) -> Sequence[Difference]:
        """What differed."""
        ...

    @property
    def corrections(self) -> int:
        """How many events were written."""
        ...


class Desk(Protocol):
    """One account: its books, and all that changes them. What it answers is committed."""

    @property
    def account(self) -> str:
        """The broker's name for it."""
        ...

    @property
    def books(self) -> AccountBooks:
        """Read, never changed. Raises Unavailable(TRADING_NOT_READY) where they are not read, as on a standby."""
        ...

    @property
    def paper(self) -> bool:
        """Whether no real money moves."""
        ...

    @property
    def gate(self) -> IntEnum:
        """Whether new orders can be sent, and why not; numbers equal the contract's."""
        ...

    @property
    def reconciled(self) -> Reconciled | None:
        """The newest comparison of its books with the broker's."""
        ...

    async def place(self, draft: Draft, actor: Actor, answering: Answering | None = None) -> tuple[Order, ...]:
        """The entry, then its exits."""
        ...

    async def replace(
        self, order_id: str, terms: Terms, etag: str, actor: Actor, answering: Answering | None = None
    ) -> Order:
        """`etag`: empty, or that of the order as it stands."""
        ...

    async def cancel(self, order_id: str, actor: Actor, answering: Answering | None = None) -> Order:
        """Ask for its end."""
        ...

    async def cancel_all(
        self, strategy_id: str, symbol: str, actor: Actor, answering: Answering | None = None
    ) -> tuple[Order, ...]:
        """Of a strategy and a symbol as the caller spells it; empty texts mean all."""
        ...

    async def close(
        self,
        symbol: str,
        strategy_id: str,
        quantity: Decimal | None,
        actor: Actor,
        answering: Answering | None = None,
    ) -> Order:
        """All of it where `quantity` is None."""
        ...

    async def close_all(self, strategy_id: str, actor: Actor, answering: Answering | None = None) -> tuple[Order, ...]:
        """What is open is cancelled first."""
        ...

    async def check(self, draft: Draft) -> Checked:
        """All checks, and nothing sent."""
        ...

    def watch(self, after_sequence: int) -> AsyncGenerator[Entry | None, None]:
        """All entries above the sequence as they are committed; None where a heartbeat is due."""
        ...

    async def reconcile(self, actor: Actor) -> Reconciled:
        """Compare now."""
        ...


class Desks(Protocol):
    """The accounts of the connection."""

    def accounts(self) -> Sequence[str]:
        """Their names, sorted."""
        ...

    def desk(self, account: str) -> Desk:
        """One; the only one for an empty name.

        Raises NotFound(ACCOUNT_NOT_FOUND), InvalidInput naming the accounts where there are several,
        Unavailable(TRADING_NOT_READY) before any is known.
        """
        ...
