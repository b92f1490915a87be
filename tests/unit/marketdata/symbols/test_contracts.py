"""What the broker's contracts mean for an instrument, and how often it is asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from scizor.domain.broker import BrokerContract, ConnectionState, FailureCategory, SourceFailure
from scizor.domain.errors import FailedPrecondition, InvalidInput, NotFound, Reason
from scizor.domain.instruments import Instrument, StoredInstrument, Verification
from scizor.services.marketdata.symbols.contracts import QUESTIONS_AT_ONCE, Contracts, candidates, judged
from tests.fakes.broker import FakeBroker
from tests.fakes.storage import FakeStorage
from tests.unit.marketdata.stage import AAPL, BHP, StandingClock, stored


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def contracts(storage: FakeStorage, broker: FakeBroker) -> Contracts:
    return Contracts(storage, broker.contracts, StandingClock())


async def seen(storage: FakeStorage, reference: str) -> StoredInstrument:
    async with storage.begin() as work:
        return await work.symbols.get(reference)


def test_exactly_one_contract_of_the_key_is_valid(broker: FakeBroker) -> None:
    contract, other = broker.list("AAPL"), broker.list("AAPL", "LSE")
    assert judged(AAPL, [contract]).contract is contract
    assert judged(AAPL, [contract, other, contract]).result is Verification.VALID


def test_none_is_invalid(broker: FakeBroker) -> None:
    finding = judged(AAPL, [])
    assert (finding.result, finding.reason) == (Verification.INVALID, "the broker knows no AAPL.NASDAQ.USD")


@pytest.mark.parametrize("place", [("LSE", "USD"), ("NASDAQ", "EUR")])
def test_one_of_another_exchange_or_currency_is_invalid_and_named(broker: FakeBroker, place: tuple[str, str]) -> None:
    finding = judged(AAPL, [broker.list("AAPL", *place)])
    named = f"AAPL.{place[0]}.{place[1]} (AAPL Inc.)"
    assert finding.result is Verification.INVALID
    assert finding.reason == f"the broker knows no AAPL.NASDAQ.USD, only {named}"
    assert candidates(AAPL, [broker.list("AAPL", *place)]) == ()


def test_several_are_ambiguous_with_their_names(broker: FakeBroker) -> None:
    found = [broker.list("AAPL", name="Apple"), broker.list("AAPL", name="Pomaceous")]
    finding = judged(AAPL, found)
    labels = ("AAPL.NASDAQ.USD (Apple)", "AAPL.NASDAQ.USD (Pomaceous)")
    assert (finding.result, finding.contract) == (Verification.AMBIGUOUS, None)
    assert finding.reason == f"the broker knows several: {'; '.join(labels)}"
    assert candidates(AAPL, found) == labels


async def test_the_broker_is_asked_once_and_its_word_recorded(
    storage: FakeStorage, broker: FakeBroker, contracts: Contracts
) -> None:
    contract, owner = broker.list("AAPL"), await stored(storage, AAPL)
    assert await contracts.of(owner) == contract
    assert await contracts.of(owner) == contract
    assert len(broker.contract_requests) == 1
    after = await seen(storage, "AAPL")
    assert (after.verified_result, after.contract_id) == (Verification.VALID, contract.con_id)


async def test_those_who_ask_at_once_share_one_question(
    storage: FakeStorage, broker: FakeBroker, contracts: Contracts
) -> None:
    contract, owner = broker.list("AAPL"), await stored(storage, AAPL)
    broker.delay_s = 0.01
    first = asyncio.create_task(contracts.of(owner))
    others = [asyncio.create_task(contracts.of(owner)) for _ in range(4)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [contract] * 4
    assert len(broker.contract_requests) == 1


async def test_an_unknown_instrument_is_recorded_and_stays_as_it_is(storage: FakeStorage, contracts: Contracts) -> None:
    with pytest.raises(FailedPrecondition) as refusal:
        await contracts.of(await stored(storage, AAPL))
    assert refusal.value.reason is Reason.SYMBOL_UNKNOWN_TO_BROKER
    assert refusal.value.metadata == {"symbol": "AAPL.NASDAQ"}
    after = await seen(storage, "AAPL")
    assert (after.verified_result, after.instrument.active) == (Verification.INVALID, True)
    assert after.verified_reason == "the broker knows no AAPL.NASDAQ.USD"


async def test_an_ambiguous_instrument_names_its_candidates(
    storage: FakeStorage, broker: FakeBroker, contracts: Contracts
) -> None:
    broker.list("AAPL", name="Apple")
    broker.list("AAPL", name="Pomaceous")
    with pytest.raises(InvalidInput) as refusal:
        await contracts.of(await stored(storage, AAPL))
    assert refusal.value.reason is Reason.SYMBOL_AMBIGUOUS
    assert refusal.value.metadata["candidates"] == "AAPL.NASDAQ.USD (Apple); AAPL.NASDAQ.USD (Pomaceous)"


async def test_a_broker_that_fails_changes_nothing(
    storage: FakeStorage, broker: FakeBroker, contracts: Contracts
) -> None:
    contract, owner = broker.list("AAPL"), await stored(storage, AAPL)
    broker.fail_next(FailureCategory.TIMEOUT, what="contracts")
    with pytest.raises(SourceFailure):
        await contracts.of(owner)
    assert (await seen(storage, "AAPL")).verified_result is Verification.NEVER
    assert await contracts.of(owner) == contract


async def test_many_are_told_apart(storage: FakeStorage, broker: FakeBroker, contracts: Contracts) -> None:
    known = [Instrument(f"A{number}", "NASDAQ", "USD") for number in range(40)]
    listed: list[BrokerContract] = [broker.list(one.symbol) for one in known]
    owners = [await stored(storage, one) for one in known]
    unknown, broken = await stored(storage, AAPL), await stored(storage, BHP)
    await contracts.of(owners[0])
    broker.fail_next(FailureCategory.TIMEOUT, what="contracts", symbol="BHP")
    found = await contracts.of_many([*owners, unknown, broken, owners[1]])
    assert [found[owner.key] for owner in owners] == listed
    assert isinstance(found[unknown.key], FailedPrecondition)
    assert isinstance(found[broken.key], SourceFailure)
    assert len(broker.contract_requests) == 42


async def test_a_lost_broker_is_not_asked_about_the_rest(
    storage: FakeStorage, broker: FakeBroker, contracts: Contracts
) -> None:
    owners = [await stored(storage, Instrument(f"A{number}", "NASDAQ", "USD")) for number in range(100)]
    broker.deadline_s = 0.01
    broker.set_state(ConnectionState.DOWN)
    found = await contracts.of_many(owners)
    assert all(isinstance(found[owner.key], SourceFailure) for owner in owners)
    assert len(broker.contract_requests) == QUESTIONS_AT_ONCE


async def test_one_that_is_gone_is_not_found(storage: FakeStorage, broker: FakeBroker, contracts: Contracts) -> None:
    broker.list("AAPL")
    owner = await stored(storage, AAPL)
    gone = replace(owner, key=99)
    with pytest.raises(NotFound):
        await contracts.of(gone)
