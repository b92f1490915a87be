"""What every directory of contracts, and every connection, must do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from scizor.domain.broker import ConnectionState, FailureCategory, SourceFailure
from scizor.domain.instruments import Instrument
from tests.contracts.brokers import BROKERS, Scene, scene_of


@pytest.fixture(params=BROKERS)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_of(request.param, tmp_path) as opened:
        yield opened


async def test_the_one_contract_that_fits_is_found(scene: Scene) -> None:
    [contract] = await scene.broker.contracts.find(Instrument("AAPL", "NASDAQ", "USD"))
    assert (contract.symbol, contract.primary_exchange, contract.currency) == ("AAPL", "NASDAQ", "USD")
    assert contract.con_id > 0
    assert contract.time_zone == "America/New_York"
    assert contract.min_tick > 0
    assert contract.name
    assert contract.source_of(date(2020, 1, 2))


async def test_the_same_ticker_elsewhere_is_another_contract(scene: Scene) -> None:
    [sydney] = await scene.broker.contracts.find(Instrument("BHP", "ASX", "AUD"))
    [new_york] = await scene.broker.contracts.find(Instrument("BHP", "NYSE", "USD"))
    assert sydney.con_id != new_york.con_id
    assert (sydney.time_zone, sydney.currency) == ("Australia/Sydney", "AUD")


async def test_asked_again_the_answer_is_the_same(scene: Scene) -> None:
    apple = Instrument("AAPL", "NASDAQ", "USD")
    assert await scene.broker.contracts.find(apple) == await scene.broker.contracts.find(apple)


async def test_a_ticker_nobody_bears_finds_nothing(scene: Scene) -> None:
    assert list(await scene.broker.contracts.find(Instrument("NOSUCH", "NASDAQ", "USD"))) == []


async def test_where_the_exchange_is_wrong_the_others_are_told(scene: Scene) -> None:
    found = await scene.broker.contracts.find(Instrument("AAPL", "NYSE", "USD"))
    assert [contract.primary_exchange for contract in found] == ["NASDAQ"]


async def test_the_primary_exchange_tells_namesakes_apart(scene: Scene) -> None:
    [one] = await scene.broker.contracts.find(Instrument("DUAL", "NASDAQ", "USD"))
    assert one.primary_exchange == "NASDAQ"
    both = await scene.broker.contracts.find(Instrument("DUAL", "ARCA", "USD"))
    assert sorted(contract.primary_exchange for contract in both) == ["NASDAQ", "NYSE"]


async def test_many_questions_at_once_are_all_answered(scene: Scene) -> None:
    apple = Instrument("AAPL", "NASDAQ", "USD")
    answers = await asyncio.gather(*(scene.broker.contracts.find(apple) for _ in range(30)))
    assert all(len(found) == 1 for found in answers)


async def test_without_a_connection_the_deadline_holds(scene: Scene) -> None:
    await scene.lose()
    with pytest.raises(SourceFailure) as failed:
        async with asyncio.timeout(5):
            await scene.broker.contracts.find(Instrument("AAPL", "NASDAQ", "USD"))
    assert failed.value.category is FailureCategory.DISCONNECTED
    await scene.restore()
    async with asyncio.timeout(5):
        async for status in scene.broker.connection.watch():
            if status.state is ConnectionState.READY:
                break
    assert len(await scene.broker.contracts.find(Instrument("AAPL", "NASDAQ", "USD"))) == 1


async def test_the_connection_is_watched_from_what_it_is_now(scene: Scene) -> None:
    async with asyncio.timeout(5):
        async for status in scene.broker.connection.watch():
            assert status == scene.broker.connection.status
            assert (status.state, status.server_version) == (ConnectionState.READY, 178)
            break
