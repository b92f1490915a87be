"""Trading over gRPC, through Envoy: the same answers, exact to the last digit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict

from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from scizor.trading.v1.trading_service_pb2_grpc import TradingServiceStub
from tests.e2e.stack import BIN, until
from tests.e2e.trading import OpenMarket, limit, order, own
from tests.integration.backtest_server import fields_of, reason_of

SERVICE = "scizor.trading.v1.TradingService"
DEADLINE_S = 20.0


@pytest.fixture
def stub(trading: OpenMarket) -> Iterator[Any]:
    with grpc.insecure_channel(trading.edge) as channel:
        yield TradingServiceStub(channel)


def place(name: str, price: str = "100.01", request_id: str = "") -> rpc.PlaceOrderRequest:
    return ParseDict({"order": order(name, limit(1, price)), "requestId": request_id}, rpc.PlaceOrderRequest())


def test_grpcurl_finds_it_by_reflection(trading: OpenMarket) -> None:
    command = [str(BIN / "grpcurl"), "-plaintext", trading.edge, "list"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout.split()
    assert SERVICE in listed


def test_callers_who_ask_together_under_one_id_get_one_order(stub: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        requests = [place("race-1", request_id=own("race"))] * 8
        answers = list(pool.map(lambda one: stub.PlaceOrder(one, timeout=DEADLINE_S), requests))
    assert len({answer.order.id for answer in answers}) == 1
    stub.CancelOrder(rpc.CancelOrderRequest(id=answers[0].order.id), timeout=DEADLINE_S)


def test_prices_are_exact(stub: Any) -> None:
    made = stub.PlaceOrder(place("exact-1", "99.97"), timeout=DEADLINE_S).order
    assert made.terms.limit_price.value == "99.97"
    stored = stub.GetOrder(rpc.GetOrderRequest(client_order_id=own("exact-1")), timeout=DEADLINE_S)
    assert stored.order.terms == made.terms
    stub.CancelOrder(rpc.CancelOrderRequest(id=made.id), timeout=DEADLINE_S)


def test_an_error_has_its_code_reason_and_fields(stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as off_tick:
        stub.PlaceOrder(place("tick-1", "99.975"), timeout=DEADLINE_S)
    error: Any = off_tick.value
    assert (error.code(), reason_of(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert fields_of(error) == ["order.terms.limit_price"]
    with pytest.raises(grpc.RpcError) as unknown:
        stub.CancelOrder(rpc.CancelOrderRequest(id="01234567-89ab-4def-8123-456789abcdef"), timeout=DEADLINE_S)
    error = unknown.value
    assert reason_of(error) == "ORDER_NOT_FOUND"


def test_a_watcher_sees_an_order_from_its_first_event_to_its_last(stub: Any) -> None:
    call = stub.WatchOrders(rpc.WatchOrdersRequest(), timeout=60)
    next(call)  # it has begun: what is open, or a heartbeat
    made = stub.PlaceOrder(place("watched-1"), timeout=DEADLINE_S).order
    stub.CancelOrder(rpc.CancelOrderRequest(id=made.id), timeout=DEADLINE_S)
    seen: list[rpc.WatchOrdersResponse] = []
    for message in call:
        if message.update.order.id == made.id:
            seen.append(message)
            if message.update.order.state == pb.ORDER_STATE_CANCELED:
                break
    call.cancel()
    assert [one.update.event.sequence for one in seen] == list(range(1, len(seen) + 1))
    assert seen[0].update.event.kind == pb.ORDER_EVENT_KIND_PLACED


def test_a_risk_event_reaches_its_watchers(stub: Any) -> None:
    call = stub.WatchRiskEvents(rpc.WatchRiskEventsRequest(), timeout=60)
    next(call)  # a heartbeat: from here on nothing is missed
    for state in (risk_pb2.TRADING_STATE_REDUCING, risk_pb2.TRADING_STATE_ACTIVE):
        stub.SetTradingState(rpc.SetTradingStateRequest(state=state, reason="a test"), timeout=DEADLINE_S)
    told = [message.risk_event for message in _first(call, 2)]
    call.cancel()
    assert [one.trading_state for one in told] == [risk_pb2.TRADING_STATE_REDUCING, risk_pb2.TRADING_STATE_ACTIVE]


def _first(call: Any, count: int) -> Iterator[rpc.WatchRiskEventsResponse]:
    for message in call:
        if message.WhichOneof("event") == "risk_event":
            yield message
            count -= 1
            if not count:
                return


def test_the_service_is_healthy_and_its_own_port_answers_for_it_alone(trading: OpenMarket) -> None:
    address = f"127.0.0.1:{trading.ports['SCIZOR_TRADING_PORT']}"
    with grpc.insecure_channel(address) as channel:
        stub: Any = TradingServiceStub(channel)
        status = stub.GetTradingStatus(rpc.GetTradingStatusRequest(), timeout=DEADLINE_S).status
        assert (status.gate, status.paper) == (rpc.GATE_STATE_OPEN, True)
        assert until(lambda: list(status.accounts), "an account is known")
