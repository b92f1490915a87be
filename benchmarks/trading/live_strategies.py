"""Twenty event strategies at work on a hundred symbols of one-second bars, all of it on one core.

Each is uploaded code in a locked process of its own, which a crew of the Trading service shows every bar and whose
every moment it stores in PostgreSQL before it carries out an order. Service, strategies and database share the core.
Bars close by the machine's clock, at every whole second; the desk takes orders and does nothing with them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import numpy as np
import uvloop

from scizor.adapters.clock import SystemClock
from scizor.adapters.sandbox import LockedSandbox, SandboxSettings
from scizor.adapters.sql.embedded import EmbeddedPostgres
from scizor.adapters.sql.migrate import migrate
from scizor.adapters.sql.storage import SqlStorage
from scizor.domain.trading.deployments import Deployment, DeploymentSpec
from scizor.ports.sandbox import Limits, Sandbox
from scizor.ports.trading import StoredDeployment
from scizor.services.research.live_parts import Start
from scizor.services.research.live_talk import WARM, LiveTalk, live_talk
from scizor.services.trading.deployments.crew import Crew
from scizor.services.trading.deployments.players import settings_of
from scizor.services.trading.deployments.record import Record
from scizor.services.trading.deployments.rows import Coming, Past
from scizor.strategy.live import Intent, Row, View
from scizor.strategy.views import Bar

STRATEGIES, SYMBOLS, SECONDS = 20, 100, 20
_WARM_ROWS, _LEFT_OUT, _AHEAD_S = 300, 2, 2
_SECOND_NS: Final = 1_000_000_000
_WITHIN_S: Final = 60.0
_ACCOUNT: Final = "DU1"
UPLOADED: Final = '''
from scizor.strategy import EventStrategy, indicators


class Strongest(EventStrategy):
    """Holds the symbol whose fast mean is furthest above its slow one."""

    fast_mean = indicators.sma("close", window=10)
    slow_mean = indicators.sma("close", window=30)

    def on_start(self, ctx):
        self.held = ""

    def on_bar(self, ctx):
        strongest = max(ctx.symbols, key=lambda symbol: self.fast_mean[symbol] / self.slow_mean[symbol])
        if strongest != self.held:
            if self.held:
                ctx.sell(self.held, 100)
            ctx.buy(strongest, 100)
            self.held = strongest
'''


@dataclass(slots=True)
class Measured:
    """Milliseconds from the close of a bar, one for each bar and strategy. `orders`: how many were asked for."""

    answered: list[float] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    orders: int = 0

    @property
    def missed(self) -> int:
        """Bars that were not finished before the next one closed, or never."""
        return STRATEGIES * SECONDS - sum(one < 1e3 for one in self.finished)

    def lines(self) -> Iterable[str]:
        """A table, and what counts."""
        yield f"{STRATEGIES} uploaded event strategies, each on {SYMBOLS} symbols with two moving means, for {SECONDS}"
        yield "seconds of one-second bars. Service, locked processes and database share one core."
        yield ""
        yield "| from the close of a bar | p50, ms | p99, ms | max, ms |"
        yield "|---|---:|---:|---:|"
        for name, values in {
            "until a strategy has answered": self.answered,
            "until that is stored and its orders are with the desk": self.finished,
        }.items():
            p50, p99, most = np.percentile(values, [50, 99, 100])
            yield f"| {name} | {p50:.0f} | {p99:.0f} | {most:.0f} |"
        yield ""
        verdict = "met" if not self.missed else "MISSED"
        yield f"Missed bars: {self.missed} of {STRATEGIES * SECONDS}; none is asked: {verdict}. Orders: {self.orders}."
        yield ""


def lines() -> Iterable[str]:
    """On a database of its own."""
    with _one_core(), _database() as dsn:
        measured = uvloop.run(measure(dsn))
    yield from measured.lines()


async def measure(dsn: str) -> Measured:
    """On a migrated database, from the first strategy's start to the last one's last bar."""
    storage, measured = SqlStorage(dsn), Measured()
    sandbox = LockedSandbox(SandboxSettings(preload=(WARM,)))
    try:
        await sandbox.start()
        market, players, desk = _Market(), _Players(sandbox, measured), _Desk(measured)
        crews = [
            Crew(
                await _record(storage, number),
                cast("Any", desk),
                _Rows(market, measured),
                players,
                cast("Any", _Listings()),
            )
            for number in range(STRATEGIES)
        ]
        working = [asyncio.create_task(one.run()) for one in crews]
        try:
            await _until_warm(players, working)
            market.begin()
            await asyncio.wait(working, timeout=_LEFT_OUT + SECONDS + _AHEAD_S, return_when=asyncio.FIRST_COMPLETED)
            for one in working:
                if one.done():
                    one.result()
        finally:
            for one in working:
                one.cancel()
            await asyncio.gather(*working, return_exceptions=True)
    finally:
        await sandbox.close()
        await storage.close()
    return measured


class _Market:
    """A random walk of each symbol. Bars close from `begin` on, and were always closing before."""

    def __init__(self) -> None:
        count = _WARM_ROWS + _LEFT_OUT + SECONDS
        steps = np.random.default_rng(7).normal(0.0, 0.001, (count, SYMBOLS))
        closes = (100.0 * np.exp(np.cumsum(steps, axis=0))).round(2)
        self._bars = [
            {name: Bar(price, price, price, price, 1e4) for name, price in zip(NAMES, prices, strict=True)}
            for prices in closes.tolist()
        ]
        self.first_ns = 0
        self._began = asyncio.Event()

    def begin(self) -> None:
        """A bar that closes within `_AHEAD_S` is the first that is shown live."""
        self.first_ns = (time.time_ns() // _SECOND_NS + _AHEAD_S) * _SECOND_NS
        self._began.set()

    def past(self, until_ns: int) -> list[Row]:
        """The last bars that closed by then."""
        last_ns = until_ns // _SECOND_NS * _SECOND_NS
        return [_row(last_ns + (place - _WARM_ROWS + 1) * _SECOND_NS, self._bars[place]) for place in range(_WARM_ROWS)]

    async def next(self, after_ns: int) -> Row:
        """The oldest bar that closed later, live ones alone."""
        await self._began.wait()
        close_ns = max(after_ns + _SECOND_NS, self.first_ns)
        place = (close_ns - self.first_ns) // _SECOND_NS
        if place >= _LEFT_OUT + SECONDS:
            await asyncio.Event().wait()
        await asyncio.sleep(max(close_ns - time.time_ns(), 0) / 1e9)
        return _row(close_ns, self._bars[_WARM_ROWS + place])

    def counts(self, close_ns: int) -> bool:
        """Whether a bar is live, and none of the first, in which caches fill."""
        return close_ns >= self.first_ns + _LEFT_OUT * _SECOND_NS > 0 < self.first_ns


class _Rows:
    """What one crew is shown; that it asks for the next bar tells when it was done with the one before."""

    def __init__(self, market: _Market, measured: Measured) -> None:
        self._market, self._measured = market, measured

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def before(self, until: datetime, count: int) -> Past:
        return Past(self._market.past(int(until.timestamp() * 1e6) * 1000)[-count:])

    async def next(self, after_ns: int) -> Coming:
        if self._market.counts(after_ns):
            self._measured.finished.append((time.time_ns() - after_ns) / 1e6)
        return Coming(await self._market.next(after_ns), True, timedelta(seconds=1))


class _Players:
    """Uploaded code behind the locks. `warm`: how many have seen the past."""

    def __init__(self, sandbox: Sandbox, measured: Measured) -> None:
        self._sandbox, self._measured = sandbox, measured
        self.warm = 0

    @asynccontextmanager
    async def play(self, stored: StoredDeployment) -> AsyncIterator[_Timed]:
        start = Start(stored.deployment.spec.symbols, settings_of(stored), source=UPLOADED)
        async with live_talk(self._sandbox, start, Limits(wall_s=_WITHIN_S)) as talk:
            yield _Timed(talk, self, self._measured)


class _Timed:
    """One strategy, with a watch beside it."""

    def __init__(self, talk: LiveTalk, players: _Players, measured: Measured) -> None:
        self._talk, self._players, self._measured = talk, players, measured
        self.replay, self.tell, self.stop = talk.replay, talk.tell, talk.stop
        self._shown = 0

    async def warm(self, rows: Sequence[Row], splits: Mapping[int, Sequence[tuple[str, float]]] | None = None) -> None:
        await self._talk.warm(rows, splits)
        self._players.warm += 1

    async def row(
        self, row: Row, view: View, *, acting: bool = True, splits: Sequence[tuple[str, float]] = ()
    ) -> tuple[Intent, ...]:
        intents = await self._talk.row(row, view, acting=acting, splits=splits)
        self._shown += 1
        if self._shown > _LEFT_OUT:
            self._measured.answered.append((time.time_ns() - row.close_ns) / 1e6)
        return intents


class _Desk:
    """Takes every order, and tells nothing of it."""

    def __init__(self, measured: Measured) -> None:
        self.account, self.books = _ACCOUNT, SimpleNamespace(sequence=0)
        self._measured = measured

    async def place(self, _draft: object, _actor: object) -> None:
        self._measured.orders += 1

    async def watch(self, _after: int) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield None


class _Listings:
    """All are quoted in cents."""

    async def find(self, _symbol: str) -> SimpleNamespace:
        return SimpleNamespace(tick=Decimal("0.01"))


NAMES: Final = tuple(f"S{number:03}.NASDAQ.USD" for number in range(SYMBOLS))


def _row(close_ns: int, bars: Mapping[str, Bar]) -> Row:
    return Row(datetime.fromtimestamp(close_ns // _SECOND_NS, UTC).date(), close_ns - _SECOND_NS, close_ns, bars)


async def _record(storage: SqlStorage, number: int) -> Record:
    spec = DeploymentSpec(f"strongest_{number}", 0, {}, NAMES, _ACCOUNT, Decimal(1_000_000), "USD")
    clock = SystemClock()
    stored = StoredDeployment(Deployment(f"bench-{number:02}", spec), 1, "", clock.now(), clock.now())
    async with storage.begin() as work:
        await work.deployments.add(stored)
    return Record(stored, storage, clock)


async def _until_warm(players: _Players, working: Sequence[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while players.warm < STRATEGIES:
            for one in working:
                if one.done():
                    one.result()
            await asyncio.sleep(0.05)


@contextmanager
def _one_core() -> Iterator[None]:
    """Whatever starts inside stays on it."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def _database() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="scizor-bench-"))
    home.chmod(0o755)
    server = EmbeddedPostgres(home / "home")
    try:
        dsn = server.start()
        asyncio.run(migrate(dsn))
        yield dsn
    finally:
        server.stop()
        shutil.rmtree(home)


if __name__ == "__main__":
    print("\n".join(lines()))
