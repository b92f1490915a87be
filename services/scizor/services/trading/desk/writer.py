"""What is to be journalled, in order, as many at a time as are waiting: whoever waits for the disk waits together.

Nothing is acted on before it is stored: what is to follow (an order that leaves, an answer, news to watchers) is handed
in with it and is done, in the same order, once it is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from scizor.domain.errors import LimitExceeded, Reason, ScizorError, Unavailable
from scizor.ports.journal import AuditLine, Batch, Entry, Journal, KeyedAnswer, Posting

_MOST_WAITING = 20_000
_MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Record:
    """What is stored whole or not at all."""

    entries: Sequence[Entry] = ()
    postings: Sequence[Posting] = ()
    answers: Sequence[KeyedAnswer] = ()
    audit: Sequence[AuditLine] = ()


@dataclass(slots=True)
class _Waiting:
    record: Record
    then: Callable[[], None] | None
    stored: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """The one who writes an account's journal under a lease. `run` ends with the error of the first write that failed:

    from then on nobody knows what is stored, and the account is to be loaded anew.
    """

    def __init__(
        self, journal: Journal, account: str, epoch: int, published: Callable[[Sequence[Entry]], None]
    ) -> None:
        self._journal, self._account, self._epoch, self._published = journal, account, epoch, published
        self._waiting: deque[_Waiting] = deque()
        self._last: asyncio.Future[None] | None = None
        self._entries = 0
        self._filled = asyncio.Event()
        self._broken: Unavailable | None = None

    @property
    def broken(self) -> bool:
        """Whether a write has failed."""
        return self._broken is not None

    def check_room(self) -> None:
        """Raises LimitExceeded(QUEUE_FULL) where a command would wait too long, Unavailable once a write has failed."""
        if self._broken:
            raise self._broken
        if self._entries >= _MOST_WAITING // 2:  # the other half is for what the broker tells
            raise LimitExceeded("too much waits to be journalled", Reason.QUEUE_FULL)

    def put(self, record: Record, then: Callable[[], None] | None = None) -> asyncio.Future[None]:
        """Store it after all that was put before; `then` is called once it is stored. The future tells either way."""
        waiting = _Waiting(record, then)
        waiting.stored.add_done_callback(_seen)
        if self._broken is None and self._entries >= _MOST_WAITING:
            self._break(Unavailable("the journal does not keep up", Reason.STORAGE_UNAVAILABLE))
        if self._broken is not None:
            waiting.stored.set_exception(self._broken)
            return waiting.stored
        self._waiting.append(waiting)
        self._last = waiting.stored
        self._entries += max(1, len(record.entries))
        self._filled.set()
        return waiting.stored

    async def caught_up(self) -> None:
        """Until all that was put before is stored, and what was to follow it is done. Raises Unavailable."""
        if self._broken:
            raise self._broken
        if self._last is not None and not self._last.done():
            await asyncio.shield(self._last)

    async def run(self) -> None:
        """Write until a write fails; raises its error. Cancelled, it fails whoever waits."""
        try:
            while True:
                await self._filled.wait()
                if self._broken:
                    raise self._broken
                await self._write(self._next())
        except ScizorError as error:
            self._break(self._reloading(error))
            raise
        finally:
            self._break(self._reloading())

    async def _write(self, taken: list[_Waiting]) -> None:
        records = [one.record for one in taken]
        entries = [entry for record in records for entry in record.entries]
        why: ScizorError | None = None
        try:
            await self._journal.append(
                Batch(
                    self._account,
                    self._epoch,
                    entries,
                    [posting for record in records for posting in record.postings],
                    [answer for record in records for answer in record.answers],
                    [line for record in records for line in record.audit],
                )
            )
            for one in taken:
                if one.then:
                    one.then()
                if not one.stored.done():
                    one.stored.set_result(None)
        except ScizorError as error:
            why = error
            raise
        finally:
            # Whatever was wrong with one of them, of the others can be said only that they are to be tried again.
            _fail(taken, self._reloading(why))
        if entries:
            self._published(entries)

    def _next(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        size = 0
        while self._waiting and (not taken or size < _MOST_AT_ONCE):
            one = self._waiting.popleft()
            taken.append(one)
            size += max(1, len(one.record.entries))
        self._entries -= size
        if not self._waiting:
            self._filled.clear()
        return taken

    def _break(self, error: Unavailable) -> None:
        self._broken = self._broken or error
        _fail(self._waiting, self._broken)
        self._waiting.clear()
        self._entries = 0
        self._filled.set()

    def _reloading(self, error: ScizorError | None = None) -> Unavailable:
        if isinstance(error, Unavailable):
            return error
        told = f": {error.message}" if error else ""
        return Unavailable(f"account {self._account} is being loaded anew{told}", Reason.TRADING_NOT_READY)


async def settled(stored: asyncio.Future[None]) -> None:
    """Wait until it is known whether it is stored, even when the caller has gone: whoever asks again must find it."""
    try:
        await asyncio.shield(stored)
    except asyncio.CancelledError:
        await asyncio.wait([stored])
        raise


def _fail(waiting: Iterable[_Waiting], error: ScizorError) -> None:
    for one in waiting:
        if not one.stored.done():
            one.stored.set_exception(error)


def _seen(stored: asyncio.Future[None]) -> None:
    """Not everyone waits: a failure that nobody awaits is told by `run`."""
    if not stored.cancelled():
        stored.exception()
