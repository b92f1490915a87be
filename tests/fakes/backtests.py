"""Backtests in dicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from scizor.domain.backtests import BacktestJob, BacktestStage, BacktestState, JobError, Progress
from scizor.domain.errors import DataCorrupt, FailedPrecondition, NotFound, Reason
from scizor.domain.outcomes import EquityCurve, Trade
from scizor.ports.backtests import BacktestFilter, BacktestResults, RunFigures
from tests.fakes.journal import Journal
from tests.fakes.tables import FakeJob, FakeOutcome, FakeTables


class FakeBacktests:
    def __init__(self, tables: FakeTables, journal: Journal) -> None:
        self._tables, self._journal = tables, journal

    async def add(self, job: BacktestJob) -> None:
        spec = job.spec
        known = not spec.strategy_version or (spec.strategy_id, spec.strategy_version) in self._tables.versions
        if job.id in self._tables.jobs or not known or bool(spec.strategy_version) != bool(spec.code_hash):
            raise DataCorrupt("a row that must be the only one of its key exists already", Reason.DATA_CORRUPT)
        self._put(FakeJob(job))

    async def get(self, backtest_id: str) -> BacktestJob:
        return self._find(backtest_id).job

    async def page(self, which: BacktestFilter, before: str | None, limit: int) -> list[BacktestJob]:
        found = [
            stored.job
            for stored in self._tables.jobs.values()
            if which.strategy_id in ("", stored.job.spec.strategy_id)
            and which.state in (None, stored.job.progress.state)
            and (before is None or stored.job.id < before)
        ]
        return sorted(found, key=lambda job: job.id, reverse=True)[:limit]

    async def computed(self, fingerprint: str, limit: int) -> list[BacktestJob]:
        found = [
            self._tables.jobs[backtest_id].job
            for backtest_id, outcome in self._tables.outcomes.items()
            if outcome.results.fingerprint == fingerprint
        ]
        return sorted(found, key=lambda job: job.id, reverse=True)[:limit]

    async def count_unfinished(self, caller: str) -> tuple[int, int]:
        left = [one.job.caller for one in self._tables.jobs.values() if not one.job.progress.state.ended]
        return len(left), left.count(caller)

    async def claim(self, owner: str, now: datetime, stale_before: datetime) -> BacktestJob | None:
        at_work = Counter(
            one.job.caller for one in self._tables.jobs.values() if one.job.progress.state is BacktestState.RUNNING
        )

        def turn(one: FakeJob) -> tuple[int, int, str]:
            return -one.job.priority, at_work[one.job.caller], one.job.id

        for stored in sorted(self._tables.jobs.values(), key=turn):
            state, heard = stored.job.progress.state, stored.heartbeat
            stale = state is BacktestState.RUNNING and heard is not None and heard < stale_before
            if state is BacktestState.QUEUED or stale:
                progress = Progress(stored.job.progress.sequence + 1, BacktestState.RUNNING)
                job = replace(
                    stored.job,
                    progress=progress,
                    start_time=stored.job.start_time or now,
                    attempts=stored.job.attempts + 1,
                )
                self._put(replace(stored, job=job, owner=owner, heartbeat=now))
                return job
        return None

    async def release(self, backtest_id: str, owner: str, *, counted: bool = False) -> bool:
        stored = self._owned(backtest_id, owner)
        if stored is None:
            return False
        progress = _following(stored, Progress(0, BacktestState.QUEUED))
        job = replace(stored.job, progress=progress, attempts=stored.job.attempts - (0 if counted else 1))
        self._put(FakeJob(job))
        return True

    async def save_progress(self, backtest_id: str, owner: str, progress: Progress, now: datetime) -> bool:
        stored = self._owned(backtest_id, owner)
        if stored is None:
            return False
        kept = _following(stored, replace(progress, state=BacktestState.RUNNING))
        self._put(replace(stored, job=replace(stored.job, progress=kept), heartbeat=now))
        return True

    async def finish(
        self, backtest_id: str, owner: str, progress: Progress, now: datetime, error: JobError | None = None
    ) -> bool:
        stored = self._owned(backtest_id, owner)
        if stored is None:
            return False
        if not progress.state.ended or (error is not None) != (progress.state is BacktestState.FAILED):
            raise DataCorrupt("a row breaks a rule of the table it is for", Reason.DATA_CORRUPT)
        job = replace(stored.job, progress=_following(stored, progress), end_time=now, error=error)
        self._put(replace(stored, job=job))
        return True

    async def cancel(self, backtest_id: str, now: datetime) -> BacktestJob:
        stored = self._find(backtest_id)
        before = stored.job.progress
        if before.state.ended:
            raise FailedPrecondition(
                f"backtest {backtest_id} has ended as {before.state.name}",
                Reason.BACKTEST_FINISHED,
                metadata={"backtest": backtest_id, "state": before.state.name},
            )
        progress = replace(
            before,
            state=BacktestState.CANCELLED,
            stage=BacktestStage.NONE,
            sequence=before.sequence + 1,
            remaining_s=None,
        )
        job = replace(stored.job, progress=progress, end_time=now)
        self._put(replace(stored, job=job))
        return job

    async def delete(self, backtest_id: str) -> None:
        state = self._find(backtest_id).job.progress.state
        if not state.ended:
            raise FailedPrecondition(
                f"backtest {backtest_id} is {state.name}: cancel it, or wait for its end",
                Reason.BACKTEST_NOT_FINISHED,
                metadata={"backtest": backtest_id, "state": state.name},
            )
        self._journal.remove(self._tables.jobs, backtest_id)
        if backtest_id in self._tables.outcomes:
            self._journal.remove(self._tables.outcomes, backtest_id)

    async def save_results(
        self, backtest_id: str, results: BacktestResults, trades: Sequence[Trade], curve: EquityCurve
    ) -> None:
        self._find(backtest_id)
        if backtest_id in self._tables.outcomes:
            raise DataCorrupt("a row that must be the only one of its key exists already", Reason.DATA_CORRUPT)
        self._journal.put(self._tables.outcomes, backtest_id, FakeOutcome(results, tuple(trades), curve))

    async def results(self, backtest_id: str) -> BacktestResults:
        return self._outcome(backtest_id).results

    async def trades(self, backtest_id: str, after_number: int, limit: int) -> list[Trade]:
        found = [trade for trade in self._outcome(backtest_id).trades if trade.number > after_number]
        return sorted(found, key=lambda trade: trade.number)[:limit]

    async def curve(self, backtest_id: str) -> EquityCurve:
        return self._outcome(backtest_id).curve

    async def states(self, strategy_id: str, version: int = 0) -> Mapping[BacktestState, int]:
        return Counter(job.progress.state for job in self._of(strategy_id, version))

    async def figures(self, strategy_id: str, version: int, names: Sequence[str], limit: int) -> list[RunFigures]:
        found = []
        for job in self._of(strategy_id, version):
            if job.progress.state is BacktestState.SUCCEEDED:
                metrics = {one.name: one for one in self._outcome(job.id).results.metrics if one.name in names}
                found.append(RunFigures(job.id, job.create_time, job.spec.strategy_version, metrics))
        return found[:limit]

    def _of(self, strategy_id: str, version: int) -> list[BacktestJob]:
        jobs = [stored.job for stored in self._tables.jobs.values() if stored.job.spec.strategy_id == strategy_id]
        of_version = [job for job in jobs if version in (0, job.spec.strategy_version)]
        return sorted(of_version, key=lambda job: job.id, reverse=True)

    def _find(self, backtest_id: str) -> FakeJob:
        if backtest_id not in self._tables.jobs:
            raise NotFound(
                f"backtest {backtest_id} does not exist",
                Reason.BACKTEST_NOT_FOUND,
                metadata={"backtest": backtest_id},
            )
        return self._tables.jobs[backtest_id]

    def _owned(self, backtest_id: str, owner: str) -> FakeJob | None:
        stored = self._tables.jobs.get(backtest_id)
        if stored is None or stored.owner != owner or stored.job.progress.state is not BacktestState.RUNNING:
            return None
        return stored

    def _outcome(self, backtest_id: str) -> FakeOutcome:
        state = self._find(backtest_id).job.progress.state
        if state is not BacktestState.SUCCEEDED:
            raise FailedPrecondition(
                f"backtest {backtest_id} is {state.name} and has no results",
                Reason.BACKTEST_NOT_FINISHED,
                metadata={"backtest": backtest_id, "state": state.name},
            )
        return self._tables.outcomes[backtest_id]

    def _put(self, stored: FakeJob) -> None:
        self._journal.put(self._tables.jobs, stored.job.id, stored)


def _following(stored: FakeJob, progress: Progress) -> Progress:
    return replace(progress, sequence=max(stored.job.progress.sequence + 1, progress.sequence))
