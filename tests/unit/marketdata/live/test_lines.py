"""From symbols to lines: what fails the call, and what only the line."""

from __future__ import annotations

import pytest

from scizor.domain.broker import BrokerContract, ConnectionState, FailureCategory, SourceFailure
from scizor.domain.errors import InvalidInput, NotFound, Reason
from scizor.domain.instruments import Instrument
from scizor.domain.live import FeedState, FeedStatus
from scizor.services.marketdata.live.lines import LineFinder
from scizor.services.marketdata.symbols.contracts import Contracts
from tests.fakes.broker import FakeBroker, HandClock
from tests.fakes.storage import FakeStorage


class Stage:
    def __init__(self) -> None:
        self.storage, self.broker = FakeStorage(), FakeBroker(deadline_s=0.01)
        self.find = LineFinder(self.storage, Contracts(self.storage, self.broker.contracts, HandClock())).find

    async def store(self, *instruments: Instrument) -> None:
        async with self.storage.begin() as work:
            await work.symbols.add_missing(instruments)


@pytest.fixture
async def stage() -> Stage:
    made = Stage()
    await made.store(Instrument("AAPL", "NASDAQ", "USD"), Instrument("MSFT", "NASDAQ", "USD"))
    return made


async def test_symbols_that_name_one_instrument_are_one_line(stage: Stage) -> None:
    aapl, msft = stage.broker.list("AAPL"), stage.broker.list("MSFT")
    found = await stage.find(["MSFT", "AAPL", "AAPL.NASDAQ", "AAPL.NASDAQ.USD"])
    assert [(line.symbol, line.contract) for line in found] == [("MSFT.NASDAQ", msft), ("AAPL.NASDAQ", aapl)]


async def test_a_symbol_that_is_not_stored_fails_the_call(stage: Stage) -> None:
    stage.broker.list("AAPL")
    with pytest.raises(NotFound) as caught:
        await stage.find(["AAPL", "XYZ"])
    assert caught.value.reason is Reason.SYMBOL_NOT_FOUND


async def test_a_symbol_of_several_instruments_fails_the_call(stage: Stage) -> None:
    await stage.store(Instrument("BHP", "ASX", "AUD"), Instrument("BHP", "NYSE", "USD"))
    with pytest.raises(InvalidInput) as caught:
        await stage.find(["BHP"])
    assert caught.value.reason is Reason.SYMBOL_AMBIGUOUS


async def test_what_the_broker_does_not_know_or_knows_twice_is_refused_for_its_line_alone(stage: Stage) -> None:
    await stage.store(Instrument("TWIN", "NASDAQ", "USD"))
    for name in ("TWIN", "TWIN", "MSFT"):
        stage.broker.list(name)
    unknown, ambiguous, good = await stage.find(["AAPL", "TWIN", "MSFT"])
    for line, told in ((unknown, "the broker knows no AAPL.NASDAQ.USD"), (ambiguous, "the broker knows several")):
        assert isinstance(line.contract, FeedStatus)
        assert line.contract.state is FeedState.REFUSED
        assert told in line.contract.message
    assert isinstance(good.contract, BrokerContract)


async def test_a_contract_that_the_broker_will_not_tell_is_refused_with_its_code(stage: Stage) -> None:
    stage.broker.list("AAPL")
    stage.broker.fail_next(FailureCategory.NOT_PERMITTED, 354, what="contracts", message="no permission")
    (line,) = await stage.find(["AAPL"])
    assert line.contract == FeedStatus(FeedState.REFUSED, 354, "no permission")


async def test_a_broker_that_is_away_is_only_missed_for_contracts_not_yet_known(stage: Stage) -> None:
    aapl = stage.broker.list("AAPL")
    await stage.find(["AAPL"])
    stage.broker.set_state(ConnectionState.DOWN)
    assert [line.contract for line in await stage.find(["AAPL"])] == [aapl]
    with pytest.raises(SourceFailure) as caught:
        await stage.find(["AAPL", "MSFT"])
    assert caught.value.reason is Reason.BROKER_UNAVAILABLE
