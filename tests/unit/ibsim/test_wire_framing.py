"""Frames and the choice of a version."""

from __future__ import annotations

import asyncio

import pytest

from scizor.services.ibsim.wire.framing import (
    BadFrame,
    message_id,
    negotiate,
    pack,
    read_frame,
    read_greeting,
)


def reader_of(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


@pytest.mark.parametrize(
    ("offer", "version"),
    [
        ("v157..178", 178),
        ("v100..226", 178),
        ("v100..157", 157),
        ("v157..178 +PACEAPI", 178),
        ("v100..163", 163),
        ("v170", 170),
    ],
)
def test_the_version_is_the_highest_that_both_sides_speak(offer: str, version: int) -> None:
    assert negotiate(offer) == version


@pytest.mark.parametrize("offer", ["v100..156", "v179..226", "hello", "", "v..", "v1x..178"])
def test_a_client_that_speaks_another_version_is_refused(offer: str) -> None:
    with pytest.raises(BadFrame) as refused:
        negotiate(offer)
    assert refused.value.code == 503


async def test_a_greeting_is_read_whatever_pieces_it_comes_in() -> None:
    reader = asyncio.StreamReader()
    reading = asyncio.create_task(read_greeting(reader))
    for byte in b"API\0" + pack(b"v157..178"):
        reader.feed_data(bytes([byte]))
        await asyncio.sleep(0)
    assert await reading == 178


async def test_fields_come_back_as_they_were_framed() -> None:
    assert await read_frame(reader_of(pack(b"71\0002\0007\0\0"))) == ["71", "2", "7", ""]


@pytest.mark.parametrize("data", [b"\0\0\0\0", b"\xff\xff\xff\xff", pack(b"49")])
async def test_a_bad_length_is_answered_with_507(data: bytes) -> None:
    with pytest.raises(BadFrame) as refused:
        await read_frame(reader_of(data))
    assert refused.value.code == 507


async def test_a_frame_cut_short_is_the_end() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await read_frame(reader_of(b"\0\0\0\x09"))


def test_a_payload_is_known_by_its_first_field() -> None:
    assert message_id(b"17\x005\0") == 17
    assert message_id(b"x\x005\0") == 0
