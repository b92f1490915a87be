"""What happens to replies when their reader is slow, or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from scizor.services.ibsim.hooks import Faults
from scizor.services.ibsim.outbox import MAX_WAITING, Outbox
from scizor.services.ibsim.wire.framing import pack


class Writer:
    """Takes what is written; `gone` makes it fail as a closed socket does."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.gone = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.written.append(data)

    async def drain(self) -> None:
        if self.gone.is_set():
            raise ConnectionResetError


class Waiting(Faults):
    """Lets nothing pass until it is told to."""

    def __init__(self) -> None:
        self.free = asyncio.Event()

    async def on_reply(self, client_id: int, message_id: int, payload: bytes) -> Sequence[bytes]:
        await self.free.wait()
        return (payload,)


class Stage:
    def __init__(self) -> None:
        self.writer, self.faults, self.hung_up = Writer(), Waiting(), 0
        self.outbox = Outbox(self.writer, self.faults, self.hang_up)  # type: ignore[arg-type]  # all it uses of one

    def hang_up(self) -> None:
        self.hung_up += 1

    async def fill(self) -> asyncio.Task[None]:
        """A writer that is stuck, with no room behind it."""
        writing = asyncio.create_task(self.outbox.write_all(lambda: 1))
        self.outbox.push(b"49\0")
        await asyncio.sleep(0)
        for _ in range(MAX_WAITING):
            self.outbox.push(b"49\0")
        return writing


async def test_all_that_waits_is_written_before_the_end() -> None:
    stage = Stage()
    stage.faults.free.set()
    await stage.outbox.send(b"49\0")
    stage.outbox.push(b"9\0")
    stage.outbox.finish()
    async with asyncio.timeout(5):
        await stage.outbox.write_all(lambda: 1)
    assert b"".join(stage.writer.written) == pack(b"49\0") + pack(b"9\0")


async def test_without_room_ticks_are_dropped_and_news_ends_the_connection() -> None:
    stage = Stage()
    writing = await stage.fill()
    stage.outbox.offer(b"1\0")
    assert stage.hung_up == 0
    stage.outbox.push(b"3\0")
    assert stage.hung_up == 1
    stage.outbox.finish()
    assert stage.hung_up == 2
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def test_who_waits_for_room_is_told_when_the_client_is_gone() -> None:
    stage = Stage()
    writing = await stage.fill()
    answers = [asyncio.create_task(stage.outbox.send(b"17\0")) for _ in range(3)]
    await asyncio.sleep(0)
    stage.writer.gone.set()
    stage.faults.free.set()
    async with asyncio.timeout(5):
        for ended in (writing, *answers):
            with pytest.raises(ConnectionResetError):
                await ended
        with pytest.raises(ConnectionResetError):
            await stage.outbox.send(b"17\0")
