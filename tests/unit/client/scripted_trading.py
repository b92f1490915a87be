"""A Trading service that answers from a script, on a port of its own; what it is asked must keep the rules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import protovalidate
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from google.type.decimal_pb2 import Decimal
from google.type.money_pb2 import Money
from grpc_status import rpc_status

from scizor.client.cli import run
from scizor.trading.v1 import deployment_pb2, order_pb2, position_pb2, risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc
from scizor.type.v1.stream_pb2 import StreamEnd
from tests.unit.client.scripted import stamp

SERVICE = rpc.DESCRIPTOR.services_by_name["TradingService"]
ORDER_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b31"
LIMIT_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b32"
DEPLOYMENT_ID = "0190d3a2-6f2e-7c3a-9a51-3f5f0c8f2b33"
_STAYS_OPEN_S = 30.0


def decimal(text: str) -> Decimal:
    return Decimal(value=text)


def usd(units: int, nanos: int = 0) -> Money:
    return Money(currency_code="USD", units=units, nanos=nanos)


def order(state: order_pb2.OrderState.ValueType, **more: Any) -> order_pb2.Order:
    terms = order_pb2.OrderTerms(
        quantity=decimal("1000"),
        type=order_pb2.ORDER_TYPE_LIMIT,
        limit_price=decimal("270.25"),
        time_in_force=order_pb2.TIME_IN_FORCE_GTC,
    )
    made = order_pb2.Order(
        id=ORDER_ID,
        client_order_id="mine-1",
        account="DU1",
        symbol="AAPL.NASDAQ.USD",
        side=order_pb2.ORDER_SIDE_BUY,
        terms=terms,
        origin=order_pb2.ORDER_ORIGIN_OURS,
        state=state,
        filled_quantity=decimal("0"),
        remaining_quantity=decimal("1000"),
        create_time=stamp("2026-11-20T15:00:00"),
        update_time=stamp("2026-11-20T15:00:01"),
        etag="v3",
    )
    made.MergeFrom(order_pb2.Order(**more))
    return made


WORKING = order(order_pb2.ORDER_STATE_WORKING)
FILLED = order(
    order_pb2.ORDER_STATE_FILLED,
    filled_quantity=decimal("1000"),
    remaining_quantity=decimal("0"),
    average_price=decimal("270.2451234568"),
    commissions=[usd(1, 350_000_000)],
)
TRADE = order_pb2.Trade(
    id="0001.01",
    order_id=ORDER_ID,
    account="DU1",
    symbol="AAPL.NASDAQ.USD",
    side=order_pb2.ORDER_SIDE_BUY,
    quantity=decimal("1000"),
    price=decimal("270.245"),
    time=stamp("2026-11-20T15:00:01"),
    commission=usd(1, 350_000_000),
)
EVENTS = [
    order_pb2.OrderEvent(
        sequence=1,
        time=stamp("2026-11-20T15:00:00"),
        source=order_pb2.EVENT_SOURCE_CLIENT,
        kind=order_pb2.ORDER_EVENT_KIND_PLACED,
        state=order_pb2.ORDER_STATE_PENDING_SUBMIT,
        terms=WORKING.terms,
    ),
    order_pb2.OrderEvent(
        sequence=2,
        time=stamp("2026-11-20T15:00:01"),
        source=order_pb2.EVENT_SOURCE_BROKER,
        kind=order_pb2.ORDER_EVENT_KIND_EXECUTED,
        state=order_pb2.ORDER_STATE_FILLED,
        trade=TRADE,
    ),
]
POSITION = position_pb2.Position(
    account="DU1",
    symbol="AAPL.NASDAQ.USD",
    quantity=decimal("1000"),
    average_cost=decimal("270.245"),
    cost=usd(270_245),
    realized_pnl=usd(0),
    unrealized_pnl=usd(1_255),
    market_value=usd(271_500),
    net_pnl=usd(1_253, 650_000_000),
    mark=position_pb2.Mark(price=decimal("271.5"), time=stamp("2026-11-20T15:00:10"), age_seconds=2.0),
    lots=[position_pb2.Lot(quantity=decimal("1000"), cost=usd(270_245), time=TRADE.time, trade_id=TRADE.id)],
)
STATUS = rpc.TradingStatus(
    account="DU1",
    paper=True,
    state=risk_pb2.TRADING_STATE_ACTIVE,
    gate=rpc.GATE_STATE_OPEN,
    open_orders=1,
    reconcile_time=stamp("2026-11-20T14:30:00"),
    accounts=["DU1", "DU2"],
)
LIMIT = risk_pb2.RiskLimit(
    id=LIMIT_ID,
    rule=risk_pb2.RISK_RULE_DAILY_LOSS,
    scope=risk_pb2.RISK_SCOPE_ACCOUNT,
    key="DU1",
    value=decimal("1000"),
    on_breach=risk_pb2.BREACH_ACTION_HALT,
    etag="v1",
)
VIOLATION = risk_pb2.RiskViolation(limit=LIMIT, value=decimal("1250.5"), message="the day's loss is above 1000")
RISK_EVENT = risk_pb2.RiskEvent(
    sequence=7,
    time=stamp("2026-11-20T15:30:00"),
    kind=risk_pb2.RISK_EVENT_KIND_BREACH,
    account="DU1",
    message="daily loss",
    violations=[VIOLATION],
    trading_state=risk_pb2.TRADING_STATE_HALTED,
)
DEPLOYMENT = deployment_pb2.Deployment(
    id=DEPLOYMENT_ID,
    strategy_id="sma_cross",
    strategy_version=2,
    symbols=["AAPL.NASDAQ.USD"],
    account="DU1",
    capital=usd(10_000),
    state=deployment_pb2.DEPLOYMENT_STATE_RUNNING,
    create_time=stamp("2026-11-20T14:30:00"),
)
END = StreamEnd(message_count=1)


class Trading(grpc.GenericRpcHandler):
    """Keeps what it was asked. A test changes the `answers`, and lets calls fail by `failures`, the first one first.

    A stream's script may break it off by a Status; one without an `end` stays open until its reader leaves.
    """

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.failures: dict[str, list[Status]] = {}
        self.answers: dict[str, Message | list[Any]] = {
            "WatchOrders": [
                rpc.WatchOrdersResponse(sequence=4, update=order_pb2.OrderUpdate(order=WORKING)),
                rpc.WatchOrdersResponse(end=END),
            ],
            "WatchPositions": [rpc.WatchPositionsResponse(sequence=1, position=POSITION, overtaken=3)],
            "WatchRiskEvents": [
                rpc.WatchRiskEventsResponse(sequence=7, risk_event=RISK_EVENT),
                rpc.WatchRiskEventsResponse(end=END),
            ],
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        method = SERVICE.methods_by_name[handler_call_details.method.rpartition("/")[2]]
        kind = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        behave = self._streaming(method) if method.server_streaming else self._answering(method)
        reads = GetMessageClass(method.input_type).FromString
        return kind(behave, request_deserializer=reads, response_serializer=lambda message: message.SerializeToString())

    def _answering(self, method: MethodDescriptor) -> Callable[[Any, Any], Any]:
        def answer(request: Any, context: Any) -> Any:
            self._take(method.name, request, context)
            return self.answers.get(method.name, GetMessageClass(method.output_type)())

        return answer

    def _streaming(self, method: MethodDescriptor) -> Callable[[Any, Any], Iterator[Any]]:
        def answer(request: Any, context: Any) -> Iterator[Any]:
            self._take(method.name, request, context)
            script: list[Any] = list(self.answers[method.name])  # type: ignore[arg-type]  # of a stream it is a list
            for message in script:
                if isinstance(message, Status):
                    context.abort_with_status(rpc_status.to_status(message))
                yield message
            if not script[-1].HasField("end"):
                gone = threading.Event()
                if context.add_callback(gone.set):
                    gone.wait(_STAYS_OPEN_S)

        return answer

    def _take(self, name: str, request: Any, context: Any) -> None:
        self.asked.append(request)
        protovalidate.validate(request)
        if self.failures.get(name):
            context.abort_with_status(rpc_status.to_status(self.failures[name].pop(0)))


def trade(*words: str) -> int:
    """Carry out `scizor trade …`; returns its exit status."""
    return run(["trade", *words])


def failure(code: grpc.StatusCode, reason: str, message: str) -> Status:
    detail = AnyMessage()
    detail.Pack(ErrorInfo(reason=reason, domain="scizor"))
    return Status(code=code.value[0], message=message, details=[detail])


@contextmanager
def serving(trading: Trading) -> Iterator[str]:
    """Its address while the block runs."""
    with ThreadPoolExecutor(max_workers=3) as threads:
        server = grpc.server(threads)
        server.add_generic_rpc_handlers((trading,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait(10)
