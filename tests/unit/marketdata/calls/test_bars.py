"""A stream of bars as messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scizor.domain.errors import InvalidInput
from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.services.marketdata.calls.bars import BarCalls
from scizor.services.marketdata.use_cases import UseCases
from scizor.type.v1 import bars_pb2
from tests.unit.marketdata.stage import StandingClock

CONTEXT: Any = None


class SlowStreams:
    """Bars that take long to come, and are none."""

    def __init__(self) -> None:
        self.come = asyncio.Event()

    async def stream(self, *_: object) -> AsyncGenerator[object, None]:
        await self.come.wait()
        nothing: tuple[object, ...] = ()
        for chunk in nothing:
            yield chunk


def calls_over(streams: SlowStreams) -> BarCalls:
    stand_ins = SimpleNamespace(storage=None, bar_streams=streams, clock=StandingClock(), heartbeat_s=0.01)
    return BarCalls(cast("UseCases", stand_ins))


async def test_bars_that_take_long_to_read_leave_no_stream_silent() -> None:
    streams, told = SlowStreams(), []
    async for message in calls_over(streams).StreamBars(pb.StreamBarsRequest(symbol="AAPL"), CONTEXT):
        told.append(message)
        if len(told) == 2:
            streams.come.set()
    kinds = [message.WhichOneof("event") for message in told]
    assert kinds[:2] == ["heartbeat", "heartbeat"]
    assert kinds[-1] == "end"
    assert told[-1].end.message_count == 0
    assert [message.sequence for message in told] == list(range(1, len(told) + 1))


def test_bars_shorter_than_a_day_are_not_streamed() -> None:
    request = pb.StreamBarsRequest(symbol="AAPL", interval=bars_pb2.BAR_INTERVAL_1H)
    with pytest.raises(InvalidInput, match="interval: must be one day"):
        calls_over(SlowStreams()).StreamBars(request, CONTEXT)
