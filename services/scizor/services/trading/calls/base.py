"""What all calls share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from google.protobuf.message import Message

from scizor.codec.trading.spelling import renamed
from scizor.ports.storage import UnitOfWork
from scizor.services.callers import Context, caller_of, source_of
from scizor.services.idempotent import once
from scizor.services.trading.calls.keyed import Keyed
from scizor.services.trading.calls.streams import Streams
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.desks import Desk
from scizor.services.trading.queries import Queries
from scizor.services.trading.use_cases import UseCases

_Answer = TypeVar("_Answer", bound=Message)


class Calls:
    """Decode, call, encode: one method a call. The rules of every request were checked before."""

    def __init__(self, use_cases: UseCases) -> None:
        self._do = use_cases
        self._storage = use_cases.storage
        self._queries = Queries(use_cases.storage)
        self._keyed = Keyed(use_cases.answers)
        self._streams = Streams(use_cases.clock)

    def drain(self) -> None:
        """End the streams, which would go on for as long as their readers like."""
        self._streams.stop()

    def _desk(self, account: str, field: str = "account") -> Desk:
        """Of the account, or of the only one. `field`: as the caller spells it."""
        with renamed(field):
            return self._do.desks.desk(account)

    def _accounts(self, account: str) -> Sequence[str]:
        """The account, or where none is named all of the connection; one without a name while none is known."""
        return [account] if account else self._do.desks.accounts() or [""]

    async def _once(
        self, request: Message, answer_type: type[_Answer], act: Callable[[UnitOfWork], Awaitable[_Answer]]
    ) -> _Answer:
        async with self._storage.begin() as work:
            return await once(work, request, answer_type, lambda: act(work))


def actor_of(context: Context) -> Actor:
    """Who asks, and from where. Raises InvalidInput for a name that is none."""
    return Actor(caller_of(context), source_of(context))
