"""How long an order takes from the caller to the broker's acknowledgement, beside what no such path can do without.

The floor is the sum of an empty call to the same server, one durable commit to the same database, and an order that
ib_async alone sends to the same broker until its status comes back. All four take turns, so that whatever else the
machine does is shared by all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import grpc
import numpy as np
from google.type.decimal_pb2 import Decimal as DecimalMessage
from grpc_health.v1 import health_pb2, health_pb2_grpc
from ib_async import IB, LimitOrder, Stock, Trade

from benchmarks.stack import scizor, stack
from scizor.adapters.sql.dsn import driver_dsn
from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.trading.v1 import order_pb2 as pb
from scizor.trading.v1 import trading_service_pb2 as rpc
from scizor.trading.v1.trading_service_pb2_grpc import TradingServiceStub

if TYPE_CHECKING:
    from scizor.trading.v1.trading_service_pb2_grpc import TradingServiceAsyncStub

CLOCK: Final = "2024-03-14T10:30:00-04:00@1"
"""An hour into a session, so that the broker takes orders as they come."""
LISTED: Final = ("AAPL", "NASDAQ", "USD")
SYMBOL: Final = ".".join(LISTED[:2])
_FAR: Final = Decimal("100.00")  # a price at which nothing fills
_WARM_UP, _ROUNDS = 30, 300
_AT_ONCE, _BURST = 20, 400
_WITHIN_S: Final = 30.0
_MARK: Final = 2.0
_ROW: Final = b"x" * 600  # about what an order's first event takes
_LIVE: Final = {pb.ORDER_STATE_ACCEPTED, pb.ORDER_STATE_WORKING}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of one stack are. `dsn`: of the database; `ibsim`: port of the broker; `trading`: host:port."""

    dsn: str
    ibsim: int
    trading: str


@dataclass(slots=True)
class Measured:
    """Milliseconds, one of each a round. `answered`: it is stored; `acknowledged`: the broker has it; `told`: so the
    caller knows. `a_second`: orders of several callers.
    """

    call: list[float] = field(default_factory=list)
    commit: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    a_second: float = 0.0

    def floor(self, percentile: float) -> float:
        """What is left when nothing is checked and nothing remembered: the three of a round, one after the other."""
        rounds = zip(self.call, self.commit, self.bare, strict=True)
        return _at([sum(one) for one in rounds], percentile)

    def lines(self) -> Iterable[str]:
        """A table, and the ratio that counts."""
        yield "From the caller over gRPC, risk checks and the journal to ibsim and back, one order at a time."
        yield ""
        yield "| work | p50, ms | p99, ms |"
        yield "|---|---:|---:|"
        rows = {
            "an empty call": self.call,
            "one durable commit": self.commit,
            "ib_async alone, to the broker's status": self.bare,
        }
        for name, values in rows.items():
            yield f"| {name} | {_at(values, 50):.2f} | {_at(values, 99):.2f} |"
        yield f"| the floor: the three of them | {self.floor(50):.2f} | {self.floor(99):.2f} |"
        ours = {
            "PlaceOrder until it is answered: stored": self.answered,
            "PlaceOrder until the broker's acknowledgement": self.acknowledged,
            "PlaceOrder until a watcher is told of that": self.told,
        }
        for name, values in ours.items():
            yield f"| {name} | {_at(values, 50):.2f} | {_at(values, 99):.2f} |"
        yield ""
        p50, p99 = (_at(self.acknowledged, one) / self.floor(one) for one in (50, 99))
        verdict = "met" if max(p50, p99) <= _MARK else "MISSED"
        yield f"That is {p50:.2f} times the floor at the median and {p99:.2f} times at p99; {_MARK:g} times is asked:"
        yield f"{verdict}. {_AT_ONCE} callers at once place {self.a_second:,.0f} orders a second: the broker takes 50"
        yield "messages a second and no more."
        yield ""


def lines() -> Iterable[str]:
    """On a stack of its own."""
    with stack(SCIZOR_IBSIM_CLOCK=CLOCK) as environment:
        scizor(environment, "symbols", "create", *LISTED)
        dsn = EmbeddedPostgres(Path(environment["SCIZOR_HOME"])).dsn
        trading = f"127.0.0.1:{environment['SCIZOR_TRADING_PORT']}"
        measured = asyncio.run(measure(Addresses(dsn, int(environment["SCIZOR_IBSIM_PORT"]), trading)))
    yield from measured.lines()


async def measure(at: Addresses) -> Measured:
    """All of it, on a stack that runs."""
    measured = Measured()
    async with _database(at.dsn) as commit, _broker(at.ibsim) as bare, _caller(at.trading) as caller:
        for place in range(_WARM_UP + _ROUNDS):
            if place == _WARM_UP:
                measured = Measured()
            measured.call.append(await caller.empty())
            measured.commit.append(await _timed(commit))
            measured.bare.append(await bare())
            await caller.place(measured, f"bench-{time.time_ns()}")
        measured.a_second = await caller.burst()
    return measured


