"""SCIZOR's Python client.

    from scizor.client import Adjustment, Client

    with Client() as client:
        bars = client.bars.get("AAPL", "2010-01-01", "2010-12-31", adjustment=Adjustment.SPLIT)
        print(bars.dates[-1], bars.close[-1])

`AsyncClient` has the same methods, to be awaited, and streams for `async for`. A failed call raises `CallError`, a
wrong argument `InvalidInput`.

Names are loaded when first used, so that `scizor --help` need not wait for grpc.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scizor.client.aio import AsyncClient
    from scizor.client.channel import DEFAULT_ADDRESS, address_from_environment
    from scizor.client.errors import CallError, StreamBroken
    from scizor.client.reports import Tearsheet, TearsheetFormat
    from scizor.client.sync import Client
    from scizor.client.values import Bars, Equity, Rows
    from scizor.domain.backtests import (
        BacktestState,
        CommissionPlan,
        CommissionTerms,
        Sizing,
        SlippageKind,
        SlippageTerms,
    )
    from scizor.domain.bars import ActionType, Adjustment
    from scizor.domain.collections import ChunkState, CollectionState
    from scizor.domain.errors import InvalidInput
    from scizor.domain.intervals import Interval
    from scizor.domain.live import LiveInterval
    from scizor.domain.optimizations import Constraint, Method, Objective, OptimizationState, Scheme, Validation
    from scizor.domain.orders import AccountType, FillTiming, LimitPolicy, PathPolicy
    from scizor.domain.search_spaces import NumberRange
    from scizor.domain.strategies import StrategyKind, StrategyOrigin
    from scizor.marketdata.v1.live_pb2 import FeedGap, FeedStatus, LiveBar, Quote

__all__ = [
    "DEFAULT_ADDRESS",
    "AccountType",
    "ActionType",
    "Adjustment",
    "AsyncClient",
    "BacktestState",
    "Bars",
    "CallError",
    "ChunkState",
    "Client",
    "CollectionState",
    "CommissionPlan",
    "CommissionTerms",
    "Constraint",
    "Equity",
    "FeedGap",
    "FeedStatus",
    "FillTiming",
    "Interval",
    "InvalidInput",
    "LimitPolicy",
    "LiveBar",
    "LiveInterval",
    "Method",
    "NumberRange",
    "Objective",
    "OptimizationState",
    "PathPolicy",
    "Quote",
    "Rows",
    "Scheme",
    "Sizing",
    "SlippageKind",
    "SlippageTerms",
    "StrategyKind",
    "StrategyOrigin",
    "StreamBroken",
    "Tearsheet",
    "TearsheetFormat",
    "Validation",
    "address_from_environment",
]

_HOMES = {
    "scizor.client.aio": ("AsyncClient",),
    "scizor.client.channel": ("DEFAULT_ADDRESS", "address_from_environment"),
    "scizor.client.errors": ("CallError", "StreamBroken"),
    "scizor.client.reports": ("Tearsheet", "TearsheetFormat"),
    "scizor.client.sync": ("Client",),
    "scizor.client.values": ("Bars", "Equity", "Rows"),
    "scizor.domain.backtests": (
        "BacktestState",
        "CommissionPlan",
        "CommissionTerms",
        "Sizing",
        "SlippageKind",
        "SlippageTerms",
    ),
    "scizor.domain.bars": ("ActionType", "Adjustment"),
    "scizor.domain.collections": ("ChunkState", "CollectionState"),
    "scizor.domain.errors": ("InvalidInput",),
    "scizor.domain.intervals": ("Interval",),
    "scizor.domain.live": ("LiveInterval",),
    "scizor.domain.optimizations": (
        "Constraint",
        "Method",
        "Objective",
        "OptimizationState",
        "Scheme",
        "Validation",
    ),
    "scizor.domain.orders": ("AccountType", "FillTiming", "LimitPolicy", "PathPolicy"),
    "scizor.domain.search_spaces": ("NumberRange",),
    "scizor.domain.strategies": ("StrategyKind", "StrategyOrigin"),
    "scizor.marketdata.v1.live_pb2": ("FeedGap", "FeedStatus", "LiveBar", "Quote"),
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
