"""Strategies are not put to work on bars shorter than a session: nothing collects those while a session goes on."""

from __future__ import annotations

from decimal import Decimal

import pytest

from scizor.domain.errors import InvalidInput
from scizor.domain.intervals import Interval
from scizor.domain.trading.deployments import DeploymentSpec
from scizor.domain.trading.trading_state import TradingState
from scizor.services.trading.deployments.app import Deployments
from tests.fakes.storage import FakeStorage
from tests.unit.trading_desk.world import ACCOUNT, ME, NAME, Clock


@pytest.mark.parametrize("interval", [one for one in Interval if one.intraday], ids=lambda one: one.word)
async def test_a_deployment_on_shorter_bars_is_refused_at_its_start(interval: Interval) -> None:
    storage = FakeStorage()
    deployments = Deployments(storage, Clock(), lambda _: TradingState.ACTIVE, lambda _: True, lambda: None)
    spec = DeploymentSpec("sma_cross", 0, {}, (NAME,), ACCOUNT, Decimal(100_000), "USD")
    with pytest.raises(InvalidInput, match=rf"deployment.interval: must be one day.*{interval.word}"):
        async with storage.begin() as work:
            await deployments.start(work, spec, interval, ME)
