"""The wire's side of trading: decode, call, encode."""

from __future__ import annotations

from scizor.services.trading.calls.deployments import DeploymentCalls
from scizor.services.trading.calls.orders import OrderCalls
from scizor.services.trading.calls.positions import PositionCalls
from scizor.services.trading.calls.risk import RiskCalls
from scizor.services.trading.calls.standing import StandingCalls
from scizor.trading.v1.trading_service_pb2_grpc import TradingServiceServicer


class TradingServicer(DeploymentCalls, OrderCalls, PositionCalls, RiskCalls, StandingCalls, TradingServiceServicer):
    """All calls of the contract."""
