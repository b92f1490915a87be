"""Strategies of files behind the locks: honest ones compute what they compute anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scizor.adapters.sandbox import LockedSandbox
from scizor.ports.sandbox import Limits, Question
from scizor.strategy.errors import StrategyError
from tests.integration.sandbox.conftest import SETTINGS
from tests.integration.sandbox.inside.backtests import backtest

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

PROGRAM = "backtests:backtest"
CLOSES = 100 * np.exp(np.cumsum(np.random.default_rng(7).normal(0, 0.02, (500, 2)), axis=0))
VECTOR = """
import numpy as np
from numba import njit
from scizor.strategy import VectorStrategy, indicators as ta


@njit
def evenly(held):
    return held / held.shape[1]


class Mine(VectorStrategy):
    fast = ta.sma("close", window=3)
    slow = ta.ema("close", window=20)

    def targets(self, bars):
        print("once")
        return evenly((self.fast.matrix > self.slow.matrix).astype(np.float64))
"""
EVENT = """
from scizor.strategy import EventStrategy


class Mine(EventStrategy):
    def on_bar(self, ctx):
        if ctx.session.day == 5:
            ctx.buy(ctx.symbols[0], 3)
        elif ctx.session.day == 20:
            ctx.sell(ctx.symbols[0], 3)
"""
SPY = """
from scizor.strategy import EventStrategy


class Mine(EventStrategy):
    def on_bar(self, ctx):
        if ctx.session.isoformat() == "1970-03-01":
            open("/etc/shadow")
"""


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[LockedSandbox]:
    made = LockedSandbox(replace(SETTINGS, preload=("backtests:warm",), start_s=500))
    yield made
    await made.close()


@pytest.mark.parametrize("source", [VECTOR, EVENT], ids=["vector", "event"])
async def test_a_strategy_computes_the_same_behind_locks_compiling_included(
    sandbox: LockedSandbox, source: str
) -> None:
    said: list[Any] = []
    there = await sandbox.run(PROGRAM, {"source": source}, {"close": CLOSES}, Limits(wall_s=500), said.append)
    here = backtest(Question({"source": source}, {"close": CLOSES}), lambda _: None)
    assert there.document == here.document
    np.testing.assert_array_equal(there.arrays["equity"], here.arrays["equity"])
    assert said[-1] == {"done": 1000, "total": 1000}
    assert there.printed.startswith("once") == (source is VECTOR)


async def test_what_a_strategy_tries_in_a_bar_is_told_with_the_bar_and_the_line(sandbox: LockedSandbox) -> None:
    with pytest.raises(StrategyError) as caught:
        await sandbox.run(PROGRAM, {"source": SPY}, {"close": CLOSES}, Limits(wall_s=500))
    assert (caught.value.file, caught.value.line, caught.value.time) == ("mine.py", 8, "1970-03-01")
    assert "/etc/shadow" in caught.value.message
