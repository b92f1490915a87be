"""What a connection still has to write: a bounded queue, and the one task that empties it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from scizor.services.ibsim.hooks import Faults
from scizor.services.ibsim.wire.framing import message_id, pack

_FRAMES_AT_ONCE = 16
MAX_WAITING = 4096
"""Messages; a client that leaves more unread loses ticks first, and then the connection."""


class Outbox:
    """Replies wait here in order. When it is full ticks are dropped, answers wait, and news ends the connection."""

    def __init__(self, writer: asyncio.StreamWriter, faults: Faults, hang_up: Callable[[], None]) -> None:
        self._writer = writer
        self._faults = faults
        self._hang_up = hang_up
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING)
        self._is_over = False

    async def send(self, payload: bytes) -> None:
        """An answer; waits for room. Raises ConnectionResetError when nothing is written any more."""
        if not self._is_over:
            await self._queue.put(payload)
        if self._is_over:
            raise ConnectionResetError("nobody reads this any more")

    def offer(self, payload: bytes) -> None:
        """A tick; dropped when there is no room, the next one says more."""
        if not self._queue.full():
            self._queue.put_nowait(payload)

    def push(self, payload: bytes) -> None:
        """News of an order or the connection; a client that has no room for it is hung up on and must ask again."""
        self._put(payload)

    def finish(self) -> None:
        """Nothing more comes: `write_all` ends when it has written what is there."""
        self._put(None)

    async def write_all(self, client_id: Callable[[], int]) -> None:
        """Write what waits, until there is nothing more to come. Raises ConnectionError when the client is gone."""
        try:
            while (payload := await self._queue.get()) is not None:
                frames = await self._frames(client_id(), payload)
                # What belongs together, such as bid and ask, arrives together.
                while not self._queue.empty() and len(frames) < _FRAMES_AT_ONCE:
                    more = self._queue.get_nowait()
                    if more is None:
                        self._writer.write(b"".join(frames))
                        return
                    frames += await self._frames(client_id(), more)
                self._writer.write(b"".join(frames))
                await self._writer.drain()
        finally:
            self._is_over = True
            while not self._queue.empty():  # whoever waits for room must not wait for ever
                self._queue.get_nowait()

    async def _frames(self, client_id: int, payload: bytes) -> list[bytes]:
        return [pack(frame) for frame in await self._faults.on_reply(client_id, message_id(payload), payload)]

    def _put(self, payload: bytes | None) -> None:
        try:
            self._queue.put_nowait(payload)
        except asyncio.QueueFull:
            self._hang_up()
