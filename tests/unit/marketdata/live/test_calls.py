"""The calls by themselves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from scizor.domain.errors import Reason, Unavailable
from scizor.marketdata.v1 import live_pb2 as pb
from scizor.services.marketdata.calls.live import LiveCalls
from scizor.services.marketdata.use_cases import UseCases


async def test_without_a_broker_there_are_no_live_prices() -> None:
    calls = LiveCalls(cast("UseCases", SimpleNamespace(storage=None, live=None)))
    context: Any = None
    for stream in (
        calls.StreamQuotes(pb.StreamQuotesRequest(symbols=["AAPL"]), context),
        calls.StreamLiveBars(pb.StreamLiveBarsRequest(symbols=["AAPL"]), context),
    ):
        with pytest.raises(Unavailable) as caught:
            await anext(stream)
        assert caught.value.reason is Reason.BROKER_UNAVAILABLE
