"""Whoever is told the answers of one request: a subscription until it is closed, or a caller that waits for a reply."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from scizor.adapters.ib.messages import Message
from scizor.domain.broker import SourceFailure

T = TypeVar("T")


class Receiver:
    """Whoever is told the answers of one request. `over_with_error`: an error ends it at the gateway too, surely."""

    over_with_error = False

    def told(self, message: Message) -> None:
        """One message."""

    def settled(self) -> None:
        """What came in together has been told."""

    def failed(self, reason: SourceFailure) -> None:
        """The request is over."""


class Reply(Receiver, Generic[T]):
    """A receiver somebody waits for."""

    over_with_error = True

    def __init__(self) -> None:
        self.result: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def succeed(self, value: T) -> None:
        """It is what was waited for."""
        if not self.result.done():
            self.result.set_result(value)

    def failed(self, reason: SourceFailure) -> None:
        """Whoever waits is told."""
        if not self.result.done():
            self.result.set_exception(reason)
