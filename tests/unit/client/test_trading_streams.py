"""Where the streams of Trading go on after a lost connection."""

from __future__ import annotations

import grpc
import pytest

from scizor.client import orders, positions, risk
from scizor.client.calls import StreamReader
from scizor.client.errors import CallError, StreamBroken
from scizor.trading.v1 import order_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from scizor.type.v1.stream_pb2 import Heartbeat, StreamEnd
from tests.unit.client.scripted_trading import EVENTS, ORDER_ID, POSITION, RISK_EVENT, WORKING

GONE = CallError(grpc.StatusCode.UNAVAILABLE, "gone")


def told(sequence: int, *, event: bool) -> rpc.WatchOrdersResponse:
    update = order_pb2.OrderUpdate(order=WORKING, event=EVENTS[0] if event else None)
    return rpc.WatchOrdersResponse(sequence=sequence, update=update)


def test_orders_come_whole_with_the_number_to_go_on_from() -> None:
    reader = StreamReader(orders.watch_orders(symbol="AAPL"))
    [news] = reader.accept(told(9, event=True))
    assert (news.sequence, news.update.order.id) == (9, ORDER_ID)
    reader.pause_before_resuming_s(GONE)
    assert reader.request == rpc.WatchOrdersRequest(symbol="AAPL", after_sequence=9)


def test_a_reader_cut_off_among_the_open_orders_is_told_them_again() -> None:
    reader = StreamReader(orders.watch_orders())
    reader.accept(told(9, event=False))
    reader.pause_before_resuming_s(GONE)
    assert reader.request == rpc.WatchOrdersRequest()


def test_a_heartbeat_says_that_all_before_it_was_told() -> None:
    reader = StreamReader(orders.watch_orders())
    reader.accept(told(9, event=False))
    assert reader.accept(rpc.WatchOrdersResponse(sequence=9, heartbeat=Heartbeat())) == ()
    reader.pause_before_resuming_s(GONE)
    assert reader.request == rpc.WatchOrdersRequest(after_sequence=9)
    reader.accept(rpc.WatchOrdersResponse(sequence=0, heartbeat=Heartbeat()))
    assert reader.request == rpc.WatchOrdersRequest(after_sequence=9)


def test_a_quiet_watch_that_lives_is_not_given_up() -> None:
    reader = StreamReader(risk.watch_events())
    for _ in range(20):
        reader.pause_before_resuming_s(GONE)
        reader.accept(rpc.WatchRiskEventsResponse(sequence=3, heartbeat=Heartbeat()))
    assert reader.request == rpc.WatchRiskEventsRequest(after_sequence=3)


def test_risk_events_go_on_behind_the_last() -> None:
    reader = StreamReader(risk.watch_events(after_sequence=5))
    [news] = reader.accept(rpc.WatchRiskEventsResponse(sequence=7, risk_event=RISK_EVENT))
    assert news.risk_event == RISK_EVENT
    reader.accept(rpc.WatchRiskEventsResponse(end=StreamEnd(message_count=1)))
    reader.finish()
    assert reader.request == rpc.WatchRiskEventsRequest(after_sequence=7)


def test_a_watch_of_positions_is_not_opened_again_by_itself() -> None:
    reader = StreamReader(positions.watch_positions())
    [news] = reader.accept(rpc.WatchPositionsResponse(sequence=1, position=POSITION, overtaken=2))
    assert (news.position, news.overtaken) == (POSITION, 2)
    with pytest.raises(CallError, match="gone"):
        reader.pause_before_resuming_s(GONE)
    with pytest.raises(StreamBroken):
        reader.finish()
