"""Where a deployment stands follows from what was done to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scizor.domain.errors import FailedPrecondition, Reason
from scizor.domain.trading.deployments import (
    CatchUp,
    Deployment,
    DeploymentSpec,
    DeploymentState,
    Step,
    StopMode,
    acts_on_missed,
    shown,
    stepped,
)
from tests.unit.trading.build import NOW

SPEC = DeploymentSpec("sma_cross", 0, {}, ("AAPL.NASDAQ.USD",), "DU1", Decimal(10_000), "USD")
NEW = Deployment("d", SPEC)
MINUTE = timedelta(minutes=1)


def after(*steps: Step) -> Deployment:
    deployment = NEW
    for step in steps:
        deployment = stepped(deployment, step)
    return deployment


def test_a_deployment_trades_once_it_has_warmed_up_and_until_it_is_paused() -> None:
    assert not NEW.may_trade
    assert after(Step.WARMED).may_trade
    assert not after(Step.WARMED, Step.PAUSE).may_trade
    assert after(Step.WARMED, Step.PAUSE, Step.RESUME).state is DeploymentState.STARTING
    assert after(Step.STOP, Step.CLEARED).state.ended


def test_a_restart_goes_on_where_it_was() -> None:
    assert after(Step.WARMED, Step.RESTARTED).state is DeploymentState.STARTING
    assert after(Step.PAUSE, Step.RESTARTED).state is DeploymentState.PAUSED
    assert after(Step.STOP, Step.RESTARTED).state is DeploymentState.STOPPING


def test_an_error_is_told_until_it_is_resumed() -> None:
    failed = stepped(after(Step.WARMED), Step.FAILED, error="boom")
    assert (failed.state, failed.error) == (DeploymentState.ERROR, "boom")
    assert stepped(failed, Step.RESUME).error == ""


def test_a_second_stop_only_does_more() -> None:
    flattening = stepped(NEW, Step.STOP, stop_mode=StopMode.FLATTEN)
    assert stepped(flattening, Step.STOP, stop_mode=StopMode.LEAVE).stop_mode is StopMode.FLATTEN
    leaving = stepped(NEW, Step.STOP, stop_mode=StopMode.LEAVE)
    assert leaving.stop_mode is StopMode.LEAVE
    assert stepped(leaving, Step.STOP).stop_mode is StopMode.CANCEL_ORDERS


LEADS = {
    DeploymentState.STARTING: {Step.PAUSE, Step.STOP, Step.WARMED, Step.RESTARTED, Step.FAILED},
    DeploymentState.RUNNING: {Step.PAUSE, Step.STOP, Step.RESTARTED, Step.FAILED},
    DeploymentState.PAUSED: {Step.RESUME, Step.STOP, Step.RESTARTED, Step.FAILED},
    DeploymentState.STOPPING: {Step.STOP, Step.RESTARTED, Step.FAILED, Step.CLEARED},
    DeploymentState.STOPPED: set(),
    DeploymentState.ERROR: {Step.RESUME, Step.STOP, Step.RESTARTED},
}


@pytest.mark.parametrize("state", DeploymentState)
@pytest.mark.parametrize("step", Step)
def test_a_step_that_does_not_follow_is_refused_with_its_reason(state: DeploymentState, step: Step) -> None:
    deployment = replace(NEW, state=state)
    if step in LEADS[state]:
        stepped(deployment, step)
        return
    with pytest.raises(FailedPrecondition) as refused:
        stepped(deployment, step)
    assert refused.value.reason is Reason.DEPLOYMENT_STATE
    assert refused.value.metadata == {"deployment": "d", "state": state.name, "asked": step.name}


def test_no_bar_is_shown_twice_nor_an_older_one() -> None:
    first, new = shown(NEW, NOW)
    assert new
    assert shown(first, NOW) == (first, False)
    assert shown(first, NOW - MINUTE) == (first, False)
    assert shown(first, NOW + MINUTE)[1]


def test_a_missed_bar_is_acted_on_only_if_asked_for_newest_and_fresh() -> None:
    eager = replace(NEW, spec=replace(SPEC, catch_up=CatchUp.ACT_ON_NEWEST))
    assert acts_on_missed(eager, NOW, NOW, NOW + MINUTE, MINUTE)
    assert not acts_on_missed(eager, NOW, NOW, NOW + 2 * MINUTE, MINUTE)
    assert not acts_on_missed(eager, NOW - MINUTE, NOW, NOW, MINUTE)
    assert not acts_on_missed(NEW, NOW, NOW, NOW, MINUTE)
