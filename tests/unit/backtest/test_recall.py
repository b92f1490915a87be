"""What was computed before is found again, and only that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from scizor.adapters.calendar import ExchangeSessions
from scizor.domain.backtests import BacktestState
from scizor.services.backtest.recall import Recall
from tests.unit.backtest.build import FIRST_SESSION, App, spec_of, store_bars, waves
from tests.unit.backtest.running import AAPL, ended, means_of, running
from tests.unit.backtest.texts import EVENT, GOOD


def recall_of(app: App, executor: ThreadPoolExecutor) -> Recall:
    return Recall(app.storage, app.clock, ExchangeSessions(app.clock), executor, app.backtests)


async def ran(app: App, executor: ThreadPoolExecutor, **spec: Any) -> str:
    job = await app.create(spec_of(**spec))
    async with running(means_of(app, executor)):
        assert (await ended(app, job.id)).progress.state is BacktestState.SUCCEEDED
    return job.id


@pytest.mark.parametrize("strategy_id", ["sma_cross", "mine"])
async def test_the_same_again_is_found_whatever_its_title(
    app: App, executor: ThreadPoolExecutor, strategy_id: str
) -> None:
    await app.store(GOOD, "mine")
    recall, asked = recall_of(app, executor), {"strategy_id": strategy_id, "parameters": {"fast": 3, "slow": 8}}
    assert await recall.find(spec_of(**asked)) is None  # type: ignore[arg-type] # by name
    first = await ran(app, executor, **asked)
    found = await recall.find(spec_of(["AAPL"], **asked, title="again"))  # type: ignore[arg-type] # by name
    assert found is not None
    assert (found.id, found.progress.state) == (first, BacktestState.SUCCEEDED)


async def test_other_bars_code_parameters_or_settings_are_another_run(app: App, executor: ThreadPoolExecutor) -> None:
    await app.store(GOOD, "mine")
    await ran(app, executor, strategy_id="mine", parameters={"fast": 3})
    recall = recall_of(app, executor)
    assert await recall.find(spec_of(strategy_id="mine", parameters={"fast": 4})) is None
    assert await recall.find(spec_of(strategy_id="mine", parameters={"fast": 3}, commission_bps=1.0)) is None
    await app.update("mine", source=EVENT)
    assert await recall.find(spec_of(strategy_id="mine", parameters={})) is None
    old = spec_of(strategy_id="mine", parameters={"fast": 3}, strategy_version=1)
    assert await recall.find(old) is not None
    await store_bars(app.storage, AAPL, waves(10, FIRST_SESSION + timedelta(days=300)))
    assert await recall.find(old) is None


async def test_what_is_held_against_a_benchmark_is_run_anew(app: App, executor: ThreadPoolExecutor) -> None:
    asked = {"strategy_id": "buy_and_hold", "benchmark": AAPL}
    await ran(app, executor, **asked)
    assert await recall_of(app, executor).find(spec_of(**asked)) is None  # type: ignore[arg-type] # by name
