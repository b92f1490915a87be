"""A strategy of a user's file at work behind real locks, and held against the same in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from scizor.adapters.sandbox import LockedSandbox, SandboxSettings
from scizor.engine.market import Market
from scizor.engine.settings import Settings
from scizor.ports.sandbox import Limits
from scizor.services.research.live_parts import Start, Step
from scizor.services.research.live_talk import WARM, live_talk
from scizor.strategy import StrategyError
from scizor.strategy.live import Intent, View, live_of
from scizor.strategy.loader import load
from tests.unit.strategy.build import random_panel
from tests.unit.strategy.live_host import Host, rows_of

MINE = """
from scizor.strategy import EventStrategy, Int, indicators as ta

class Mine(EventStrategy):
    window = Int(5, 2, 50, "Bars")
    mean = ta.sma(window=window)

    def on_bar(self, ctx):
        for symbol in ctx.symbols:
            if ctx.close(symbol) > self.mean[symbol] and not ctx.position(symbol) and not ctx.orders(symbol):
                close = ctx.close(symbol)
                ctx.bracket(symbol, 10, take_profit=round(close * 1.03, 2), stop_loss=round(close * 0.98, 2))

    def on_fill(self, ctx, fill):
        print(fill.symbol, fill.quantity)
"""


ENDLESS = """
from scizor.strategy import EventStrategy
class Endless(EventStrategy):
    def on_bar(self, ctx):
        while True: pass
"""


@pytest.fixture(scope="module")
async def warmed() -> AsyncIterator[LockedSandbox]:
    made = LockedSandbox(SandboxSettings(preload=(WARM,)))
    try:
        await made.start()
        yield made
    finally:
        await made.close()


async def test_behind_the_locks_it_asks_for_what_it_asks_for_here_and_goes_on_after_a_restart(
    warmed: LockedSandbox,
) -> None:
    market, settings = Market(random_panel(150, 4, 3)), Settings()
    symbols = market.panel.symbols
    host = Host(live_of(load(MINE, "mine.py")(window=7), symbols, settings), market, settings, first_row=20)
    host.run()
    start = Start(symbols, settings, source=MINE, file="mine.py", parameters={"window": 7})
    asked: list[Intent] = []
    printed = ""
    async with live_talk(warmed, start, Limits()) as talk:
        await talk.warm(rows_of(market.panel)[:20])
        for row, view in host.seen[:60]:
            asked += await talk.tell(view) if row is None else await talk.row(row, view)
            printed += talk.printed
    async with live_talk(warmed, start, Limits()) as talk:
        await talk.warm(rows_of(market.panel)[:20])
        await talk.replay([Step(view, row) for row, view in host.seen[:60]])
        for row, view in host.seen[60:]:
            asked += await talk.tell(view) if row is None else await talk.row(row, view)
        await talk.stop(View(1.0, 1.0))
    assert asked == host.asked
    assert len(asked) > 30
    assert "S0 10.0\n" in printed


async def test_a_bar_that_takes_too_long_is_the_strategys_fault_and_names_its_line(warmed: LockedSandbox) -> None:
    market = Market(random_panel(3, 2, 3))
    start = Start(market.panel.symbols, Settings(), ENDLESS, "s.py")
    async with live_talk(warmed, start, Limits(), deadline_s=0.3) as talk:
        rows = rows_of(market.panel)
        await talk.warm(rows[:2])
        with pytest.raises(StrategyError, match=r"s\.py:5: no end within 0\.3 s"):
            await talk.row(rows[2], View(1.0, 1.0))


async def test_a_text_that_cannot_be_loaded_is_not_begun(warmed: LockedSandbox) -> None:
    with pytest.raises(StrategyError, match=r"s\.py:1: SyntaxError"):
        async with live_talk(warmed, Start(("A",), Settings(), "def", "s.py"), Limits()):
            pytest.fail("it was begun")
