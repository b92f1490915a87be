"""One deployment at work: rows come, its strategy decides, the desk is asked.

What it was shown and what it asked for is stored before any of it is carried out. So a service that dies goes on where
it was: the same rows and views make the same strategy, the orders of the last row are asked for again under the names
they have, and none is placed twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from scizor.services.trading.deployments.memory import Memory, Moment
from scizor.services.trading.deployments.rows import Rows

from scizor.domain.errors import AlreadyExists, FailedPrecondition, InvalidInput, NotFound, ScizorError, Unavailable
from scizor.domain.trading.deployments import DeploymentState, Step, acts_on_missed
from scizor.ports.clock import Clock
from scizor.services.trading.deployments.orders import Cancelling, Deed, deeds_of
from scizor.services.trading.deployments.player import Player, Players
from scizor.services.trading.deployments.record import Record
from scizor.services.trading.deployments.stakes import Purse
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.desk.listings import Listings
from scizor.strategy.errors import StrategyError
from scizor.strategy.live import Intent, Row

_LOOK_S: Final = 0.5
_RETRY_S: Final = 0.5
_MOST_LATE: Final = timedelta(minutes=5)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What crews stand on. `skew`: the broker's clock less ours, that of a replay."""

    clock: Clock
    players: Players
    listings: Listings
    memory: Memory


class Crew:
    """`record`: the deployment as it is stored. Works while it is STARTING, RUNNING or PAUSED."""

    def __init__(self, record: Record, desk: Desk, rows: Rows, means: Means) -> None:
        self._record, self._desk, self._rows, self._means = record, desk, rows, means
        self._purse = Purse(record.deployment)
        self._heard = 0
        self._sequence = 0
        self._last: Row | None = None
        self._news = asyncio.Event()
        self._actor = Actor(f"strategy {record.deployment.spec.strategy_id}", f"deployment {record.deployment.id}")

    async def run(self) -> None:
        """Until the deployment is to stop or has failed. Raises Unavailable where something it needs is away."""
        try:
            async with self._means.players.play(self._record.stored) as player:
                moments = await self._recalled(player)
                following = asyncio.create_task(self._follow())
                try:
                    await self._work(player, moments)
                finally:
                    following.cancel()
                    await asyncio.gather(following, return_exceptions=True)
        except StrategyError as error:
            await self._record.step(Step.FAILED, error=error.message)

    async def _recalled(self, player: Player) -> Sequence[Moment]:
        """Bring the strategy to where it was: rows before it acted, then all it was shown since."""
        for ratio in await self._rows.warm_up(player):
            self._purse.split(*ratio)
        moments = await self._means.memory.of(self._record.deployment.id)
        self._heard = moments[0].heard if moments else self._desk.books.sequence
        until = moments[-1].heard if moments else self._heard
        async for entry in self._means.memory.entries(self._desk.account, self._heard, until):
            self._purse.heard(entry)
        self._heard = until
        self._purse.forget_news()
        for one in moments:
            await self._replay(player, one)
        return moments

    async def _replay(self, player: Player, one: Moment) -> None:
        for symbol, ratio, time in one.splits:
            await player.split(symbol, float(ratio))
            self._purse.split(symbol, ratio, time)
        if one.row is None:
            await player.tell(one.view, acting=False)
        else:
            await player.advance(one.row, one.view, acting=False)
            self._purse.closed(one.row.bars)
            self._last = one.row
        self._sequence = one.sequence

    async def _work(self, player: Player, moments: Sequence[Moment]) -> None:
        began = self._rows.now()
        if moments and self._record.deployment.may_trade and began - _end(moments[-1]) <= _MOST_LATE:
            await self._carry_out(moments[-1].intents, began + _MOST_LATE)
        if self._record.deployment.state is DeploymentState.STARTING:
            await self._record.step(Step.WARMED)
        coming: asyncio.Task[Row] | None = None
        try:
            while self._record.deployment.state in (DeploymentState.RUNNING, DeploymentState.PAUSED):
                coming = coming or asyncio.create_task(self._rows.next(self._last.close_ns if self._last else None))
                await self._something(coming)
                await self._record.refresh()
                if coming.done():
                    row, coming = coming.result(), None
                    await self._row(player, row, began)
                elif self._purse.has_news:
                    await self._tell(player)
        finally:
            if coming:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        with suppress(StrategyError):
            await player.stop(self._purse.view())

    async def _something(self, coming: asyncio.Task[Row]) -> None:
        """Wait for a row, for news of orders, or until it is time to see how the deployment stands."""
        news = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait({coming, news}, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        self._news.clear()

    async def _row(self, player: Player, row: Row, began: datetime) -> None:
        end = datetime.fromtimestamp(row.close_ns / 1e9, UTC)
        deployment, now = self._record.deployment, self._rows.now()
        missed = end <= began
        acting = deployment.may_trade and (
            not missed or acts_on_missed(deployment, end, end, now, self._rows.length)
        )
        splits = await self._rows.splits(self._last, row)
        for symbol, ratio, time in splits:
            await player.split(symbol, float(ratio))
            self._purse.split(symbol, ratio, time)
        self._purse.closed(row.bars)
        view, heard = self._purse.view(), self._heard
        intents = await player.advance(row, view, acting=acting)
        self._last = row
        self._sequence += 1
        moment = Moment(self._sequence, heard, view, tuple(intents), row, tuple(splits))
        await self._record.keep(moment, end)
        await self._carry_out(intents, now + min(self._rows.length, _MOST_LATE))

    async def _tell(self, player: Player) -> None:
        view, heard = self._purse.view(), self._heard
        intents = await player.tell(view, acting=self._record.deployment.may_trade)
        self._sequence += 1
        await self._record.keep(Moment(self._sequence, heard, view, tuple(intents)), None)
        await self._carry_out(intents, self._rows.now() + min(self._rows.length, _MOST_LATE))

    async def _carry_out(self, intents: Sequence[Intent], until: datetime) -> None:
        """In their order, each tried while the gate is closed, until it is too late for it."""
        if not intents:
            return
        for deed in await deeds_of(self._record.deployment, intents, self._means.listings):
            while True:
                try:
                    await self._do(deed)
                except Unavailable as error:
                    if self._rows.now() < until:
                        await asyncio.sleep(_RETRY_S)
                        continue
                    _log.warning("order_too_late", deployment=self._record.deployment.id, error=error.message)
                except (FailedPrecondition, InvalidInput, AlreadyExists, NotFound) as error:
                    _log.info("order_not_taken", deployment=self._record.deployment.id, error=error.message)
                break

    async def _do(self, deed: Deed) -> None:
        if isinstance(deed, Cancelling):
            order_id = self._purse.order_id(deed.number)
            if order_id is not None:
                await self._desk.cancel(order_id, self._actor)
        else:
            await self._desk.place(deed.draft, self._actor)

    async def _follow(self) -> None:
        """Hear what becomes of its orders."""
        while True:
            try:
                async for entry in self._desk.watch(self._heard):
                    if entry is not None:
                        self._heard = entry.sequence
                        if self._purse.heard(entry):
                            self._news.set()
            except ScizorError as error:
                _log.warning("orders_not_followed", deployment=self._record.deployment.id, error=error.message)
                await asyncio.sleep(_RETRY_S)


def _end(moment: Moment) -> datetime:
    return datetime.fromtimestamp(moment.row.close_ns / 1e9, UTC) if moment.row else datetime.min.replace(tzinfo=UTC)
