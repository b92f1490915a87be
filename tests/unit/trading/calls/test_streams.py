"""Streams: everything once and in order, also to a reader that was cut off."""

from __future__ import annotations

from typing import Any

import grpc

from scizor.domain.errors import Unavailable
from scizor.domain.trading import events as e
from scizor.domain.trading.views import PositionNews
from scizor.ports.trading import RiskEvent, RiskEventKind
from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc
from tests.unit.trading.build import ACCOUNT, NOW
from tests.unit.trading.calls.stage import Stage, position
from tests.unit.trading.calls.test_orders import place


async def next_data(call: Any) -> rpc.WatchOrdersResponse:
    """The next message that is no heartbeat."""
    while True:
        message = await call.read()
        assert isinstance(message, rpc.WatchOrdersResponse)
        if message.WhichOneof("event") != "heartbeat":
            return message


async def open_order(stage: Stage, name: str) -> str:
    return (await stage.stub.PlaceOrder(place(name), timeout=5)).order.id


async def test_a_watcher_is_shown_what_is_open_and_then_what_happens(stage: Stage) -> None:
    first = await open_order(stage, "a")
    await open_order(stage, "b")
    call = stage.stub.WatchOrders(rpc.WatchOrdersRequest(), timeout=10)
    opening = [await next_data(call) for _ in range(2)]
    assert [one.update.order.client_order_id for one in opening] == ["a", "b"]
    assert [one.sequence for one in opening] == [2, 2]
    assert not opening[0].update.HasField("event")
    stage.desk.say(first, e.Working())
    news = await next_data(call)
    assert (news.sequence, news.update.event.kind) == (3, pb.ORDER_EVENT_KIND_WORKING)
    call.cancel()


async def test_a_reader_that_was_cut_off_goes_on_where_it_was(stage: Stage) -> None:
    order = await open_order(stage, "a")
    stage.desk.say(order, e.Working())
    stage.desk.say(order, e.CancelRequested())
    call = stage.stub.WatchOrders(rpc.WatchOrdersRequest(after_sequence=1), timeout=10)
    news = [await next_data(call) for _ in range(2)]
    assert [one.sequence for one in news] == [2, 3]
    assert [one.update.order.state for one in news] == [pb.ORDER_STATE_WORKING, pb.ORDER_STATE_PENDING_CANCEL]
    call.cancel()


async def test_what_is_not_stored_yet_is_not_shown(stage: Stage) -> None:
    order = await open_order(stage, "a")
    stage.desk.books.say(order, e.Working(), e.Source.BROKER, NOW)
    call: Any = stage.stub.WatchOrders(rpc.WatchOrdersRequest(), timeout=10)
    assert [(await call.read()).WhichOneof("event") for _ in range(2)] == ["heartbeat", "heartbeat"]
    call.cancel()


async def test_a_filtered_stream_moves_its_cursor_on_all_the_same(stage: Stage) -> None:
    order = await open_order(stage, "a")
    call: Any = stage.stub.WatchOrders(rpc.WatchOrdersRequest(strategy_id="rsi", after_sequence=1), timeout=10)
    stage.desk.say(order, e.Working())
    while True:
        message = await call.read()
        assert message.WhichOneof("event") == "heartbeat"
        if message.sequence == 2:
            break
    call.cancel()


async def test_a_server_that_stops_ends_its_streams_in_band(stage: Stage) -> None:
    await open_order(stage, "a")
    call = stage.stub.WatchOrders(rpc.WatchOrdersRequest(), timeout=10)
    await next_data(call)
    stage.drain()
    last = await next_data(call)
    assert (last.sequence, last.end.message_count) == (1, 1)
    assert await call.read() is grpc.aio.EOF


async def test_positions_are_numbered_within_their_stream(stage: Stage) -> None:
    stage.values.news = [PositionNews(position()), None, PositionNews(position("BHP.ASX.AUD"), 4)]
    messages = [message async for message in stage.stub.WatchPositions(rpc.WatchPositionsRequest(), timeout=10)]
    kinds = [message.WhichOneof("event") for message in messages]
    assert kinds == ["position", "heartbeat", "position", "end"]
    assert [message.sequence for message in messages] == [1, 1, 2, 2]
    assert messages[2].overtaken == 4


async def test_a_failure_behind_the_first_message_is_told_in_band(stage: Stage) -> None:
    stage.values.news, stage.values.failure = [PositionNews(position())], Unavailable("the books are being read")
    call: Any = stage.stub.WatchPositions(rpc.WatchPositionsRequest(), timeout=10)
    kinds = [(await call.read()).WhichOneof("event") for _ in range(2)]
    assert kinds == ["position", "status"]
    assert await call.code() is grpc.StatusCode.UNAVAILABLE


async def test_risk_events_begin_with_what_comes_next(stage: Stage) -> None:
    stage.risk.told = [RiskEvent(NOW, RiskEventKind.BREACH, ACCOUNT, str(n), sequence=n) for n in (1, 2, 3)]

    async def seen(after: int) -> list[tuple[str | None, int]]:
        request = rpc.WatchRiskEventsRequest(after_sequence=after)
        call = stage.stub.WatchRiskEvents(request, timeout=10)
        return [(message.WhichOneof("event"), message.sequence) async for message in call]

    assert await seen(0) == [("heartbeat", 3), ("end", 3)]
    assert await seen(1) == [("risk_event", 2), ("risk_event", 3), ("heartbeat", 3), ("end", 3)]
