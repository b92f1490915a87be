"""What a strategy traded live, beside what it would have traded in a backtest that began when it did."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Final

from scizor.domain.trading.money import Rates
from scizor.domain.trading.parity import ParityFill, ParityReport, compare
from scizor.ports.sandbox import Limits, Sandbox
from scizor.ports.storage import Storage
from scizor.ports.trading import StoredDeployment
from scizor.services.research.live_parts import Start, rows_parts
from scizor.services.research.replayed import ReplayedFill, replayed
from scizor.services.trading.deployments.rows import RowsOf
from scizor.services.trading.parity.stories import Bars, Story, told
from scizor.services.trading.parity.trades import backtest_trades, live_trades

_LIMITS: Final = Limits(cpu_s=60.0, wall_s=60.0)
_KEPT: Final = 32


class Parity:
    """`start`: what a strategy is made of; `rates`: of an account's currencies. Backtests are kept while bars stay."""

    def __init__(
        self,
        storage: Storage,
        sandbox: Sandbox,
        start: Callable[[StoredDeployment], Awaitable[Start]],
        rows: RowsOf,
        rates: Callable[[str], Rates],
    ) -> None:
        self._storage, self._sandbox, self._start = storage, sandbox, start
        self._rows, self._rates = rows, rates
        self._kept: dict[tuple[str, bytes], Sequence[ReplayedFill]] = {}
        self._asking = asyncio.Lock()

    async def reports(self, deployment_id: str, sessions: int) -> Sequence[ParityReport]:
        """The newest that have ended, newest first, `sessions` at most.

        A session's are the orders that were decided before it opened, whenever they filled. Raises
        NotFound(DEPLOYMENT_NOT_FOUND), StrategyError, Unavailable, FailedPrecondition(EXCHANGE_RATE_UNKNOWN,
        SANDBOX_UNAVAILABLE).
        """
        async with self._asking:
            story = await told(self._storage, self._rows, deployment_id)
            return [] if story is None else (await self._compared(story))[: -sessions - 1 : -1]

    async def _compared(self, story: Story) -> list[ParityReport]:
        """Oldest first."""
        spec, stored = story.deployment.deployment.spec, story.stored
        rates = self._rates(spec.account)
        rate = rates.of(spec.currency)
        live = _by_row(stored, await live_trades(self._storage, story, rates))
        backtest = _by_row(stored, backtest_trades(stored, await self._backtest(story, stored), rate))
        as_shown = backtest
        if story.shown != stored:
            as_shown = _by_row(stored, backtest_trades(story.shown, await self._backtest(story, story.shown), rate))
        reports: list[ParityReport] = []
        ends: dict[str, Decimal] = {}
        for place, row in enumerate(stored.rows):
            ends |= {symbol: Decimal(repr(bar.close)) for symbol, bar in row.bars.items()}
            if place > story.first:
                ours, theirs, meant = (one.get(place - 1, ()) for one in (live, backtest, as_shown))
                reports.append(compare(row.session, ours, theirs, ends=ends, rates=rates, as_shown=meant))
        return reports

    async def _backtest(self, story: Story, bars: Bars) -> Sequence[ReplayedFill]:
        """Of those bars, trading from the first that was shown on."""
        start = await self._start(story.deployment)
        key = story.deployment.deployment.id, await asyncio.to_thread(_digest, bars, start.symbols)
        if key not in self._kept:
            fills = await replayed(self._sandbox, start, bars.rows, bars.splits, story.first, _LIMITS)
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = fills
        return self._kept[key]


def _by_row(bars: Bars, fills: Iterable[ParityFill]) -> Mapping[int, list[ParityFill]]:
    """By the place of the row that decided them."""
    found: defaultdict[int, list[ParityFill]] = defaultdict(list)
    for one in fills:
        found[bars.row_of(one.decided)].append(one)
    return found


def _digest(bars: Bars, symbols: Sequence[str]) -> bytes:
    told = blake2b(repr(sorted(bars.splits.items())).encode(), digest_size=16)
    for array in rows_parts(bars.rows, symbols).values():
        told.update(array.tobytes())
    return told.digest()
