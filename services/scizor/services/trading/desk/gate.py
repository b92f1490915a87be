"""Whether new orders may be sent."""

from __future__ import annotations

from enum import IntEnum

from scizor.domain.errors import Reason, Unavailable


class GateState(IntEnum):
    """Why the gate is closed, if it is; numbers equal the contract's."""

    OPEN = 1
    BROKER_AWAY = 2
    RECONCILING = 3
    STANDBY = 4
    DRAINING = 5


_TOLD = {
    GateState.BROKER_AWAY: "the broker is not connected",
    GateState.RECONCILING: "our books are being compared with the broker's",
    GateState.STANDBY: "another process owns the account, this one stands by",
    GateState.DRAINING: "the broker restarts, or this service is about to stop",
}


def closed(account: str, gate: GateState, why: str = "") -> Unavailable:
    """The error of a command that finds the gate closed. `why`: what the broker said."""
    reason = Reason.BROKER_UNAVAILABLE if gate is GateState.BROKER_AWAY else Reason.TRADING_NOT_READY
    message = f"account {account} takes no orders now: {_TOLD[gate]}" + (f" ({why})" if why else "")
    return Unavailable(message, reason, metadata={"account": account, "gate": gate.name})
