"""Both clients against a scripted Trading service: retries that double nothing, pages, streams that go on."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from scizor.client import AsyncClient, CallError, Client, Side, aio, sync
from scizor.trading.v1 import order_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from scizor.type.v1.stream_pb2 import StreamEnd
from tests.unit.client.scripted_trading import (
    EVENTS,
    FILLED,
    ORDER_ID,
    POSITION,
    SERVICE,
    WORKING,
    Trading,
    failure,
    serving,
)

AWAY = failure(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN", "away")
REFUSED = failure(grpc.StatusCode.FAILED_PRECONDITION, "RISK_REFUSED", "DAILY_LOSS of DU1: too much")
GROUPS = ("Orders", "Positions", "Risk", "Deployments", "Trading")


@pytest.fixture
def trading() -> Trading:
    return Trading()


@pytest.fixture
def address(trading: Trading) -> Iterator[str]:
    with serving(trading) as opened:
        yield opened


def test_an_order_sent_again_is_the_same_order(trading: Trading, address: str) -> None:
    trading.failures["PlaceOrder"] = [AWAY, AWAY]
    trading.answers["PlaceOrder"] = rpc.PlaceOrderResponse(order=WORKING)
    with Client(address) as client:
        assert client.orders.place("AAPL", Side.BUY, 100, limit_price="270.25").order.id == ORDER_ID
    first, second, third = trading.asked
    assert first.order.client_order_id
    assert first == second == third


def test_an_order_that_is_refused_is_not_sent_again(trading: Trading, address: str) -> None:
    trading.failures["PlaceOrder"] = [REFUSED]
    with Client(address) as client, pytest.raises(CallError, match="too much") as caught:
        client.orders.place("AAPL", Side.BUY, 100)
    assert caught.value.reason == "RISK_REFUSED"
    assert len(trading.asked) == 1


def test_positions_come_from_all_their_pages(trading: Trading, address: str) -> None:
    trading.answers["ListPositions"] = rpc.ListPositionsResponse(positions=[POSITION])
    with Client(address) as client:
        assert client.positions.list(by_strategy=True, show_closed=True) == [POSITION]
    assert trading.asked == [rpc.ListPositionsRequest(page_size=1_000, by_strategy=True, show_closed=True)]


def test_a_watch_of_orders_goes_on_behind_the_last_event(trading: Trading, address: str) -> None:
    executed = order_pb2.OrderUpdate(order=FILLED, event=EVENTS[1])
    trading.answers["WatchOrders"] = [rpc.WatchOrdersResponse(sequence=5, update=executed), AWAY]
    seen = []
    with Client(address) as client:
        for news in client.orders.watch():
            seen.append(news.sequence)
            end = rpc.WatchOrdersResponse(end=StreamEnd(message_count=1))
            trading.answers["WatchOrders"] = [rpc.WatchOrdersResponse(sequence=6, update=executed), end]
    assert seen == [5, 6]
    assert [asked.after_sequence for asked in trading.asked] == [0, 5]


async def test_the_client_to_be_awaited_has_the_same_calls(trading: Trading, address: str) -> None:
    trading.failures["CancelOrder"] = [AWAY]
    trading.answers["CancelOrder"] = rpc.CancelOrderResponse(order=WORKING)
    async with AsyncClient(address) as client:
        assert (await client.orders.cancel(ORDER_ID)).id == ORDER_ID
        assert [news.sequence async for news in client.orders.watch()] == [4]
        held = client.positions.watch()
        assert (await anext(held)).position == POSITION
        await held.aclose()  # type: ignore[attr-defined]  # what it returns is a generator
    first, second, *_ = trading.asked
    assert first == second


@pytest.mark.parametrize("client", [sync, aio], ids=["sync", "async"])
def test_both_clients_have_every_method_of_the_service(client: object) -> None:
    groups = [getattr(client, name) for name in GROUPS]
    made = {name for group in groups for name in vars(group) if not name.startswith("_")}
    assert len([name for group in groups for name in vars(group) if not name.startswith("_")]) == len(SERVICE.methods)
    assert {"place", "close_all", "stress_test", "performance", "resume"} <= made
