"""One deployment at work: rows come, its strategy decides, the desk is asked.

What it was shown and what it asked for is stored before any of it is carried out. So a service that dies goes on where
it was: the same rows and views make the same strategy, the orders of the last moment are asked for again under the
names they have, and none is placed twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

import structlog

from scizor.domain.errors import AlreadyExists, FailedPrecondition, InvalidInput, NotFound, ScizorError, Unavailable
from scizor.domain.trading.deployments import DeploymentState, Step, acts_on_missed
from scizor.services.trading.deployments.memory import Memory
from scizor.services.trading.deployments.moments import Moment, recall, told
from scizor.services.trading.deployments.orders import Cancelling, Deed, deeds_of
from scizor.services.trading.deployments.players import Player, Players
from scizor.services.trading.deployments.record import Record
from scizor.services.trading.deployments.rows import Coming, Rows
from scizor.services.trading.deployments.stakes import client_id
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.drafts import Actor
from scizor.services.trading.desk.listings import Listings
from scizor.strategy.errors import StrategyError
from scizor.strategy.live import Intent

_LOOK_S: Final = 0.5
_RETRY_S: Final = 0.5
_WARM_ROWS: Final = 2_000
_AT_WORK: Final = {DeploymentState.RUNNING, DeploymentState.PAUSED}
_SOON: Final = timedelta(minutes=5)
"""A row that closed no longer before work began was not missed: another process, or this one, takes over in seconds.

