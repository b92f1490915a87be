"""The figures of trading, as a scraper finds them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from scizor.domain.errors import Reason, Unavailable
from scizor.domain.trading.deployments import Deployment, DeploymentSpec, DeploymentState
from scizor.domain.trading.trading_state import TradingState
from scizor.ports.trading import AccountState, StoredDeployment
from scizor.rpc.metrics import Readings
from scizor.services.trading.desk.books import AccountBooks
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.metrics import figures
from tests.unit.trading.build import NOW
from tests.unit.trading.calls.desks import Answers, Desks, FakeDesk, Storage


class BeingRead(FakeDesk):
    """A desk whose books are not read."""

    @property
    def books(self) -> AccountBooks:
        raise Unavailable("being read", Reason.TRADING_NOT_READY)

    @books.setter
    def books(self, _: AccountBooks) -> None:
        pass


def deployment(state: DeploymentState) -> StoredDeployment:
    spec = DeploymentSpec("sma", 1, {}, ("AAPL",), "DU1", Decimal(1000), "USD")
    return StoredDeployment(replace(Deployment(state.name, spec), state=state), 1, "", NOW, NOW)


def readings(*desks: FakeDesk, acts: bool = True) -> dict[str, Readings]:
    at_work = [deployment(DeploymentState.RUNNING), deployment(DeploymentState.ERROR)]
    every = figures(
        lambda: acts,
        Desks({one.account: one for one in desks}),
        lambda account: AccountState(account, TradingState.REDUCING, NOW),
        lambda account: at_work if account == "DU1" else [],
    )
    return {one.name.removeprefix("scizor_trading_"): one.read() for one in every}


def desk(account: str, kind: type[FakeDesk] = FakeDesk) -> FakeDesk:
    return kind(account, Storage(), Answers())


def true(found: Readings) -> set[tuple[str, ...]]:
    return {labels for labels, number in found.items() if number}


async def test_each_account_tells_its_gate_its_state_and_what_was_left_to_settle() -> None:
    one, other = desk("DU1"), desk("DU2")
    other.gate = GateState.RECONCILING
    await one.reconcile(Actor("", "test"))
    found = readings(one, other)
    assert found["acting"] == {(): 1}
    assert true(found["gate"]) == {("DU1", "OPEN"), ("DU2", "RECONCILING")}
    assert len(found["gate"]) == 2 * len(GateState)
    assert true(found["state"]) == {("DU1", "REDUCING"), ("DU2", "REDUCING")}
    assert found["open_orders"] == {("DU1",): 0, ("DU2",): 0}
    assert found["differences"] == {("DU1",): 1}
    assert found["reconciled_timestamp_seconds"] == {("DU1",): NOW.timestamp()}
    assert true(found["deployments"]) == {("DU1", "RUNNING"), ("DU1", "ERROR")}


async def test_of_an_account_that_is_anothers_only_the_gate_is_told() -> None:
    idle = desk("DU1")
    idle.gate = GateState.STANDBY
    found = readings(idle, acts=False)
    assert found.pop("acting") == {(): 0}
    assert true(found.pop("gate")) == {("DU1", "STANDBY")}
    assert all(each == {} for each in found.values())


async def test_books_that_are_being_read_have_no_number_and_the_others_have() -> None:
    found = readings(desk("DU1", BeingRead), desk("DU2"))
    assert found["open_orders"] == {("DU2",): 0}


async def test_before_any_account_is_known_nothing_is_told_of_any() -> None:
    found = readings(acts=False)
    assert found.pop("acting") == {(): 0}
    assert all(each == {} for each in found.values())
