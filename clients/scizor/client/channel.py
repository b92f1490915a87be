"""How a channel is opened: one per target, bounded messages, retries of what is safe to repeat."""

from __future__ import annotations

import json
from collections.abc import Mapping

DEFAULT_ADDRESS = "127.0.0.1:8080"
_DEFAULT_PORT = "8080"
LARGEST_RECEIVED_BYTES = 64 * 1024 * 1024
LARGEST_SENT_BYTES = 4 * 1024 * 1024
KEEPALIVE_MS = 60_000
KEEPALIVE_TIMEOUT_MS = 10_000

IDEMPOTENT: Mapping[str, tuple[str, ...]] = {
    "scizor.marketdata.v1.MarketDataService": (
        "ListSymbols",
        "GetSymbol",
        "GetBars",
        "GetLatestBar",
        "StreamBars",
        "GetCoverage",
        "GetDataQuality",
        "GetMarketHours",
        "ListCollections",
        "GetCollection",
        "StreamQuotes",
        "StreamLiveBars",
        "ListCorporateActions",
    ),
    "scizor.backtest.v1.BacktestService": (
        "GetBacktest",
        "ListBacktests",
        "WatchBacktest",
        "GetBacktestResults",
        "ListBacktestTrades",
        "GetEquityCurve",
        "GetTearsheet",
        "GetStrategyPerformance",
    ),
    "scizor.trading.v1.TradingService": (
        "ListDeployments",
        "GetDeployment",
        "GetOrder",
        "ListOrders",
        "WatchOrders",
        "ListPositions",
        "WatchPositions",
        "ListTrades",
        "GetAccount",
        "ListRiskLimits",
        "GetRiskLimit",
        "ListRiskEvents",
        "WatchRiskEvents",
        "GetExposure",
        "GetTradingStatus",
        "GetLivePerformance",
    ),
}
"""Calls that only read: sending them again changes nothing. GetHealth is left out, because it asks about now."""
NUMBERED: Mapping[str, tuple[str, ...]] = {
    "scizor.trading.v1.TradingService": (
        "StartStrategy",
        "StopStrategy",
        "PauseStrategy",
        "ResumeStrategy",
        "PlaceOrder",
        "ReplaceOrder",
        "CancelOrder",
        "CancelAllOrders",
        "ClosePosition",
        "CloseAllPositions",
        "SetRiskLimit",
        "DeleteRiskLimit",
        "SetTradingState",
        "Reconcile",
    ),
}
"""Calls that this client never sends without a request id: sent again, they are done once all the same."""


def service_config() -> str:
    """gRPC's service config (gRFC A6) as JSON: spread over replicas; retry what met UNAVAILABLE and may be repeated."""
    names = [
        {"service": service, "method": method}
        for safe in (IDEMPOTENT, NUMBERED)
        for service, methods in safe.items()
        for method in methods
    ]
    retry = {
        "maxAttempts": 4,
        "initialBackoff": "0.1s",
        "maxBackoff": "1s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return json.dumps(
        {
            "loadBalancingConfig": [{"round_robin": {}}],
            "methodConfig": [{"name": names, "retryPolicy": retry}],
            "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
        }
    )


def channel_options() -> list[tuple[str, int | str]]:
    """Options of every channel this client opens."""
    return [
        ("grpc.max_receive_message_length", LARGEST_RECEIVED_BYTES),
        ("grpc.max_send_message_length", LARGEST_SENT_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.service_config", service_config()),
    ]


def address_from_environment(environment: Mapping[str, str]) -> str:
    """SCIZOR_ADDRESS, else this machine's edge on SCIZOR_EDGE_PORT, else DEFAULT_ADDRESS."""
    return environment.get("SCIZOR_ADDRESS") or f"127.0.0.1:{environment.get('SCIZOR_EDGE_PORT') or _DEFAULT_PORT}"