So long, too, is carried out what was asked for without a row.
"""

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")


class ProcessDied(Unavailable):
    """The process of the strategy is gone, and nobody knows why: perhaps for what its code did."""


class Crew:
    """`record`: the deployment as it is stored. Works while it is STARTING, RUNNING or PAUSED."""

    def __init__(self, record: Record, desk: Desk, rows: Rows, players: Players, listings: Listings) -> None:
        self._record, self._desk, self._rows = record, desk, rows
        self._players, self._listings = players, listings
        self._memory = Memory(record.deployment, record.storage)
        self._purse = self._memory.purse
        self._newest_ns = self._known_ns = 0
        self.sequence = 0
        """Of the newest moment that is stored."""
        self._session: date | None = None
        self._news = asyncio.Event()
        self._began = rows.now()
        self._actor = Actor(f"strategy {record.deployment.spec.strategy_id}", f"deployment {record.deployment.id}")

    async def run(self) -> None:
        """Until the deployment is to stop or has failed. Raises Unavailable where something it needs is away."""
        try:
            async with self._players.play(self._record.stored) as player:
                last = await self._recalled(player)
                following = asyncio.create_task(self._follow())
                try:
                    await self._work(player, last)
                finally:
                    following.cancel()
                    await asyncio.gather(following, return_exceptions=True)
        except StrategyError as error:
            bar = "" if error.time or self._session is None else f", at the bar of {self._session.isoformat()}"
            await self._record.step(Step.FAILED, error=f"{error.message}{bar}")

    async def _recalled(self, player: Player) -> Moment:
        """Bring the strategy to where it was: rows before it acted, then all it was shown since."""
        moments = await recall(self._record.storage, self._record.deployment.id)
        until = datetime.fromtimestamp(moments[0].newest_ns / 1e9, UTC) if moments else self._began
        past = await self._rows.before(until, _WARM_ROWS)
        await _alive(player.warm(past.rows, {place: told(splits) for place, splits in past.splits.items()}))
        if past.rows:
            self._purse.closed(past.rows[-1].bars)
        if not moments:
            newest_ns = past.rows[-1].close_ns if past.rows else int(self._began.timestamp()) * 1_000_000_000
            self._memory.heard, self._newest_ns, self._known_ns = self._desk.books.sequence, newest_ns, newest_ns
            return await self._keep(Moment(1, self._memory.heard, newest_ns, self._began, self._purse.view()))
        known = await self._rows.before(self._began, 1)
        self._known_ns = known.rows[-1].close_ns if known.rows else 0
        await self._memory.relive(moments, self._desk.books)
        self._memory.hear_no_more()
        self.sequence, self._newest_ns = moments[-1].sequence, moments[-1].newest_ns
        await _alive(player.replay([one.step for one in moments]))
        return moments[-1]

    async def _work(self, player: Player, last: Moment) -> None:
        if self._record.deployment.may_trade:
            await self._carry_out(last.intents, last.until)
        if self._record.deployment.state is DeploymentState.STARTING:
            await self._record.step(Step.WARMED)
        coming: asyncio.Task[Coming] | None = None
        try:
            while self._record.deployment.state in _AT_WORK:
                coming = coming or asyncio.create_task(self._rows.next(self._newest_ns))
                await self._something(coming)
                await self._record.refresh()
                if coming.done():
                    row, coming = coming.result(), None
                    await self._row(player, row)
                elif self._purse.has_news:
                    await self._tell(player)
        finally:
            if coming:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        if self._record.deployment.state is DeploymentState.STOPPING:
            with suppress(StrategyError, Unavailable):
                await player.stop(self._purse.view())

    async def _something(self, coming: asyncio.Task[Coming]) -> None:
        """Wait for a row, for news of orders, or until it is time to see how the deployment stands."""
        news = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait({coming, news}, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        self._news.clear()

    async def _row(self, player: Player, coming: Coming) -> None:
        row, deployment = coming.row, self._record.deployment
        self._session = row.session
        end, now = _closed(row.close_ns), self._rows.now()
        acting = deployment.may_trade and self._to_be_acted_on(coming, end, now)
        for split in coming.splits:
            self._purse.split(split.symbol, split.ratio, split.time)
        self._purse.closed(row.bars)
        view, heard = self._purse.view(), self._memory.heard
        intents = await _alive(player.row(row, view, acting=acting, splits=told(coming.splits)))
        self._newest_ns = row.close_ns
        until = end + coming.fresh_for
        next_one = Moment(self.sequence + 1, heard, row.close_ns, until, view, row, coming.splits, tuple(intents))
        await self._keep(next_one, end)
        await self._carry_out(intents, until)

    def _to_be_acted_on(self, coming: Coming, end: datetime, now: datetime) -> bool:
        """What was stored before work began was missed, unless it had just closed; what came since was not."""
        if now - end > coming.fresh_for:
            return False
        if coming.row.close_ns > self._known_ns or end > self._began - _SOON:
            return True
        return coming.newest and acts_on_missed(self._record.deployment, end, end, now, coming.fresh_for)

    async def _tell(self, player: Player) -> None:
        view, heard = self._purse.view(), self._memory.heard
        intents = await _alive(player.tell(view, acting=self._record.deployment.may_trade))
        until = self._rows.now() + _SOON
        await self._keep(Moment(self.sequence + 1, heard, self._newest_ns, until, view, intents=tuple(intents)))
        await self._carry_out(intents, until)

    async def _keep(self, moment: Moment, bar_end: datetime | None = None) -> Moment:
        await self._record.keep(moment, bar_end)
        self.sequence = moment.sequence
        return moment

    async def _carry_out(self, intents: Sequence[Intent], until: datetime) -> None:
        """In their order, each tried while the gate is closed, until it is too late or no longer wanted."""
        if not intents:
            return
        for deed in await deeds_of(self._record.deployment, intents, self._listings):
            await self._carried_out(deed, until)

    async def _carried_out(self, deed: Deed, until: datetime) -> None:
        about = {"deployment": self._record.deployment.id, "deed": repr(deed)}
        while self._rows.now() < until:
            try:
                await self._record.refresh()
                if not self._is_wanted(deed):
                    _log.info("order_not_wanted", state=self._record.deployment.state.name, **about)
                    return
                await self._do(deed)
            except Unavailable as error:
                _log.warning("order_waits", error=error.message, **about)
                await asyncio.sleep(_RETRY_S)
            except (FailedPrecondition, InvalidInput, AlreadyExists, NotFound) as error:
                _log.warning("order_not_taken", error=error.message, **about)
                return
            else:
                return
        _log.warning("order_too_late", **about)

    def _is_wanted(self, deed: Deed) -> bool:
        """A person may have paused or stopped it while an order waited. Cancels are carried out while it is paused."""
        deployment = self._record.deployment
        return deployment.may_trade or (isinstance(deed, Cancelling) and deployment.state is DeploymentState.PAUSED)

    async def _do(self, deed: Deed) -> None:
        if not isinstance(deed, Cancelling):
            await self._desk.place(deed.draft, self._actor)
            return
        order = self._desk.books.by_client_id(client_id(self._record.deployment.id, deed.number))
        if order is not None and not order.state.ended:
            await self._desk.cancel(order.id, self._actor)

    async def _follow(self) -> None:
        """Hear what becomes of its orders."""
        while True:
            try:
                async for entry in self._desk.watch(self._memory.heard):
                    if entry is not None and self._memory.take(entry):
                        self._news.set()
            except ScizorError as error:
                _log.warning("orders_not_followed", deployment=self._record.deployment.id, error=error.message)
                await asyncio.sleep(_RETRY_S)


async def _alive(answer: Awaitable[_T]) -> _T:
    """What a player answers. Raises ProcessDied where it cannot any more."""
    try:
        return await answer
    except Unavailable as error:
        raise ProcessDied(error.message, error.reason) from error


def _closed(close_ns: int) -> datetime:
    return datetime.fromtimestamp(close_ns / 1e9, UTC)
