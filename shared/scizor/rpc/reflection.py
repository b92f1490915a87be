"""Reflection for tools such as grpcurl: a server lists what it serves, and to the edge what all servers together serve.

Behind the edge one server answers for the whole platform. It can, because the contracts of every service are installed
with each; the edge asks for it by the header `x-scizor-reflect: all`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc
from grpc_reflection.v1alpha._async import ReflectionServicer

from scizor.backtest.v1 import backtest_service_pb2
from scizor.marketdata.v1 import market_data_service_pb2
from scizor.rpc.calls import Context
from scizor.trading.v1 import trading_service_pb2

HEADER: Final = "x-scizor-reflect"
CONTRACTS: Final[tuple[str, ...]] = tuple(
    service.full_name
    for file in (market_data_service_pb2.DESCRIPTOR, backtest_service_pb2.DESCRIPTOR, trading_service_pb2.DESCRIPTOR)
    for service in file.services_by_name.values()
)


def add_reflection(server: grpc.aio.Server, served: Iterable[str]) -> None:
    """Let the server describe itself."""
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(_Reflection(served), server)


class _Reflection(reflection_pb2_grpc.ServerReflectionServicer):  # type: ignore[misc]  # grpc ships it untyped
    def __init__(self, served: Iterable[str]) -> None:
        own = {reflection.SERVICE_NAME, "grpc.health.v1.Health"}
        self._of_server = ReflectionServicer([*served, *own])
        self._of_platform = ReflectionServicer([*CONTRACTS, *own])

    async def ServerReflectionInfo(self, request_iterator: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        """Answer each question about services, files and symbols."""
        asked_by_edge = (HEADER, "all") in (context.invocation_metadata() or ())
        servicer = self._of_platform if asked_by_edge else self._of_server
        async for answer in servicer.ServerReflectionInfo(request_iterator, context):
            yield answer
