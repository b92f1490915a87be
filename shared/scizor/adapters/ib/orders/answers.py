"""Answers to the questions that books are made of, until each is complete."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal

from scizor.adapters.ib.messages import End, Message
from scizor.adapters.ib.orders.messages import (
    AccountLine,
    Ended,
    Key,
    OrderMessage,
    ToldCommission,
    ToldExecution,
    ToldOrder,
    ToldPosition,
    ToldStatus,
)
from scizor.adapters.ib.orders.terms import amount
from scizor.adapters.ib.receivers import Reply
from scizor.domain.broker import FailureCategory, SourceFailure

BASE = "BASE"
"""What the broker calls the sum over all currencies; it is none."""
CASH = "CashBalance"
_UNDER_WAY: Mapping[Ended, Callable[[OrderMessage], bool]] = {
    Ended.OPEN_ORDERS: lambda one: isinstance(one, ToldStatus) or (isinstance(one, ToldOrder) and one.key is not None),
    Ended.COMPLETED_ORDERS: lambda one: isinstance(one, ToldOrder) and one.key is None,
    Ended.POSITIONS: lambda one: isinstance(one, ToldPosition),
}


class Told(Reply[None]):
    """An answer without a number: all messages of its kind until its end."""

    def __init__(self, ends: Ended, most: int) -> None:
        super().__init__()
        self._ends, self._most, self._count = ends, most, 0
        self.orders: list[ToldOrder] = []
        self.statuses: dict[Key, ToldStatus] = {}
        self.positions: list[ToldPosition] = []

    def takes(self, message: OrderMessage) -> bool:
        """Whether it is part of the answer."""
        if message is self._ends:
            self.succeed(None)
            return True
        if self.result.done() or not _UNDER_WAY[self._ends](message):
            return False
        self._count += 1
        if self._count > self._most:
            self.failed(SourceFailure(FailureCategory.SOURCE_FAULT, "an answer does not end"))
        match message:
            case ToldOrder():
                self.orders.append(message)
            case ToldStatus():
                self.statuses[message.key] = message
            case ToldPosition():
                self.positions.append(message)
            case _:
                pass
        return True


class ToldTrades(Reply[None]):
    """Executions, and what they cost, which may come after the end of the answer."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.executions: dict[str, ToldExecution] = {}
        self.commissions: dict[str, ToldCommission] = {}
        self._charged = asyncio.Event()

    def told(self, message: Message) -> None:
        """An execution, or the end of them."""
        if isinstance(message, ToldExecution):
            self.executions[message.exec_id] = message
            if len(self.executions) > self._most:
                self.failed(SourceFailure(FailureCategory.SOURCE_FAULT, "an answer does not end"))
        elif isinstance(message, End):
            self.succeed(None)

    def takes(self, message: OrderMessage) -> bool:
        """Whether it is what one of these executions cost."""
        if not isinstance(message, ToldCommission):
            return False
        self.commissions[message.exec_id] = message  # it may come before its execution
        self._charged.set()
        return message.exec_id in self.executions

    async def wait_charged(self, wait_s: float) -> None:
        """Until all have their commission, or the time is over."""
        try:
            async with asyncio.timeout(wait_s):
                while self.executions.keys() - self.commissions.keys():
                    self._charged.clear()
                    await self._charged.wait()
        except TimeoutError:
            return


class ToldCash(Reply[Mapping[str, Decimal]]):
    """An account's cash by currency."""

    def __init__(self, account: str) -> None:
        super().__init__()
        self._account = account
        self._cash: dict[str, Decimal] = {}

    def told(self, message: Message) -> None:
        """A line of it, or its end."""
        if isinstance(message, End):
            self.succeed(self._cash)
        elif isinstance(message, AccountLine) and self._counts(message):
            self._cash[message.currency] = amount(message.value)

    def _counts(self, line: AccountLine) -> bool:
        return (line.account, line.key) == (self._account, CASH) and line.currency != BASE
