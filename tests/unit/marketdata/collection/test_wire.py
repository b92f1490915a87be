"""Requests as what they ask for."""

from __future__ import annotations

from datetime import date

import pytest

from scizor.codec import collections as codec
from scizor.domain.collections import ChunkState, CollectionKind, CollectionSpec, CollectionState
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.marketdata.v1 import collection_pb2 as pb
from scizor.type.v1 import bars_pb2


def test_requests_say_what_is_asked_and_leave_the_rest_open() -> None:
    assert codec.daily_spec(pb.CollectDailyRequest()) == CollectionSpec(CollectionKind.DAILY)
    bounded = pb.CollectDailyRequest(date="2024-01-31", primary_exchange="ASX")
    assert codec.daily_spec(bounded) == CollectionSpec(
        CollectionKind.DAILY, primary_exchange="ASX", end=date(2024, 1, 31)
    )
    one = pb.CollectSymbolRequest(symbol="AAPL", interval=bars_pb2.BAR_INTERVAL_5M)
    assert codec.symbol_spec(one) == CollectionSpec(CollectionKind.SYMBOL, Interval.MINUTE_5, ("AAPL",))


@pytest.mark.parametrize(
    ("request_", "symbols"),
    [
        (pb.CollectHistoryRequest(symbol="AAPL"), ("AAPL",)),
        (pb.CollectHistoryRequest(symbol="-", symbols=["AAPL", "MSFT"]), ("AAPL", "MSFT")),
        (pb.CollectHistoryRequest(symbols=["MSFT"]), ("MSFT",)),
        (pb.CollectHistoryRequest(symbol="-"), ()),
        (pb.CollectHistoryRequest(), ()),
    ],
)
def test_history_is_of_one_symbol_of_several_or_of_all(
    request_: pb.CollectHistoryRequest, symbols: tuple[str, ...]
) -> None:
    assert codec.history_spec(request_).symbols == symbols


def test_dates_must_be_dates_in_order() -> None:
    for start, end in (("2024-02-30", ""), ("2024-02-02", "2024-02-01")):
        with pytest.raises(InvalidInput):
            codec.history_spec(pb.CollectHistoryRequest(start=start, end=end))


def test_no_state_stands_for_any() -> None:
    assert codec.collection_state(pb.COLLECTION_STATE_UNSPECIFIED) is None
    assert codec.collection_state(pb.COLLECTION_STATE_PARTIAL) is CollectionState.PARTIAL
    assert codec.chunk_state(pb.CHUNK_STATE_FAILED) is ChunkState.FAILED
