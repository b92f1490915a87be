"""Every call about how trading stands on an account as a value."""

from __future__ import annotations

from uuid import uuid4

from scizor.client.calls import Call
from scizor.client.exact import member
from scizor.domain.trading.trading_state import TradingState
from scizor.trading.v1 import performance_pb2, position_pb2, risk_pb2
from scizor.trading.v1 import trading_service_pb2 as rpc


def get_status(*, account: str = "") -> Call[rpc.GetTradingStatusResponse, rpc.TradingStatus]:
    """Whether the account trades, whether orders can be sent, and what the last reconciliation left."""
    request = rpc.GetTradingStatusRequest(account=account)
    return Call(request, rpc.GetTradingStatusResponse, lambda answer: answer.status)


def set_state(
    state: TradingState, reason: str, *, flatten: bool = False, account: str = "", request_id: str = ""
) -> Call[rpc.SetTradingStateResponse, rpc.TradingStatus]:
    """Let an account trade, only reduce what it holds, or stand still; the `reason` is for the audit.

    `flatten`, with HALTED: cancel all orders and close all positions, as soon as the broker can be reached.
    """
    request = rpc.SetTradingStateRequest(
        account=account,
        state=risk_pb2.TradingState.ValueType(member(state, TradingState, "state")),
        flatten=flatten,
        reason=reason,
        request_id=request_id or str(uuid4()),
    )
    return Call(request, rpc.SetTradingStateResponse, lambda answer: answer.status)


def reconcile(*, account: str = "", request_id: str = "") -> Call[rpc.ReconcileResponse, rpc.ReconcileResponse]:
    """Compare the books with the broker's now; returns what differed, and what of it was put right."""
    request = rpc.ReconcileRequest(account=account, request_id=request_id or str(uuid4()))
    return Call(request, rpc.ReconcileResponse, lambda answer: answer, deadline_s=120.0)


def get_account(*, account: str = "") -> Call[rpc.GetAccountResponse, position_pb2.Account]:
    """The account as the broker and this system have it, in its base currency."""
    return Call(rpc.GetAccountRequest(account=account), rpc.GetAccountResponse, lambda answer: answer.account)


def get_performance(
    *, deployment_id: str = "", parity_sessions: int = 0, account: str = ""
) -> Call[rpc.GetLivePerformanceResponse, performance_pb2.LivePerformance]:
    """How an account or a deployment has fared live, with a backtest's figures.

    `parity_sessions`: so many sessions of a deployment, newest first, are held against what a backtest makes of them.
    """
    request = rpc.GetLivePerformanceRequest(
        account=account, deployment_id=deployment_id, parity_sessions=parity_sessions
    )
    return Call(request, rpc.GetLivePerformanceResponse, lambda answer: answer.performance, deadline_s=120.0)
