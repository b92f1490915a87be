"""The built-in universe becomes stored instruments, over fakes."""

from __future__ import annotations

import pytest

from scizor.domain.broker import ConnectionState, FailureCategory
from scizor.domain.errors import Reason, Unavailable
from scizor.domain.instruments import Instrument, Verification
from scizor.services.marketdata.symbols.populating import Populated
from scizor.services.marketdata.symbols.universe import universe
from scizor.services.marketdata.symbols.verification import Verification as Verifying
from tests.fakes.broker import FakeBroker
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import NOW, StandingClock, stored


@pytest.fixture
def broker() -> FakeBroker:
    """It knows the whole universe."""
    broker = FakeBroker()
    for one in universe():
        broker.list(one.symbol, one.primary_exchange, one.currency)
    return broker


async def populate(storage: FakeStorage, broker: FakeBroker, *, unchecked: bool = False) -> list[Populated]:
    verifying = Verifying(storage, broker.contracts, StandingClock())
    return [step async for step in verifying.populate(unchecked=unchecked)]


def of(storage: FakeStorage, symbol: str) -> tuple[bool, Verification, str]:
    found = next(one for one in storage.tables.symbols.values() if one.instrument.symbol == symbol)
    return found.instrument.active, found.verified_result, found.verified_reason


async def test_the_universe_is_stored_with_the_brokers_word(storage: FakeStorage, broker: FakeBroker) -> None:
    steps = await populate(storage, broker)
    last = steps[-1]
    assert (last.done, last.total, last.created, last.valid, last.unchecked) == (357, 357, 357, 357, 0)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert len(steps) > 10
    assert of(storage, "AAPL") == (True, Verification.VALID, "")
    assert {one.last_verified for one in storage.tables.symbols.values()} == {NOW}
    assert len(storage.tables.contracts) == 357


async def test_only_new_ones_are_asked_about(storage: FakeStorage, broker: FakeBroker) -> None:
    await stored(storage, Instrument("AAPL", "NASDAQ", "USD", name="Mine"))
    last = (await populate(storage, broker))[-1]
    assert (last.done, last.created, last.existing) == (357, 356, 1)
    assert storage.tables.symbols[1].instrument.name == "Mine"
    assert len(broker.contract_requests) == 356
    (again,) = await populate(storage, broker)
    assert (again.done, again.created, again.existing) == (357, 0, 357)
    assert len(broker.contract_requests) == 356


async def test_unknown_and_ambiguous_ones_are_stored_inactive_with_the_reason(
    storage: FakeStorage, broker: FakeBroker
) -> None:
    apple = next(listing.contract for listing in broker.listings if listing.contract.symbol == "AAPL")
    broker.delist(apple)
    broker.list("MSFT", name="Microsloth")
    last = (await populate(storage, broker))[-1]
    assert (last.created, last.valid, last.invalid, last.ambiguous) == (357, 355, 1, 1)
    assert of(storage, "AAPL") == (False, Verification.INVALID, "the broker knows no AAPL.NASDAQ.USD")
    active, result, reason = of(storage, "MSFT")
    assert (active, result) == (False, Verification.AMBIGUOUS)
    assert "Microsloth" in reason


async def test_without_asking_all_are_stored_unchecked(storage: FakeStorage, broker: FakeBroker) -> None:
    broker.set_state(ConnectionState.DOWN)
    (last,) = await populate(storage, broker, unchecked=True)
    assert (last.done, last.created, last.unchecked) == (357, 357, 357)
    assert of(storage, "AAPL") == (True, Verification.NEVER, "")
    assert broker.contract_requests == []


async def test_without_a_broker_nothing_is_stored(storage: FakeStorage, broker: FakeBroker) -> None:
    broker.deadline_s = 0.01
    broker.set_state(ConnectionState.DOWN)
    with pytest.raises(Unavailable, match="set force to store without asking the broker") as refusal:
        await populate(storage, broker)
    assert refusal.value.reason is Reason.BROKER_UNAVAILABLE
    assert not storage.tables.symbols


async def test_one_the_broker_failed_on_is_not_stored_and_named(storage: FakeStorage, broker: FakeBroker) -> None:
    broker.fail_next(FailureCategory.TIMEOUT, what="contracts", symbol="AAPL")
    with pytest.raises(Unavailable, match=r"no answer about AAPL\.NASDAQ; populate again"):
        await populate(storage, broker)
    assert len(storage.tables.symbols) == 356
    last = (await populate(storage, broker))[-1]
    assert (last.created, last.existing) == (1, 356)