class _Caller:
    """Places orders one after the other, and hears of them on a stream."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: TradingServiceAsyncStub = TradingServiceStub(channel)
        self._health = health_pb2_grpc.HealthStub(channel)
        self._heard: dict[str, asyncio.Future[tuple[int, int]]] = {}

    async def empty(self) -> float:
        """Milliseconds."""
        began = time.perf_counter()
        await self._health.Check(health_pb2.HealthCheckRequest(), timeout=_WITHIN_S)
        return (time.perf_counter() - began) * 1e3

    async def place(self, measured: Measured, name: str) -> None:
        """One order, from the call to the end of it."""
        heard = self._heard[name] = asyncio.get_running_loop().create_future()
        began_ns = time.time_ns()
        placed = await self._stub.PlaceOrder(_order(name), timeout=_WITHIN_S)
        answered_ns = time.time_ns()
        async with asyncio.timeout(_WITHIN_S):
            event_ns, told_ns = await heard
        measured.answered.append((answered_ns - began_ns) / 1e6)
        measured.acknowledged.append((event_ns - began_ns) / 1e6)
        measured.told.append((told_ns - began_ns) / 1e6)
        await self._stub.CancelOrder(rpc.CancelOrderRequest(id=placed.order.id), timeout=_WITHIN_S)

    async def burst(self) -> float:
        """Orders a second until all are acknowledged."""
        names = [f"burst-{time.time_ns()}-{number}" for number in range(_BURST)]
        for name in names:
            self._heard[name] = asyncio.get_running_loop().create_future()
        waiting = iter(names)

        async def one_caller() -> None:
            for name in waiting:
                await self._stub.PlaceOrder(_order(name), timeout=_WITHIN_S)

        began = time.perf_counter()
        await asyncio.gather(*(one_caller() for _ in range(_AT_ONCE)))
        async with asyncio.timeout(_WITHIN_S):
            await asyncio.gather(*(self._heard[name] for name in names))
        took_s = time.perf_counter() - began
        await self._stub.CancelAllOrders(rpc.CancelAllOrdersRequest(), timeout=_WITHIN_S)
        return _BURST / took_s

    async def watch(self) -> None:
        """Hear when the broker has an order, and when that is told."""
        async for message in self._stub.WatchOrders(rpc.WatchOrdersRequest()):
            told_ns, order = time.time_ns(), message.update.order
            heard = self._heard.get(order.client_order_id)
            if heard is not None and not heard.done() and order.state in _LIVE:
                heard.set_result((message.update.event.time.ToNanoseconds(), told_ns))


@asynccontextmanager
async def _caller(address: str) -> AsyncIterator[_Caller]:
    async with grpc.aio.insecure_channel(address) as channel:
        caller = _Caller(channel)
        watching = asyncio.create_task(caller.watch())
        try:
            yield caller
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
                await watching


@asynccontextmanager
async def _database(dsn: str) -> AsyncIterator[Any]:
    """What commits a row."""
    connection = await asyncpg.connect(driver_dsn(dsn))
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS bench_commits (row bytea)")
        insert = await connection.prepare("INSERT INTO bench_commits VALUES ($1)")
        yield lambda: insert.fetch(_ROW)
        await connection.execute("DROP TABLE bench_commits")
    finally:
        await connection.close()


@asynccontextmanager
async def _broker(port: int) -> AsyncIterator[Any]:
    """What sends an order without us, and waits for its status; milliseconds."""
    logging.getLogger("ib_async").setLevel(logging.CRITICAL)  # it takes a cancelled order for an error
    ib = IB()
    await ib.connectAsync("127.0.0.1", port, clientId=91)
    contract = Stock("AAPL", "SMART", "USD", primaryExchange="NASDAQ")
    await ib.qualifyContractsAsync(contract)

    async def one() -> float:
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def status(trade: Trade) -> None:
            if not told.done() and trade.orderStatus.status in ("Submitted", "PreSubmitted"):
                told.set_result(None)

        began = time.perf_counter()
        trade = ib.placeOrder(contract, LimitOrder("BUY", 1, float(_FAR)))
        trade.statusEvent += status
        async with asyncio.timeout(_WITHIN_S):
            await told
        took_ms = (time.perf_counter() - began) * 1e3
        ib.cancelOrder(trade.order)
        return took_ms

    try:
        yield one
    finally:
        ib.disconnect()


def _order(name: str) -> rpc.PlaceOrderRequest:
    return rpc.PlaceOrderRequest(
        order=pb.Order(
            client_order_id=name,
            symbol=SYMBOL,
            side=pb.ORDER_SIDE_BUY,
            terms=pb.OrderTerms(
                quantity=DecimalMessage(value="1"),
                type=pb.ORDER_TYPE_LIMIT,
                limit_price=DecimalMessage(value=str(_FAR)),
            ),
        ),
        request_id=name,
    )


async def _timed(act: Any) -> float:
    began = time.perf_counter()
    await act()
    return (time.perf_counter() - began) * 1e3


def _at(values: list[float], percentile: float) -> float:
    return float(np.percentile(values, percentile))
