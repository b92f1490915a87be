"""A child's records as they come, in pieces of any size."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import uvloop

from scizor.adapters.sandbox import wire
from scizor.adapters.sandbox.documents import Broken
from scizor.adapters.sandbox.reading import Flood, Printed, Records


def record(kind: bytes, content: bytes = b"") -> bytes:
    return wire.HEAD.pack(kind, len(content)) + content


READY = record(wire.READY)
ALL = READY + record(wire.MESSAGE, b'{"at": 1}') + record(wire.MESSAGE, b'{"at": 2}') + record(wire.ANSWER, b"x" * 1000)


class Ear:
    """Records with what they told."""

    def __init__(self, answer_bytes: int = 1000) -> None:
        self.said: list[Mapping[str, Any]] = []
        self.trouble: list[Exception] = []
        self.records = Records(answer_bytes, self.said.append, self.trouble.append)

    def hear(self, content: bytes, piece_bytes: int = 1 << 20) -> Ear:
        for start in range(0, len(content), piece_bytes):
            self.records.data_received(content[start : start + piece_bytes])
        return self


@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 9, 10, 100, 10_000])
async def test_pieces_of_any_size_are_put_together(piece_bytes: int) -> None:
    ear = Ear().hear(ALL, piece_bytes)
    assert ear.said == [{"at": 1}, {"at": 2}]
    assert ear.records.answer == bytearray(b"x" * 1000)
    assert ear.records.ready
    assert ear.trouble == []


async def test_an_error_takes_the_answer_s_place() -> None:
    ear = Ear().hear(READY + record(wire.ERROR, b'{"message": "no"}'))
    assert ear.records.error == {"message": "no"}
    assert ear.records.answer is None


async def test_before_the_locks_are_closed_there_is_no_word_but_of_our_fault() -> None:
    assert Ear().hear(record(wire.FAULT, b"why")).records.fault == "why"
    for kind in (wire.MESSAGE, wire.ANSWER, wire.ERROR):
        assert isinstance(Ear().hear(record(kind, b"{}")).trouble[0], Broken)


@pytest.mark.parametrize(
    "content",
    [
        record(b"?"),
        record(wire.READY),
        record(wire.FAULT),
        wire.HEAD.pack(wire.ANSWER, 1001),
        wire.HEAD.pack(wire.MESSAGE, wire.MAX_TEXT_BYTES + 1),
        wire.HEAD.pack(wire.ERROR, 1 << 63),
        record(wire.MESSAGE, b"[]"),
        record(wire.ERROR, b"{"),
        record(wire.ANSWER) + record(wire.ANSWER),
        record(wire.ANSWER) + record(wire.ERROR, b"{}"),
        record(wire.MESSAGE, b"{}") * 20_000,
    ],
)
async def test_what_cannot_be_is_told_once_and_then_nothing_is_listened_to(content: bytes) -> None:
    ear = Ear().hear(READY + content)
    said = len(ear.said)
    ear.hear(record(wire.MESSAGE, b"{}") * 3)
    assert [type(one) for one in ear.trouble] == [Broken]
    assert len(ear.said) == said


async def test_what_the_listener_raises_is_trouble_as_it_is() -> None:
    error, trouble = KeyError("lost"), list[Exception]()

    def refuse(_: object) -> None:
        raise error

    Records(10, refuse, trouble.append).data_received(READY + record(wire.MESSAGE, b"{}"))
    assert trouble == [error]


async def test_the_beginning_of_what_is_printed_is_kept_and_a_flood_is_trouble() -> None:
    trouble: list[Exception] = []
    printed = Printed(trouble.append)
    printed.data_received(b"first\n")
    for _ in range(1000):
        printed.data_received(b"x" * 65_536)
    assert printed.text.startswith("first\nxxx")
    assert len(printed.text) < 2 * wire.MAX_PRINTED_BYTES
    assert [type(one) for one in trouble] == [Flood]


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_pipe_closes_its_descriptor_once_as_its_number_may_be_anothers_at_once(
    monkeypatch: pytest.MonkeyPatch, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    close = os.close
    another = os.memfd_create("another")

    def close_and_lose(fd: int) -> None:
        close(fd)
        os.dup2(another, fd)

    async def hear_to_the_end() -> int:
        printed, (reading, writing) = Printed(lambda _: None), os.pipe()
        printed.listen(reading)
        os.write(writing, b"last words")
        close(writing)
        monkeypatch.setattr(os, "close", close_and_lose)
        async with asyncio.timeout(5):
            await printed.closed.wait()
        printed.close()
        monkeypatch.undo()
        assert printed.text == "last words"
        return reading

    loop = new_loop()
    try:
        reading = loop.run_until_complete(hear_to_the_end())
    finally:
        loop.close()
    assert os.path.sameopenfile(reading, another)
    close(reading)
    close(another)


async def test_a_message_of_many_values_is_refused_unread() -> None:
    ear = Ear().hear(READY + record(wire.MESSAGE, b'{"a": [' + b"0," * 1024 + b"0]}"))
    assert ear.said == []
    assert [str(one) for one in ear.trouble] == ["more than 1,024 values"]
