"""Strategies at work."""

from __future__ import annotations

from google.rpc.status_pb2 import Status

from scizor.codec.backtests import parameters_from_proto, parameters_to_proto
from scizor.codec.times import to_timestamp
from scizor.codec.trading.exact import money_from_proto, money_to_proto
from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.trading.deployments import CatchUp, DeploymentSpec, DeploymentState, StopMode
from scizor.ports.trading import StoredDeployment
from scizor.trading.v1 import deployment_pb2 as pb
from scizor.type.v1 import bars_pb2


def spec_from_proto(message: pb.Deployment) -> DeploymentSpec:
    """What is to be pinned, with symbols and account as the caller spells them. Raises InvalidInput."""
    try:
        parameters = parameters_from_proto(message.parameters)
    except InvalidInput as error:
        raise error.within("deployment") from None
    return DeploymentSpec(
        strategy_id=message.strategy_id,
        strategy_version=message.strategy_version,
        parameters=parameters,
        symbols=tuple(message.symbols),
        account=message.account,
        capital=money_from_proto(message.capital),
        currency=message.capital.currency_code,
        live=message.live,
        catch_up=CatchUp(message.catch_up or CatchUp.SHOW),
    )


def interval_from_proto(message: pb.Deployment) -> Interval:
    """The length of its bars; one day when not said."""
    return Interval(message.interval or Interval.DAY_1)


def mode_from_proto(mode: pb.StopMode.ValueType) -> StopMode:
    """What becomes of orders and positions; the orders are cancelled when nothing is said."""
    return StopMode(mode or StopMode.CANCEL_ORDERS)


def state_from_proto(state: pb.DeploymentState.ValueType) -> DeploymentState | None:
    """The state, or None for any."""
    return DeploymentState(state) if state else None


def deployment_to_proto(stored: StoredDeployment, error: Status | None = None) -> pb.Deployment:
    """A deployment as it stands; `error` is the status of what it failed with."""
    deployment, spec = stored.deployment, stored.deployment.spec
    return pb.Deployment(
        id=deployment.id,
        strategy_id=spec.strategy_id,
        strategy_version=spec.strategy_version,
        parameters=parameters_to_proto(spec.parameters),
        symbols=spec.symbols,
        interval=bars_pb2.BarInterval.ValueType(stored.interval),
        account=spec.account,
        capital=money_to_proto(spec.capital, spec.currency),
        live=spec.live,
        catch_up=pb.CatchUp.ValueType(spec.catch_up),
        state=pb.DeploymentState.ValueType(deployment.state),
        error=error,
        code_hash=stored.code_hash,
        last_bar_time=to_timestamp(deployment.last_bar) if deployment.last_bar else None,
        create_time=to_timestamp(stored.create_time),
        update_time=to_timestamp(stored.update_time),
        end_time=to_timestamp(stored.end_time) if stored.end_time else None,
        etag=f"v{stored.version}",
    )
