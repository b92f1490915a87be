"""The wire's side of MarketData, put together."""

from __future__ import annotations

from typing import Final

from scizor.marketdata.v1 import market_data_service_pb2 as pb
from scizor.marketdata.v1.market_data_service_pb2_grpc import MarketDataServiceServicer
from scizor.services.marketdata.calls.bars import BarCalls
from scizor.services.marketdata.calls.collections import CollectionCalls
from scizor.services.marketdata.calls.live import LiveCalls
from scizor.services.marketdata.calls.symbols import SymbolCalls
from scizor.services.marketdata.calls.truth import TruthCalls

SERVICE: Final = str(pb.DESCRIPTOR.services_by_name["MarketDataService"].full_name)


class MarketDataServicer(SymbolCalls, BarCalls, CollectionCalls, LiveCalls, TruthCalls, MarketDataServiceServicer):
    """All calls of the contract."""
