"""A strategy at work on an account: what it is shown, what it asks for, and that no bar is traded twice."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from scizor.domain.errors import FailedPrecondition, Reason, Unavailable
from scizor.domain.trading.deployments import CatchUp, DeploymentState, Step
from scizor.strategy.errors import StrategyError
from tests.unit.trading_deployments.parts import Faulty
from tests.unit.trading_deployments.stage import ID, Scene, scene
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


@pytest.mark.parametrize("instant", range(1, 29))
async def test_wherever_it_is_killed_each_bar_is_traded_once(instant: int) -> None:
    """Before and after each commit, of what is stored and of the journal, and before and after each answer."""
    async with scene(start=False) as on:
        on.dies(instant)
        await on.start()
        await on.deploy(bars=3)
        await on.outlives(lambda: on.moments)
        for day in (1, 2, 3):
            on.closed()
            await on.outlives(partial(_placed, on, day))
        await on.outlives(lambda: on.players.made[-1].seen == 3)
        assert on.placed == [f"{ID}:1", f"{ID}:2", f"{ID}:3"]


@pytest.mark.parametrize("point", range(8))
async def test_whatever_is_away_for_a_while_each_bar_is_traded_once(point: int) -> None:
    """The journal loses its connection behind a commit, or the strategy's process is killed."""
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
        assert on.placed == [f"{ID}:1", f"{ID}:2", f"{ID}:3"]


async def test_of_two_that_believe_it_is_their_turn_one_is_heard_at_each_bar() -> None:
    async with scene() as on:
        await on.start()
        await on.deploy(bars=3)
        await on.reaches(DeploymentState.RUNNING)
        await until(lambda: len(on.players.made) >= 2)
        for day in (1, 2, 3):
            on.closed()
            await _reaches(on, day)
        await until(lambda: on.players.made[-1].seen == 3)
        assert on.placed == [f"{ID}:1", f"{ID}:2", f"{ID}:3"]


async def test_a_strategy_that_hangs_is_in_error_with_the_line_and_the_bar() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        on.players.fates = [StrategyError.at("no end within 2 s", place=("buyer.py", 9))]
        on.closed()
        stored = await on.reaches(DeploymentState.ERROR)
        assert stored.deployment.error == "buyer.py:9: no end within 2 s, at the bar of 2026-11-19"


async def test_a_process_that_dies_at_the_same_bar_again_and_again_is_its_codes_fault() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        on.players.fates = [Unavailable("its process was killed")] * 8
        on.closed()
        stored = await on.reaches(DeploymentState.ERROR)
        assert stored.deployment.error == "its process was killed, 8 times at the same bar"
        assert on.names == []


async def test_an_order_that_waits_for_the_link_is_dropped_by_a_pause() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        on.desk.cut()
        await on.closes()
        await on.step(Step.PAUSE)
        await on.step(Step.RESUME)
        await on.reaches(DeploymentState.RUNNING)
        on.desk.mend()
        await on.desk.serves()
        await on.closes()
        assert on.names == []


async def test_an_order_that_waits_for_the_link_leaves_when_it_is_back() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        on.desk.cut()
        await on.closes()
        on.desk.mend()
        await until(lambda: on.names == [f"{ID}:1"])


async def test_a_bar_that_is_stored_after_a_new_start_was_not_missed() -> None:
    async with scene() as on:
        await on.deploy()
        await on.reaches(DeploymentState.RUNNING)
        await on.kill()
        on.rows.stored = 0
        on.closed()
        on.desk.clock.advance(3_600)
        await on.desk.start()
        await on.start()
        await on.outlives(lambda: len(on.players.made) == 2)
        on.rows.stored = 1
        await until(lambda: on.names == [f"{ID}:1"])


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


async def _reaches(on: Scene, orders: int) -> None:
    await until(lambda: _placed(on, orders))


def _placed(on: Scene, orders: int) -> bool:
    return len(on.placed) >= orders


async def test_a_machine_that_can_lock_nothing_in_is_an_error_that_people_see() -> None:
    async with scene(start=False) as on:
        on.players.refusals.append(FailedPrecondition("no locks here", Reason.SANDBOX_UNAVAILABLE))
        await on.start()
        await on.deploy()
        stored = await on.reaches(DeploymentState.ERROR)
        assert stored.deployment.error == "no locks here"
