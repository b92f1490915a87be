"""A strategy at work on an account: what it is shown, what it asks for, and that no bar is traded twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from scizor.domain.errors import FailedPrecondition, Unavailable
from scizor.domain.trading.deployments import CatchUp, DeploymentState, Step, StopMode
from tests.unit.trading_deployments.stage import ID, Faulty, Scene, scene
from tests.unit.trading_desk.world import NAME, until


async def test_stored_history_warms_a_strategy_up_and_it_acts_on_none_of_it() -> None:
    async with scene() as on:
        await on.deploy(bars=5)
        await on.reaches(DeploymentState.RUNNING)
        assert on.names == []
        assert on.moments == 1


async def test_a_row_that_closes_is_acted_on_under_the_strategys_own_number() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        await on.closes()
        await until(lambda: on.names == [f"{ID}:1"])
        request = on.desk.broker.sent[0].request
        assert (request.strategy_id, request.deployment_id, request.instrument) == ("buyer", ID, NAME)
        assert request.terms.quantity == Decimal(10)


async def test_what_becomes_of_its_orders_is_told_without_waiting_for_a_row() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        await on.closes()
        await until(lambda: on.names)
        moments = on.moments
        on.desk.works()
        on.desk.fill("0001.01", 10)
        await until(lambda: on.moments > moments and "1 filled 10" in on.players.made[0].told)
        assert on.names == [f"{ID}:1"]


async def test_a_killed_service_goes_on_where_it_was() -> None:
    async with scene() as on:
        await on.deploy(bars=2)
        await on.reaches(DeploymentState.RUNNING)
        await on.closes()
        await until(lambda: on.names == [f"{ID}:1"])
        await on.again()
        await on.closes()
        await until(lambda: on.names == [f"{ID}:1", f"{ID}:2"])
        await on.again()
        await on.closes()
        assert on.names == [f"{ID}:1", f"{ID}:2"]


@pytest.mark.parametrize("point", range(12))
async def test_wherever_it_dies_each_bar_is_traded_once(point: int) -> None:
    """The storage and the journal go away at every instant there is, one after the other."""
    async with scene() as on:
        await on.deploy(bars=3)
        await on.reaches(DeploymentState.RUNNING)
        if point % 2:
            on.desk.journal.fates.extend(["kept"] * (point // 2 + 1))
        else:
            on.players.fates = [None] * (point // 2) + [Unavailable("its process was killed")]
        for day in (1, 2, 3):
            on.closed()
            await _reaches(on, day)
            if day == 1 + point % 2:
                await on.again()
        assert on.placed == [f"{ID}:1", f"{ID}:2", f"{ID}:3"]


async def test_a_paused_strategy_watches_and_sends_nothing() -> None:
    async with scene() as on:
        await on.deploy(bars=2)
        await on.reaches(DeploymentState.RUNNING)
        await on.step(Step.PAUSE)
        await on.closes()
        assert on.names == []
        await on.step(Step.RESUME)
        await on.reaches(DeploymentState.RUNNING)
        await on.closes()
        await until(lambda: on.names)
        assert on.players.made[-1].seen == 2


@pytest.mark.parametrize(("policy", "orders"), [(CatchUp.SHOW, 0), (CatchUp.ACT_ON_NEWEST, 1)])
async def test_bars_that_were_missed_are_shown_and_acted_on_by_policy(policy: CatchUp, orders: int) -> None:
    async with scene() as on:
        await on.deploy(bars=9)
        await on.reaches(DeploymentState.RUNNING)
        await on.policy(policy)
        await on.kill()
        on.rows.closed = 2
        on.desk.clock.advance(2 * 86_400)
        await on.desk.start()
        await on.start()
        await on.closes(0)
        await until(lambda: len(on.names) >= orders)
        assert len(on.names) == orders
        assert on.players.made[-1].seen == 2


async def test_a_strategy_that_raises_is_in_error_with_its_orders_cancelled_and_its_position_left() -> None:
    async with scene(Faulty) as on:
        await on.deploy(bars=1)
        await on.reaches(DeploymentState.RUNNING)
        await on.closes()
        await until(lambda: on.names)
        on.desk.works()
        on.closed()
        stored = await on.reaches(DeploymentState.ERROR)
        assert "ZeroDivisionError" in stored.deployment.error
        await until(lambda: on.desk.broker.cancels)


@pytest.mark.parametrize(
    ("mode", "cancels", "closes"), [(StopMode.LEAVE, 0, 0), (StopMode.CANCEL_ORDERS, 1, 0), (StopMode.FLATTEN, 1, 1)]
)
async def test_a_stop_leaves_cancels_or_flattens_as_it_says(mode: StopMode, cancels: int, closes: int) -> None:
    async with scene() as on:
        await _with_a_position_and_an_order(on)
        await on.step(Step.STOP, stop_mode=mode)
        if cancels:
            await until(lambda: on.desk.broker.cancels)
            on.cancelled()
        if closes:
            await until(lambda: on.names[-1] == f"{ID}:close-1")
            assert on.desk.broker.sent[-1].terms.quantity == 10
            on.desk.fill("0009.01", 10)
        await on.reaches(DeploymentState.STOPPED)
        assert len(on.desk.broker.cancels) == cancels
        assert len([name for name in on.names if "close" in name]) == closes


async def test_a_stop_that_is_killed_half_way_closes_once() -> None:
    async with scene() as on:
        await _with_a_position_and_an_order(on)
        await on.step(Step.STOP, stop_mode=StopMode.FLATTEN)
        await until(lambda: on.desk.broker.cancels)
        on.cancelled()
        await until(lambda: on.names[-1] == f"{ID}:close-1")
        await on.again()
        on.desk.fill("0009.01", 10)
        await on.reaches(DeploymentState.STOPPED)
        assert [name for name in on.names if "close" in name] == [f"{ID}:close-1"]


async def test_steps_that_do_not_follow_are_refused() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        with pytest.raises(FailedPrecondition, match="RESUME does not follow"):
            await on.step(Step.RESUME)


async def test_a_breach_pauses_the_strategy() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        await until(lambda: on.roster.unfinished("DU1"))
        await on.roster.pause("DU1", "other")
        await on.roster.pause("DU1", "buyer")
        await on.reaches(DeploymentState.PAUSED)
        await on.roster.pause("DU1", "buyer")


async def _with_a_position_and_an_order(on: Scene) -> None:
    await on.deploy(bars=2)
    await on.reaches(DeploymentState.RUNNING)
    await on.closes()
    await until(lambda: len(on.names) == 1)
    on.desk.works()
    on.desk.fill("0001.01", 10)
    await on.closes()
    await until(lambda: len(on.names) == 2)
    on.desk.works()


async def _reaches(on: Scene, orders: int) -> None:
    await until(lambda: len(on.placed) >= orders)
