"""A deployment as it is stored: others step it too, so each change is made on what is there by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from scizor.domain.errors import Conflict
from scizor.domain.trading.deployments import Deployment, Step, StopMode, shown, stepped
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage, UnitOfWork
from scizor.ports.trading import StoredDeployment
from scizor.services.trading.deployments.moments import Moment, add

_TRIES = 5


class Record:
    """Of one deployment. `stored` as it was read or written last."""

    def __init__(self, stored: StoredDeployment, storage: Storage, clock: Clock) -> None:
        self.stored = stored
        self.storage, self._clock = storage, clock

    @property
    def deployment(self) -> Deployment:
        """What is pinned, and where it stands."""
        return self.stored.deployment

    async def refresh(self) -> None:
        """Read it again."""
        async with self.storage.begin() as work:
            self.stored = await work.deployments.get(self.deployment.id)

    async def step(self, step: Step, *, error: str = "", stop_mode: StopMode = StopMode.CANCEL_ORDERS) -> None:
        """Raises FailedPrecondition where the step does not follow."""
        await self._change(lambda one: stepped(one, step, error=error, stop_mode=stop_mode), None)

    async def keep(self, moment: Moment, bar_end: datetime | None) -> None:
        """What it was shown and asked for, with the bar it has seen by then."""
        await self._change(lambda one: one if bar_end is None else shown(one, bar_end)[0], moment)

    async def _change(self, change: Callable[[Deployment], Deployment], moment: Moment | None) -> None:
        for _ in range(_TRIES):
            after = change(self.deployment)
            now = self._clock.now()
            end_time = now if after.state.ended else None
            wanted = replace(self.stored, deployment=after, update_time=now, end_time=end_time)
            try:
                async with self.storage.begin() as work:
                    self.stored = await self._written(work, wanted, moment)
                return
            except Conflict:
                await self.refresh()
        raise Conflict(f"deployment {self.deployment.id} keeps changing")

    async def _written(self, work: UnitOfWork, wanted: StoredDeployment, moment: Moment | None) -> StoredDeployment:
        if moment is not None:
            await add(work, wanted.deployment.id, moment)
        return wanted if wanted.deployment == self.deployment else await work.deployments.update(wanted)
