"""Who is at work on the accounts this process acts for: every deployment that has not ended has one task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from scizor.domain.errors import FailedPrecondition, NotFound, Reason, ScizorError
from scizor.domain.trading.deployments import Deployment, DeploymentState, Step, StopMode
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.ports.trading import StoredDeployment
from scizor.services.trading.deployments.crew import Crew, ProcessDied
from scizor.services.trading.deployments.memory import Memory
from scizor.services.trading.deployments.moments import recall
from scizor.services.trading.deployments.players import Players
from scizor.services.trading.deployments.record import Record
from scizor.services.trading.deployments.rows import RowsOf
from scizor.services.trading.deployments.stopping import Stopping
from scizor.services.trading.desk.desk import Desk
from scizor.services.trading.desk.gate import GateState
from scizor.services.trading.desk.listings import Listings

_LOOK_S: Final = 2.0
_STEP_S: Final = 0.25
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_MOST_DEATHS: Final = 8
"""Of its process, one after the other at the same moment, until its code is to blame."""

_FOR_PEOPLE: Final = {Reason.SANDBOX_UNAVAILABLE, Reason.SYMBOL_UNKNOWN_TO_BROKER}
"""No waiting mends a machine that can lock nothing in; nor a strategy or a symbol that is gone."""

_log = structlog.get_logger(__name__)


async def _nothing(_account: str) -> None:
    """Nothing else is to be ready."""


@dataclass(frozen=True, slots=True)
class Means:
    """What crews stand on. `prepare`: an account, for a deployment to trade on it; raises Unavailable."""

    storage: Storage
    clock: Clock
    players: Players
    listings: Listings
    rows: RowsOf
    prepare: Callable[[str], Awaitable[None]] = _nothing


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
                    try:
                        await self._look(account)
                    except ScizorError as error:
                        _log.warning("deployments_not_seen_to", account=account, error=error.message)
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
        async with self._means.storage.begin() as work:
            found = await work.deployments.unfinished(account)
        self._known[account] = list(found)
        self._tasks = {key: task for key, task in self._tasks.items() if not task.done()}
        if desk.gate is not GateState.OPEN:
            return
        for stored in found:
            key = f"{account}/{stored.deployment.id}"
            rests = stored.deployment.state is DeploymentState.ERROR and not _open_orders(desk, stored.deployment)
            if not rests and key not in self._tasks:
                self._tasks[key] = asyncio.create_task(self._at_work(stored, desk))

    async def _end(self, keys: Sequence[str]) -> None:
        tasks = [self._tasks.pop(key) for key in keys]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _at_work(self, stored: StoredDeployment, desk: Desk) -> None:
        """Until it has ended, or has failed; what is away is waited for."""
        record = Record(stored, self._means.storage, self._means.clock)
        about = {"deployment": stored.deployment.id, "strategy": stored.deployment.spec.strategy_id}
        pause_s, begun_s = _FIRST_PAUSE_S, 0.0
        deaths = Deaths()
        while True:
            if _loop_s() - begun_s > _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            begun_s = _loop_s()
            try:
                await record.refresh()
                if await self._one_turn(record, desk, deaths):
                    return
                continue
            except (NotFound, FailedPrecondition) as error:
                if isinstance(error, NotFound) or error.reason in _FOR_PEOPLE:
                    await self._failed(record, error.message)
                    continue
                _log.warning("deployment_waits", error=error.message, **about)
            except ProcessDied as error:
                if deaths.many:
                    await self._failed(record, f"{error.message}, {_MOST_DEATHS} times at the same bar")
                _log.warning("process_died", error=error.message, **about)
            except ScizorError as error:
                _log.warning("deployment_waits", error=error.message, **about)
            except Exception:  # noqa: BLE001 - whatever it is, the other deployments go on, and this one is tried again
                _log.exception("deployment_broke", **about)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _one_turn(self, record: Record, desk: Desk, deaths: Deaths) -> bool:
        """Whether nothing is left to do."""
        deployment = record.deployment
        _log.info("deployment", deployment=deployment.id, state=deployment.state.name, error=deployment.error)
        match deployment.state:
            case DeploymentState.STARTING | DeploymentState.RUNNING | DeploymentState.PAUSED:
                await self._play(record, desk, deaths)
                return False
            case DeploymentState.STOPPING:
                await self._stop(record, desk)
                return True
            case DeploymentState.ERROR:
                await self._cancelled(deployment, desk)
                return True
            case _:
                return True

    async def _play(self, record: Record, desk: Desk, deaths: Deaths) -> None:
        means = self._means
        await means.prepare(desk.account)
        crew = Crew(record, desk, means.rows(record.stored), means.players, means.listings)
        try:
            await crew.run()
        except ProcessDied:
            deaths.count(crew.sequence)
            raise

    async def _cancelled(self, deployment: Deployment, desk: Desk) -> None:
        """What has failed leaves no orders behind; what it holds is left to people."""
        stopping = Stopping(desk, Memory(deployment, self._means.storage))
        while True:
            if await stopping.step(deployment, StopMode.CANCEL_ORDERS):
                return
            await asyncio.sleep(_STEP_S)

    async def _stop(self, record: Record, desk: Desk) -> None:
        """As its mode says, which may become another meanwhile."""
        memory = Memory(record.deployment, self._means.storage)
        moments = await recall(self._means.storage, record.deployment.id)
        if moments:
            await memory.relive(moments, desk.books)
            memory.split_since(moments[-1].newest_ns, desk.books)
        stopping = Stopping(desk, memory)
        while True:
            await record.refresh()
            await memory.hear_until(desk.books.sequence)
            current = memory.is_current(desk.books)
            if current and await stopping.step(record.deployment, record.deployment.stop_mode):
                break
            await asyncio.sleep(_STEP_S)
        await record.step(Step.CLEARED)
        self.wake()

    async def _failed(self, record: Record, why: str) -> None:
        try:
            await record.step(Step.FAILED, error=why)
        except FailedPrecondition:
            return


@dataclass(slots=True)
class Deaths:
    """Of one deployment's process, since it was last shown something and lived."""

    n: int = 0
    at: int = 0

    def count(self, sequence: int) -> None:
        """It died behind the moment of that sequence."""
        self.n = self.n + 1 if sequence == self.at else 1
        self.at = sequence

    @property
    def many(self) -> bool:
        """Too many for an accident."""
        return self.n >= _MOST_DEATHS


def _loop_s() -> float:
    return asyncio.get_running_loop().time()


def _open_orders(desk: Desk, deployment: Deployment) -> bool:
    return any(one.request.deployment_id == deployment.id for one in desk.books.open_orders())
