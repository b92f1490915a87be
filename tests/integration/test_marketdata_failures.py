"""Imports and streams that go wrong: a typed error, nothing half-written, and a service that lives on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import grpc
import pytest

from scizor.adapters.sql.storage import SqlStorage
from scizor.codec.bars import to_columns
from scizor.domain.bars import BarSeries
from scizor.domain.errors import Reason, Unavailable
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1 import quality_pb2
from scizor.rpc.errors import to_status
from scizor.services.marketdata.calls import bars as bar_calls
from tests.integration.marketdata_server import (
    HEAD,
    SESSIONS,
    Code,
    create,
    csv_of,
    drained,
    header,
    import_csv,
    metadata_of,
    refused,
    unharmed,
)

if TYPE_CHECKING:
    from tests.integration.marketdata_server import Stub


@pytest.fixture
async def stub(sql_storage: SqlStorage) -> AsyncIterator[Stub]:
    async with unharmed(sql_storage) as made:
        yield made


@pytest.mark.parametrize(
    ("content", "said"), [(b"\x00\x01 no file", "date"), (b"", "empty"), (b"date,open,high,low,volume\n", "close")]
)
async def test_a_file_that_cannot_be_read_is_refused(stub: Stub, content: bytes, said: str) -> None:
    error = await refused(import_csv(stub, content), Code.INVALID_ARGUMENT, "FILE_UNREADABLE")
    assert said in metadata_of(error)["detail"]
    assert metadata_of(error)["format"] == "CSV"


async def test_a_file_with_half_its_rows_bad_is_refused_and_recorded(stub: Stub) -> None:
    await create(stub, "IBM", "NYSE")
    content = csv_of(SESSIONS[:3]) + csv_of(SESSIONS[3:], "10,9,11,10,100")[len(HEAD) :]
    error = await refused(import_csv(stub, content, "IBM"), Code.FAILED_PRECONDITION, "IMPORT_REFUSED")
    told = metadata_of(error)
    assert (told["rejected"], told["rows"], told["max_rejected_fraction"]) == ("3", "6", "0.2")
    found = await stub.GetDataQuality(pb.GetDataQualityRequest(import_id=told["import_id"]))
    assert found.imports[0].verdict == quality_pb2.IMPORT_VERDICT_REFUSED
    assert [row.rule for row in found.rows] == [quality_pb2.QUALITY_RULE_HIGH_BELOW_LOW] * 3
    assert len((await stub.GetBars(pb.GetBarsRequest(symbol="IBM"))).bars.session_date) == 0


@pytest.mark.parametrize("content", ["x" * (1 << 20), csv_of(SESSIONS * 200), csv_of(SESSIONS * 20, "x,1,1,1,1")])
async def test_an_import_beyond_a_bound_is_refused(stub: Stub, content: str) -> None:
    error = await refused(import_csv(stub, HEAD + content), Code.RESOURCE_EXHAUSTED, "IMPORT_TOO_LARGE")
    assert metadata_of(error)["limit"] in {str(1 << 20), "1000", "100"}


async def test_a_cancelled_import_leaves_nothing(stub: Stub) -> None:
    await create(stub, "IBM", "NYSE")
    half_sent = asyncio.Event()

    async def messages() -> AsyncIterator[pb.ImportBarsRequest]:
        yield header("IBM")
        yield pb.ImportBarsRequest(data=csv_of(SESSIONS).encode())
        half_sent.set()
        await asyncio.Event().wait()

    call = stub.ImportBars(messages())
    waiting = asyncio.ensure_future(call)
    await half_sent.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len((await stub.GetBars(pb.GetBarsRequest(symbol="IBM"))).bars.session_date) == 0
    assert len((await stub.GetDataQuality(pb.GetDataQualityRequest(symbol="IBM"))).imports) == 0


async def unfinished() -> AsyncIterator[pb.ImportBarsRequest]:
    """An import whose content never comes."""
    yield header()
    await asyncio.Event().wait()


async def test_a_stream_may_be_left_at_any_message(stub: Stub) -> None:
    for _ in range(20):
        call = stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL", chunk_bars=1))
        async for message in call:
            assert message.sequence == 1
            break
        call.cancel()
    # Each left its connection behind: with one more than there are, this would wait for ever.
    await asyncio.wait_for(drained(stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL"))), 10)


@pytest.mark.parametrize(
    "call",
    [
        lambda stub: stub.GetBars(pb.GetBarsRequest(symbol="AAPL"), timeout=0.001),
        lambda stub: drained(stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL"), timeout=0.001)),
        lambda stub: stub.ImportBars(unfinished(), timeout=0.05),  # grpc cancels what ends while it writes
        lambda stub: drained(stub.PopulateSymbols(pb.PopulateSymbolsRequest(), timeout=0.001)),
    ],
)
async def test_a_deadline_too_short_harms_nobody(stub: Stub, call: Callable[[Stub], Awaitable[object]]) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await call(stub)
    assert refusal.value.code() is Code.DEADLINE_EXCEEDED
    deadline = time.monotonic() + 10
    while (await stub.ListSymbols(pb.ListSymbolsRequest())).total_size not in {1, 358 - 1}:
        assert time.monotonic() < deadline


async def test_a_failure_behind_the_first_message_is_told_in_band_too(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Unavailable("the database is not available", Reason.STORAGE_UNAVAILABLE)
    encoded: list[BarSeries] = []

    def failing(series: BarSeries) -> object:
        encoded.append(series)
        if len(encoded) > 2:
            raise away
        return to_columns(series)

    messages: list[pb.StreamBarsResponse] = []

    async def read() -> None:
        async for message in stub.StreamBars(pb.StreamBarsRequest(symbol="AAPL", chunk_bars=1)):
            messages.append(message)  # noqa: PERF401 - what came before the failure must be kept

    with monkeypatch.context() as patched:
        patched.setattr(bar_calls, "to_columns", failing)
        await refused(read(), Code.UNAVAILABLE, "STORAGE_UNAVAILABLE")
    assert [message.WhichOneof("event") for message in messages] == ["bars", "bars", "status"]
    assert messages[-1].status == to_status(away)
