"""Who is at work on the accounts this process acts for: every deployment that has not ended has one task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from scizor.domain.errors import FailedPrecondition, NotFound, ScizorError
from scizor.domain.trading.deployments import Deployment, DeploymentState, Step, StopMode
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.ports.trading import StoredDeployment
from scizor.services.trading.deployments.crew import Crew
from scizor.services.trading.deployments.moments import recall
from scizor.services.trading.deployments.players import Players
from scizor.services.trading.deployments.record import Record
from scizor.services.trading.deployments.rows import RowsOf
from scizor.services.trading.deployments.stakes import Purse
from scizor.services.trading.deployments.stopping import Stopping
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.desk.listings import Listings

_LOOK_S: Final = 2.0
_STEP_S: Final = 0.25
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_PAGE: Final = 1_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What crews stand on."""

    storage: Storage
    clock: Clock
    players: Players
    listings: Listings
    rows: RowsOf


class Roster:
    """Of all accounts. `desk`: of an account that is known."""

    def __init__(self, means: Means, desk: Callable[[str], Desk]) -> None:
        self._means, self._desk = means, desk
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, list[StoredDeployment]] = {}
        self._news = asyncio.Event()

    def wake(self) -> None:
        """A deployment was stored, or changed."""
        self._news.set()

    def unfinished(self, account: str) -> Sequence[StoredDeployment]:
        """Those of an account that have not ended, as they were read last."""
        return self._known.get(account, ())

    async def pause(self, account: str, strategy_id: str) -> None:
        """A breach of a limit pauses what a strategy does on an account. Raises Unavailable."""
        for stored in self.unfinished(account):
            if stored.deployment.spec.strategy_id == strategy_id:
                record = Record(stored, self._means.storage, self._means.clock)
                try:
                    await record.refresh()
                    await record.step(Step.PAUSE)
                except FailedPrecondition:
                    continue  # it does not trade as it is
        self.wake()

    async def run(self, accounts: Callable[[], Sequence[str]]) -> None:
        """See to it that each has its task, until cancelled."""
        try:
            while True:
                for account in accounts():
                    await self._look(account)
                try:
                    async with asyncio.timeout(_LOOK_S):
                        await self._news.wait()
                except TimeoutError:
                    pass
                self._news.clear()
        finally:
            await self._end(list(self._tasks))

    async def _look(self, account: str) -> None:
        desk = self._desk(account)
        if desk.gate is GateState.STANDBY:
            self._known.pop(account, None)
            await self._end([key for key in self._tasks if key.startswith(f"{account}/")])
            return
        try:
            async with self._means.storage.begin() as work:
                found = await work.deployments.unfinished(account)
        except ScizorError as error:
            _log.warning("deployments_not_read", account=account, error=error.message)
            return
        self._known[account] = list(found)
        if desk.gate is not GateState.OPEN:
            return
        for stored in found:
            key = f"{account}/{stored.deployment.id}"
            rests = stored.deployment.state is DeploymentState.ERROR and not _open_orders(desk, stored.deployment)
            if not rests and (key not in self._tasks or self._tasks[key].done()):
                self._tasks[key] = asyncio.create_task(self._at_work(stored, desk))

    async def _end(self, keys: Sequence[str]) -> None:
        tasks = [self._tasks.pop(key) for key in keys]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _at_work(self, stored: StoredDeployment, desk: Desk) -> None:
        """Until it has ended, or has failed; what is away is waited for."""
        record, pause_s = Record(stored, self._means.storage, self._means.clock), _FIRST_PAUSE_S
        about = {"deployment": stored.deployment.id, "strategy": stored.deployment.spec.strategy_id}
        while True:
            try:
                await record.refresh()
                if await self._one_turn(record, desk):
                    return
                pause_s = _FIRST_PAUSE_S
            except NotFound as error:  # its strategy, or a symbol of it, is gone
                await self._failed(record, error.message)
            except ScizorError as error:
                _log.warning("deployment_waits", error=error.message, **about)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            except Exception:  # noqa: BLE001 - whatever it is, the other deployments go on, and this one is tried again
                _log.exception("deployment_broke", **about)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _one_turn(self, record: Record, desk: Desk) -> bool:
        """Whether nothing is left to do."""
        deployment = record.deployment
        _log.info("deployment", deployment=deployment.id, state=deployment.state.name, error=deployment.error)
        match deployment.state:
            case DeploymentState.STARTING | DeploymentState.RUNNING | DeploymentState.PAUSED:
                means = self._means
                await Crew(record, desk, means.rows(record.stored), means.players, means.listings).run()
                return False
            case DeploymentState.STOPPING:
                await self._stop(record, desk)
                return True
            case DeploymentState.ERROR:
                await self._cancelled(deployment, desk)
                return True
            case _:
                return True

    async def _cancelled(self, deployment: Deployment, desk: Desk) -> None:
        """What has failed leaves no orders behind; what it holds is left to people."""
        ending = Stopping(replace(deployment, stop_mode=StopMode.CANCEL_ORDERS), desk)
        while True:
            if await ending.step({}):
                return
            await asyncio.sleep(_STEP_S)

    async def _stop(self, record: Record, desk: Desk) -> None:
        purse, heard = await self._told(record, desk)
        while True:
            await record.refresh()
            if await Stopping(record.deployment, desk).step(dict(purse.shares())):
                break
            await asyncio.sleep(_STEP_S)
            heard = await self._hear(purse, desk, heard)
        await record.step(Step.CLEARED)
        self.wake()

    async def _told(self, record: Record, desk: Desk) -> tuple[Purse, int]:
        """What it holds, by its moments and the journal."""
        purse = Purse(record.deployment)
        moments = await recall(self._means.storage, record.deployment.id)
        for one in moments:
            for split in one.splits:
                purse.split(split.symbol, split.ratio, split.time)
        heard = moments[0].heard if moments else desk.books.sequence
        return purse, await self._hear(purse, desk, heard)

    async def _hear(self, purse: Purse, desk: Desk, heard: int) -> int:
        while True:
            async with self._means.storage.begin() as work:
                entries = await work.orders.entries_after(desk.account, heard, _PAGE)
            for entry in entries:
                purse.heard(entry)
                heard = entry.sequence
            if len(entries) < _PAGE:
                return heard

    async def _failed(self, record: Record, why: str) -> None:
        try:
            await record.step(Step.FAILED, error=why)
        except FailedPrecondition:
            return


def _open_orders(desk: Desk, deployment: Deployment) -> bool:
    return any(one.request.deployment_id == deployment.id for one in desk.books.open_orders())
