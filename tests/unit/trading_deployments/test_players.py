"""What a strategy at work is made of: its code, its symbols, and the account it believes in."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scizor.domain.errors import NotFound
from scizor.domain.orders import AccountType
from scizor.domain.trading.deployments import Deployment, DeploymentSpec
from scizor.engine.costs import Financing
from scizor.engine.costs.schedules import ib_fixed_asx, ib_fixed_us
from scizor.engine.market import Listing
from scizor.ports.trading import StoredDeployment
from scizor.services.trading.deployments.players import LockedPlayers, settings_of
from tests.fakes.storage import FakeStorage
from tests.unit.trading_account.build import AAPL, BHP, NOON


class Listings:
    """Lots of 100 and ticks of half a cent."""

    async def find(self, _symbol: str) -> SimpleNamespace:
        return SimpleNamespace(lot=Decimal(100), tick=Decimal("0.005"))


def stored(*symbols: str, currency: str = "USD", version: int = 0) -> StoredDeployment:
    spec = DeploymentSpec("dips", version, {"fast": 5}, symbols, "DU1", Decimal(25_000), currency)
    return StoredDeployment(Deployment("d1", spec), 1, "", NOON, NOON)


def players() -> LockedPlayers:
    return LockedPlayers(cast("Any", FakeStorage()), cast("Any", None), cast("Any", Listings()))


@pytest.mark.parametrize(("symbol", "currency", "schedule"), [(AAPL, "USD", ib_fixed_us), (BHP, "AUD", ib_fixed_asx)])
def test_it_believes_in_its_own_capital_on_margin_at_the_brokers_prices(
    symbol: str, currency: str, schedule: Any
) -> None:
    settings = settings_of(stored(symbol, currency=currency))
    assert (settings.initial_cash, settings.base_currency) == (25_000.0, currency)
    assert settings.account is AccountType.MARGIN
    assert settings.commission == schedule()
    assert settings.financing == Financing.none()


async def test_what_came_with_the_system_needs_no_source() -> None:
    start = await players().start(stored(AAPL))
    assert (start.builtin, start.source, start.parameters) == ("dips", "", {"fast": 5})
    assert start.listings == {AAPL: Listing("USD", 100.0, 0.005)}


async def test_stored_code_is_that_of_its_version() -> None:
    made = players()
    storage = cast("FakeStorage", made.storage)
    storage.tables.versions["dips", 2] = (cast("Any", None), "class Dips: ...")
    start = await made.start(stored(AAPL, version=2))
    assert (start.builtin, start.source, start.file) == ("", "class Dips: ...", "dips.py")
    with pytest.raises(NotFound):
        await made.start(stored(AAPL, version=3))
