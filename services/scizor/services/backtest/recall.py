"""What was computed before: a run's fingerprint is known ahead of it, and equal fingerprints mean equal results."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from scizor.domain.backtests import BacktestJob, BacktestSpec
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.storage import Storage
from scizor.services.backtest.app import Backtests
from scizor.services.backtest.proof import code_of, proof_of
from scizor.services.history.load import load_history

_LOOKED_AT: Final = 20  # of equal fingerprints, those that were asked for in other words


@dataclass(frozen=True, slots=True)
class Recall:
    """Finds a backtest that came to what another would come to."""

    storage: Storage
    clock: Clock
    calendar: SessionCalendar
    executor: Executor
    backtests: Backtests

    async def find(self, asked: BacktestSpec) -> BacktestJob | None:
        """The newest that was asked for in the same words, of the same bars and the same code; its title may differ.

        None, too, for one that is held against a benchmark: its bars are no part of the fingerprint. Raises as
        `Backtests.create`.
        """
        async with self.storage.begin() as work:
            spec = await self.backtests.resolved(work, asked)
            if spec.benchmark:
                return None
            code = await code_of(work, spec)
        history = await load_history(self.storage, spec, self.clock.now().date())
        loop = asyncio.get_running_loop()
        known = await loop.run_in_executor(self.executor, proof_of, code, spec, history, self.calendar)
        async with self.storage.begin() as work:
            found = await work.backtests.computed(known, _LOOKED_AT)
        return next((job for job in found if replace(job.spec, title="") == replace(spec, title="")), None)
