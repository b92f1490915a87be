"""A strategy at work on an account: what it pins, where it stands, and which bars it may still act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from scizor.domain.backtests import ParameterValue
from scizor.domain.errors import FailedPrecondition, Reason


class DeploymentState(IntEnum):
    """Where a deployment stands; numbers equal the contract's."""

    STARTING = 1  # it is shown stored history, and acts on none of it
    RUNNING = 2
    PAUSED = 3
    STOPPING = 4
    STOPPED = 5
    ERROR = 6

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self is DeploymentState.STOPPED


class Step(IntEnum):
    """What may happen to a deployment: what people ask for, and what the system does."""

    PAUSE = 1
    RESUME = 2
    STOP = 3
    WARMED = 4  # it has seen the stored history
    RESTARTED = 5  # the service that runs it began anew
    FAILED = 6
    CLEARED = 7  # orders and positions are as its stop asked for


class StopMode(IntEnum):
    """What becomes of its orders and positions when it stops; numbers equal the contract's."""

    LEAVE = 1
    CANCEL_ORDERS = 2
    FLATTEN = 3


class CatchUp(IntEnum):
    """What it does about bars that came while it did not run; numbers equal the contract's."""

    SHOW = 1
    ACT_ON_NEWEST = 2


@dataclass(frozen=True, slots=True)
class DeploymentSpec:
    """What a deployment pins; it never changes. `symbols`: references; `capital`: cash it counts as its own."""

    strategy_id: str
    strategy_version: int
    parameters: Mapping[str, ParameterValue]
    symbols: tuple[str, ...]
    account: str
    capital: Decimal
    currency: str
    live: bool = False
    catch_up: CatchUp = CatchUp.SHOW


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment as it stands. `last_bar`: the newest bar it was shown live, by its end; None before the first."""

    id: str
    spec: DeploymentSpec
    state: DeploymentState = DeploymentState.STARTING
    stop_mode: StopMode = StopMode.CANCEL_ORDERS
    error: str = ""
    last_bar: datetime | None = None

    @property
    def may_trade(self) -> bool:
        """Whether it may send orders."""
        return self.state is DeploymentState.RUNNING


_S, _T = DeploymentState, Step
_STEPS: Mapping[tuple[DeploymentState, Step], DeploymentState] = {
    (_S.STARTING, _T.WARMED): _S.RUNNING,
    (_S.STARTING, _T.PAUSE): _S.PAUSED,
    (_S.STARTING, _T.STOP): _S.STOPPING,
    (_S.STARTING, _T.FAILED): _S.ERROR,
    (_S.STARTING, _T.RESTARTED): _S.STARTING,
    (_S.RUNNING, _T.PAUSE): _S.PAUSED,
    (_S.RUNNING, _T.STOP): _S.STOPPING,
    (_S.RUNNING, _T.FAILED): _S.ERROR,
    (_S.RUNNING, _T.RESTARTED): _S.STARTING,
    (_S.PAUSED, _T.RESUME): _S.STARTING,
    (_S.PAUSED, _T.STOP): _S.STOPPING,
    (_S.PAUSED, _T.FAILED): _S.ERROR,
    (_S.PAUSED, _T.RESTARTED): _S.PAUSED,
    (_S.ERROR, _T.RESUME): _S.STARTING,
    (_S.ERROR, _T.STOP): _S.STOPPING,
    (_S.ERROR, _T.RESTARTED): _S.ERROR,
    (_S.STOPPING, _T.CLEARED): _S.STOPPED,
    (_S.STOPPING, _T.STOP): _S.STOPPING,
    (_S.STOPPING, _T.FAILED): _S.STOPPING,  # its code is no longer asked
    (_S.STOPPING, _T.RESTARTED): _S.STOPPING,
}


def stepped(
    deployment: Deployment, step: Step, *, stop_mode: StopMode = StopMode.CANCEL_ORDERS, error: str = ""
) -> Deployment:
    """The deployment after a step. Raises FailedPrecondition for one that does not follow from where it stands.

    A second STOP can only do more than the first. `error`: of FAILED.
    """
    state = _STEPS.get((deployment.state, step))
    if state is None:
        raise FailedPrecondition(
            f"deployment {deployment.id} is {deployment.state.name}: {step.name} does not follow",
            Reason.DEPLOYMENT_STATE,
            metadata={"deployment": deployment.id, "state": deployment.state.name, "asked": step.name},
        )
    if step is Step.STOP:
        again = deployment.state is DeploymentState.STOPPING
        mode = max(stop_mode, deployment.stop_mode) if again else stop_mode
        return replace(deployment, state=state, stop_mode=mode)
    if step is Step.FAILED:
        return replace(deployment, state=state, error=error)
    return replace(deployment, state=state, error="" if step is Step.RESUME else deployment.error)


def shown(deployment: Deployment, bar_end: datetime) -> tuple[Deployment, bool]:
    """The deployment after a bar, and whether the bar is new to it: it is never shown one twice, nor an older one."""
    if deployment.last_bar is not None and bar_end <= deployment.last_bar:
        return deployment, False
    return replace(deployment, last_bar=bar_end), True


def acts_on_missed(
    deployment: Deployment, bar_end: datetime, newest_end: datetime, now: datetime, length: timedelta
) -> bool:
    """Whether a bar that was missed is to be acted on when it is shown: the newest alone, and while it is fresh."""
    fresh = bar_end == newest_end and now - bar_end <= length
    return deployment.spec.catch_up is CatchUp.ACT_ON_NEWEST and fresh
