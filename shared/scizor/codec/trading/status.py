"""How trading stands on an account, and what a comparison with the broker's books found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from scizor.codec.times import to_timestamp
from scizor.domain.trading.differences import Difference
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.trading import AccountState
from scizor.trading.v1 import risk_pb2
from scizor.trading.v1 import trading_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Standing:
    """What is told beside the account's state. `gate`: numbers equal the contract's."""

    paper: bool
    gate: IntEnum
    unknown_orders: int
    open_orders: int
    deployments: int
    differences: int
    reconcile_time: datetime | None
    accounts: Sequence[str]


def status_to_proto(state: AccountState, standing: Standing) -> pb.TradingStatus:
    """How trading stands."""
    return pb.TradingStatus(
        account=state.account,
        paper=standing.paper,
        state=state_to_proto(state.state),
        state_reason=state.reason,
        state_by=state.by,
        state_time=to_timestamp(state.time),
        gate=pb.GateState.ValueType(standing.gate),
        flattening=state.flattening,
        unknown_orders=standing.unknown_orders,
        open_orders=standing.open_orders,
        deployments=standing.deployments,
        reconcile_time=to_timestamp(standing.reconcile_time) if standing.reconcile_time else None,
        differences=standing.differences,
        accounts=standing.accounts,
    )


def state_to_proto(state: TradingState) -> risk_pb2.TradingState.ValueType:
    """Whether an account trades."""
    return risk_pb2.TradingState.ValueType(state)


def difference_to_proto(difference: Difference) -> pb.Difference:
    """One difference, and whether it was settled."""
    return pb.Difference(
        kind=pb.DifferenceKind.ValueType(difference.kind),
        subject=difference.subject,
        ours=difference.ours,
        theirs=difference.theirs,
        corrected=difference.kind.corrected,
    )
