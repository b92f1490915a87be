"""Whether an account trades. The state is latched: the system may tighten it, only a person loosens it."""

from __future__ import annotations

from enum import IntEnum

from scizor.domain.errors import FailedPrecondition, Reason


class TradingState(IntEnum):
    """What an account may do, from free to still; numbers equal the contract's."""

    ACTIVE = 1
    REDUCING = 2  # only what lets exposure shrink
    HALTED = 3  # nothing, but what the kill switch itself sends

    def tightened(self, wanted: TradingState) -> TradingState:
        """The stricter of the two: what a breach may do."""
        return max(self, wanted)


def check_state(state: TradingState, account: str, *, shrinks: bool, flattens: bool = False) -> None:
    """Raises FailedPrecondition where the state does not let the order pass.

    `shrinks`: the order can only take exposure away, whatever else is open. `flattens`: the kill switch sends it.
    """
    if state is TradingState.ACTIVE or (shrinks and (flattens or state is TradingState.REDUCING)):
        return
    told = "takes no orders" if state is TradingState.HALTED else "takes only orders that reduce what it holds"
    raise FailedPrecondition(
        f"account {account} is {state.name}: it {told}",
        Reason.TRADING_RESTRICTED,
        metadata={"account": account, "state": state.name},
    )
