"""Starts everything in order, keeps it running, and ends it in the reverse order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Iterable

import structlog

from scizor.adapters.sql.embedded.home import make_home
from scizor.domain.errors import ScizorError, Unavailable
from scizor.services.local.child import Child, Program, run_job
from scizor.services.local.control import end_leftovers
from scizor.services.local.database import Database
from scizor.services.local.instance import only_instance
from scizor.services.local.ports import demand_free
from scizor.services.local.specs import Plan
from scizor.services.local.state import ChildPhase, ChildRecord, Phase, StackState, write_state

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_log = structlog.get_logger("scizor.local")


class Supervisor:
    """Runs one `Plan` until it is told to stop or a child cannot be kept running."""

    def __init__(self, plan: Plan) -> None:
        logs = plan.home / "logs"
        self._plan = plan
        self._logs = logs
        self._database: Child | None = Database(plan.database) if plan.database else None
        self._tiers: list[list[Child]] = [[Program(spec, logs) for spec in tier] for tier in plan.tiers]
        self._records = {child.name: ChildRecord(name=child.name, port=child.port) for child in self._all()}
        self._state = StackState(children=list(self._records.values()))
        self._state.remember(os.getpid())
        self._database_ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> int:
        """Run to the end; 0 when it was asked to stop, 1 when something failed (the state's message says what).

        Raises FailedPrecondition when another supervisor has this home.
        """
        make_home(self._plan.home)
        with only_instance(self._plan.home):
            loop = asyncio.get_running_loop()
            for wanted in _STOP_SIGNALS:
                loop.add_signal_handler(wanted, self._on_signal)
            message = await self._run_until_stopped()
            self._enter(Phase.STOPPING, message)
            message = "\n".join(filter(None, [message, await self._end_everything()]))
            self._enter(Phase.FAILED if message else Phase.STOPPED, message)
            return 1 if message else 0

    def _on_signal(self) -> None:
        """The first asks, the second insists."""
        (self._hurry if self._stop.is_set() else self._stop).set()

    async def _run_until_stopped(self) -> str:
        """Returns what went wrong, or nothing when it was asked to stop."""
        work = asyncio.create_task(self._work())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        for task in (work, stop):
            task.cancel()
        try:
            await work
        except asyncio.CancelledError:
            return ""
        except ExceptionGroup as errors:
            return "\n".join(_messages(errors))
        return ""

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as everything:
            await asyncio.to_thread(end_leftovers, self._plan.home)
            self._enter(Phase.STARTING, "")
            demand_free(self._plan.ports)
            if self._database is not None:
                everything.create_task(self._keep(self._database))
                await self._database_ready.wait()
            async with asyncio.TaskGroup() as jobs:
                for job in self._plan.jobs:
                    jobs.create_task(run_job(job, self._logs))
            for child in (child for tier in self._tiers for child in tier):
                everything.create_task(self._keep(child))

    async def _keep(self, child: Child) -> None:
        """Start a child again whenever it ends. Raises Unavailable once it has failed too often."""
        policy = self._plan.restarts
        loop = asyncio.get_running_loop()
        failures: deque[float] = deque()
        while True:
            cause = await self._run_once(child)
            failures.append(loop.time())
            while failures[0] < loop.time() - policy.window_s:
                failures.popleft()
            if len(failures) >= policy.failures:
                raise Unavailable(f"{child.name} failed {len(failures)} times in {policy.window_s:g} s: {cause}")
            self._records[child.name].restarts += 1
            self._note(child, ChildPhase.RESTARTING, cause=cause)
            await asyncio.sleep(min(policy.first_delay_s * 2 ** (len(failures) - 1), policy.longest_delay_s))

    async def _run_once(self, child: Child) -> str:
        """From launch to end; returns how it ended."""
        try:
            child.launch()
            self._note(child, ChildPhase.STARTING)
            await child.ready()
        except Unavailable as error:
            return str(error)
        self._note(child, ChildPhase.READY)
        if child is self._database:
            self._database_ready.set()
        return await child.ended()

    async def _end_everything(self) -> str:
        """The last tier first, the database last. Returns what could not be ended."""
        troubles: list[str] = []
        for tier in [*reversed(self._tiers), [self._database] if self._database else []]:
            outcomes = await asyncio.gather(*(self._end(child) for child in tier), return_exceptions=True)
            troubles += [str(outcome) for outcome in outcomes if isinstance(outcome, BaseException)]
        return "\n".join(troubles)

    async def _end(self, child: Child) -> None:
        await child.stop(self._hurry)
        self._note(child, ChildPhase.STOPPED)

    def _all(self) -> Iterable[Child]:
        return [*([self._database] if self._database else []), *(child for tier in self._tiers for child in tier)]

    def _note(self, child: Child, phase: ChildPhase, **fields: str) -> None:
        record = self._records[child.name]
        record.state = phase
        record.remember(child.pid)
        _log.info(f"child_{phase.value}", child=child.name, pid=record.pid, **fields)
        if self._state.phase in (Phase.STARTING, Phase.READY):
            all_ready = all(one.state is ChildPhase.READY for one in self._records.values())
            self._state.phase = Phase.READY if all_ready else Phase.STARTING
        write_state(self._plan.home, self._state)

    def _enter(self, phase: Phase, message: str) -> None:
        self._state.phase = phase
        self._state.message = message
        _log.info(f"stack_{phase.value}", **({"message": message} if message else {}))
        write_state(self._plan.home, self._state)


def _messages(errors: ExceptionGroup[Exception]) -> Iterable[str]:
    for error in errors.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _messages(error)
        elif isinstance(error, ScizorError):
            yield error.message
        else:
            _log.error("defect", exc_info=error)
            yield f"{type(error).__name__}: {error}"
