"""The end of a deployment: its orders and its shares as the stop asks for, once, whatever dies or is away."""

from __future__ import annotations

from decimal import Decimal

import pytest

from scizor.domain.trading.deployments import DeploymentState, Step, StopMode
from scizor.ports.journal import Posting, PostingKind
from scizor.services.trading.deployments.moments import Split
from tests.unit.trading_deployments.stage import ID, Scene, scene
from tests.unit.trading_desk.world import ME, NAME, until


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


async def test_a_split_that_no_row_has_told_counts_when_it_is_flattened() -> None:
    async with scene() as on:
        await _with_a_position(on)
        begins = on.desk.clock.now()
        await on.desk.desk.post([Posting(PostingKind.SPLIT, begins, NAME, ratio=Decimal(4))], "4 for 1")
        await on.step(Step.STOP, stop_mode=StopMode.FLATTEN)
        await until(lambda: on.names[-1] == f"{ID}:close-1")
        assert on.desk.broker.sent[-1].terms.quantity == 40


async def test_what_a_person_has_closed_is_not_closed_again() -> None:
    async with scene() as on:
        await _with_a_position(on)
        await on.desk.desk.close(NAME, "buyer", None, ME)
        await until(lambda: len(on.names) == 2)
        on.desk.works()
        on.desk.fill("0002.01", 10)
        await until(lambda: not on.desk.desk.books.holdings.shares())
        await on.step(Step.STOP, stop_mode=StopMode.FLATTEN)
        await on.reaches(DeploymentState.STOPPED)
        assert len(on.names) == 2


async def test_a_stop_while_the_link_is_away_completes_when_it_is_back() -> None:
    async with scene() as on:
        await _with_a_position(on)
        on.desk.cut()
        await on.step(Step.STOP, stop_mode=StopMode.FLATTEN)
        await on.reaches(DeploymentState.STOPPING)
        on.desk.mend()
        await until(lambda: on.names[-1] == f"{ID}:close-1")
        on.desk.fill("0002.01", 10)
        await on.reaches(DeploymentState.STOPPED)


async def test_a_closing_order_that_is_cancelled_is_asked_for_again_and_not_at_once() -> None:
    async with scene() as on:
        await _with_a_position(on)
        await on.step(Step.STOP, stop_mode=StopMode.FLATTEN)
        await until(lambda: on.names[-1] == f"{ID}:close-1")
        on.cancelled()
        await until(lambda: not list(on.desk.desk.books.open_orders()))
        assert on.names[-1] == f"{ID}:close-1"
        await until(lambda: on.names[-1] == f"{ID}:close-2")


async def test_a_split_makes_other_shares_of_what_it_holds() -> None:
    async with scene() as on:
        await _with_a_position(on)
        begins = on.desk.clock.now()
        on.rows.splits[1] = Split(NAME, Decimal(4), begins)
        await on.desk.desk.post([Posting(PostingKind.SPLIT, begins, NAME, ratio=Decimal(4))], "4 for 1")
        await on.closes()
        assert on.players.made[-1].held == [0.0, 40.0]
        await on.step(Step.STOP, stop_mode=StopMode.FLATTEN)
        await until(lambda: on.names[-1] == f"{ID}:close-1")
        assert on.desk.broker.sent[-1].terms.quantity == 40


async def _with_a_position(on: Scene, bars: int = 1) -> None:
    """Ten shares, of which it was told."""
    await on.deploy(bars=bars)
    await on.reaches(DeploymentState.RUNNING)
    await on.closes()
    await until(lambda: len(on.names) == 1)
    on.desk.works()
    on.desk.fill("0001.01", 10)
    await until(lambda: "1 filled 10" in on.players.made[-1].told)


async def _with_a_position_and_an_order(on: Scene) -> None:
    await _with_a_position(on, bars=2)
    await on.closes()
    await until(lambda: len(on.names) == 2)
    on.desk.works()
