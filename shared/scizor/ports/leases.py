"""Who may act: of several processes that could, one does, and the others stand by."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act under a name. `epoch` is above any holder's before: what is written under it can be fenced.

    `lost` is set, with the reason, when it is or may be another's.
    """

    name: str
    epoch: int
    lost: asyncio.Future[str]


class Leases(Protocol):
    """Names that one process at a time may hold. A holder that dies has let go at once."""

    def hold(self, name: str, holder: str) -> AbstractAsyncContextManager[Lease]:
        """Wait until the name is ours, and let go when the block ends. Raises Unavailable where the database is away.

        `holder`: what is written down for people to read. Waiting has no end but cancellation.
        """
        ...

    async def holder(self, name: str) -> str:
        """Who has written itself down last; empty where nobody has. Raises Unavailable."""
        ...


def account_lease(account: str) -> str:
    """The name under which an account's journal is written."""
    return f"account:{account}"
