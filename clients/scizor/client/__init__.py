"""SCIZOR's Python client.

    from scizor.client import Adjustment, Client

    with Client() as client:
        bars = client.bars.get("AAPL", "2010-01-01", "2010-12-31", adjustment=Adjustment.SPLIT)
        print(bars.dates[-1], bars.close[-1])

Orders are exact: quantities and prices are given as Decimal, int or text, and `as_decimal` reads those of an answer.

    from scizor.client import Client, Side, as_decimal

    with Client() as client:
        placed = client.orders.place("AAPL", Side.BUY, 100, limit_price="270.25")
        print(placed.order.id, as_decimal(placed.order.remaining_quantity))

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
    from scizor.client.exact import as_decimal
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
    from scizor.domain.orders import (
        AccountType,
        FillTiming,
        LimitPolicy,
        OrderType,
        PathPolicy,
        Side,
        TimeInForce,
    )
    from scizor.domain.search_spaces import NumberRange
    from scizor.domain.strategies import StrategyKind, StrategyOrigin
    from scizor.domain.trading.deployments import CatchUp, DeploymentState, StopMode
    from scizor.domain.trading.limits import Rule, Scope
    from scizor.domain.trading.orders import Origin
    from scizor.domain.trading.states import OrderState
    from scizor.domain.trading.stress import Scenario
    from scizor.domain.trading.trading_state import TradingState
    from scizor.marketdata.v1.live_pb2 import FeedGap, FeedStatus, LiveBar, Quote
    from scizor.ports.trading import BreachAction, RiskEventKind

__all__ = [
    "DEFAULT_ADDRESS",
    "AccountType",
    "ActionType",
    "Adjustment",
    "AsyncClient",
    "BacktestState",
    "Bars",
    "BreachAction",
    "CallError",
    "CatchUp",
    "ChunkState",
    "Client",
    "CollectionState",
    "CommissionPlan",
    "CommissionTerms",
    "Constraint",
    "DeploymentState",
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
    "OrderState",
    "OrderType",
    "Origin",
    "PathPolicy",
    "Quote",
    "RiskEventKind",
    "Rows",
    "Rule",
    "Scenario",
    "Scheme",
    "Scope",
    "Side",
    "Sizing",
    "SlippageKind",
    "SlippageTerms",
    "StopMode",
    "StrategyKind",
    "StrategyOrigin",
    "StreamBroken",
    "Tearsheet",
    "TearsheetFormat",
    "TimeInForce",
    "TradingState",
    "Validation",
    "address_from_environment",
    "as_decimal",
]

_HOMES = {
    "scizor.client.aio": ("AsyncClient",),
    "scizor.client.channel": ("DEFAULT_ADDRESS", "address_from_environment"),
    "scizor.client.errors": ("CallError", "StreamBroken"),
    "scizor.client.exact": ("as_decimal",),
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
    "scizor.domain.orders": (
        "AccountType",
        "FillTiming",
        "LimitPolicy",
        "OrderType",
        "PathPolicy",
        "Side",
        "TimeInForce",
    ),
    "scizor.domain.search_spaces": ("NumberRange",),
    "scizor.domain.strategies": ("StrategyKind", "StrategyOrigin"),
    "scizor.domain.trading.deployments": ("CatchUp", "DeploymentState", "StopMode"),
    "scizor.domain.trading.limits": ("Rule", "Scope"),
    "scizor.domain.trading.orders": ("Origin",),
    "scizor.domain.trading.states": ("OrderState",),
    "scizor.domain.trading.stress": ("Scenario",),
    "scizor.domain.trading.trading_state": ("TradingState",),
    "scizor.marketdata.v1.live_pb2": ("FeedGap", "FeedStatus", "LiveBar", "Quote"),
    "scizor.ports.trading": ("BreachAction", "RiskEventKind"),
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
