"""What an import's stream may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from scizor.domain.errors import InvalidInput
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.rpc.errors import DeadlineExceeded
from scizor.services.marketdata.calls import requests
from scizor.services.marketdata.imports.intake import FileFormat, ImportOrder

HEADER = pb.ImportBarsRequest(header=pb.ImportBarsHeader(source="test", format=pb.FILE_FORMAT_CSV))
ORDER = ImportOrder("", "test", FileFormat.CSV)


async def sent(*messages: pb.ImportBarsRequest, silent_after: bool = False) -> AsyncIterator[pb.ImportBarsRequest]:
    for message in messages:
        yield message
    if silent_after:
        await asyncio.Event().wait()


async def test_the_header_comes_first_and_then_the_pieces() -> None:
    stream = sent(HEADER, pb.ImportBarsRequest(data=b"a"), pb.ImportBarsRequest(data=b"b"))
    assert await requests.opened(stream) == ORDER
    assert [piece async for piece in requests.pieces_of(ORDER, stream)] == [b"a", b"b"]


@pytest.mark.parametrize("messages", [(), (pb.ImportBarsRequest(data=b"a"),)])
async def test_a_stream_without_a_header_is_refused(messages: tuple[pb.ImportBarsRequest, ...]) -> None:
    with pytest.raises(InvalidInput, match="payload: must be the header in the first message"):
        await requests.opened(sent(*messages))


async def test_a_client_that_falls_silent_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "LONGEST_SILENCE_S", 0.01)
    with pytest.raises(DeadlineExceeded, match="no message came"):
        await requests.opened(sent(silent_after=True))
    with pytest.raises(DeadlineExceeded, match="no message came"):
        [piece async for piece in requests.pieces_of(ORDER, sent(silent_after=True))]
