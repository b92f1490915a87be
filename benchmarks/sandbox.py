"""What the locks cost: the wait for the first line of uploaded code, and an event strategy's bar behind them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.engine.data import minutes
from benchmarks.engine.ours import SETTINGS, panel
from benchmarks.peers.common import Bars
from scizor.adapters.sandbox import LockedSandbox, SandboxSettings
from scizor.ports.sandbox import Answer, Limits, OnMessage, Question
from scizor.strategy.loader import load
from scizor.strategy.run import run

ROOT = Path(__file__).parents[1]
PROGRAM = "benchmarks.sandbox:compute"
UPLOADED = '''
import time

began = time.perf_counter()

from scizor.strategy import EventStrategy, indicators


class Crosses(EventStrategy):
    """Buys 100 shares when the fast mean comes to be above the slow one, sells them when it is no more."""

    fast_mean = indicators.sma("close", window=10)
    slow_mean = indicators.sma("close", window=30)

    def on_start(self, ctx):
        (self.symbol,) = ctx.symbols
        self.held, self.began = False, began

    def on_bar(self, ctx):
        above = self.fast_mean[self.symbol] > self.slow_mean[self.symbol]
        if above != self.held:
            (ctx.buy if above else ctx.sell)(self.symbol, 100)
            self.held = above
'''


@dataclass(frozen=True, slots=True)
class Measured:
    """`start_ms`: from the request to the first line of the code. Nanoseconds a bar are of the same strategy."""

    start_ms: float
    slowest_start_ms: float
    locked_ns: float
    in_process_ns: float

    @property
    def slower(self) -> float:
        """How much longer a bar takes behind the locks."""
        return self.locked_ns / self.in_process_ns - 1.0


def compute(question: Question, _: OnMessage) -> Answer:
    """Our program: loads the code and runs it over the question's bars."""
    strategy = load(str(question.document["source"]), "crosses.py")()
    market = panel(Bars(**question.arrays))
    started = time.perf_counter()
    finished = run(strategy, market, SETTINGS)
    seconds = time.perf_counter() - started
    document: dict[str, Any] = {
        "began": vars(finished.strategy)["began"],
        "seconds": seconds,
        "trades": len(finished.result.trades),
        "equity": float(finished.result.equity[-1]),
    }
    return Answer(document)


def warm() -> None:
    """What a service's warden does before its first run."""
    compute(Question({"source": UPLOADED}, minutes(1_000)._asdict()), lambda _: None)


async def measure(rounds: int = 15, n_bars: int = 100_000) -> Measured:
    """Medians; the runs behind the locks and those without take turns."""
    bars, starts = minutes(n_bars)._asdict(), []
    locked, free = [], []
    document: Mapping[str, Any] = {"source": UPLOADED}
    sandbox = LockedSandbox(SandboxSettings(preload=("benchmarks.sandbox:warm",), import_roots=(ROOT,)))
    warm()
    try:
        await sandbox.start()
        for _ in range(rounds):
            asked = time.perf_counter()
            there = await sandbox.run(PROGRAM, document, bars, Limits())
            here = compute(Question(document, bars), lambda _: None)
            assert there.document["equity"] == here.document["equity"]
            starts.append(there.document["began"] - asked)
            locked.append(there.document["seconds"])
            free.append(here.document["seconds"])
    finally:
        await sandbox.close()
    a_bar = 1e9 / n_bars
    return Measured(median(starts) * 1e3, max(starts) * 1e3, median(locked) * a_bar, median(free) * a_bar)


def lines() -> list[str]:
    """The report's."""
    found = asyncio.run(measure())
    return [
        "An event strategy over 100,000 one-minute bars, in a locked process of its own and in this one, in turns.",
        "The start is from the request, with its bars, to the first line of the uploaded code.",
        "",
        "| start, ms | slowest start, ms | ns a bar, locked | ns a bar, in process | slower |",
        "|---:|---:|---:|---:|---:|",
        f"| {found.start_ms:.1f} | {found.slowest_start_ms:.1f} | {found.locked_ns:,.0f} | {found.in_process_ns:,.0f} |"
        f" {found.slower:+.1%} |",
        "",
    ]


if __name__ == "__main__":
    print("\n".join(lines()))
