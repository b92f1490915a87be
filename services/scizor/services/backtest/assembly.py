"""The service, put together from its ports."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field

from scizor.domain.backtests import BacktestJob
from scizor.ports.bus import Bus
from scizor.ports.calendar import SessionCalendar
from scizor.ports.clock import Clock
from scizor.ports.compute import Compute
from scizor.ports.sandbox import Limits, Sandbox
from scizor.ports.storage import Storage
from scizor.services.backtest.app import Backtests
from scizor.services.backtest.benches import Bench
from scizor.services.backtest.execution import Means
from scizor.services.backtest.optimization import execution as optimization_execution
from scizor.services.backtest.optimization.app import Optimizations
from scizor.services.backtest.optimization.assembly import Lab, Optimizing
from scizor.services.backtest.optimization.runner import OptimizationRunner, OptimizationRunnerSettings
from scizor.services.backtest.optimization.watch import OptimizationWatch
from scizor.services.backtest.recall import Recall
from scizor.services.backtest.report import Pace
from scizor.services.backtest.review.app import Review
from scizor.services.backtest.runner import Runner, RunnerSettings
from scizor.services.backtest.strategies.catalog import Catalog
from scizor.services.backtest.strategies.checking import Checking
from scizor.services.backtest.strategies.hosting import Hosting
from scizor.services.backtest.use_cases import UseCases
from scizor.services.backtest.watch import Watch, WatchSettings


@dataclass(frozen=True, slots=True)
class Ports:
    """What the service stands on. `owner` names this process; `warming`: the compilation that first jobs wait for.

    `bench`: where backtests are computed, `drawing`: where tearsheets are made.
    """

    storage: Storage
    bus: Bus[BacktestJob]
    clock: Clock
    calendar: SessionCalendar
    executor: Executor
    sandbox: Sandbox
    owner: str
    lab: Lab
    drawing: Compute
    bench: Bench


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen, beyond the ports. `strategy_limits`: of a run of uploaded code."""

    runner: RunnerSettings = field(default_factory=RunnerSettings)
    optimizations: OptimizationRunnerSettings = field(default_factory=OptimizationRunnerSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)
    pace: Pace = field(default_factory=Pace)
    strategy_limits: Limits = field(default_factory=Limits)
    queue_limit: int = 1_000
    caller_limit: int = 500


def assembled(ports: Ports, choices: Choices) -> tuple[Runner, UseCases]:
    """The job loop, not yet running, and the use cases that feed it."""
    storage, clock = ports.storage, ports.clock
    hosting = Hosting(ports.sandbox, ports.calendar, choices.strategy_limits)
    means = Means(
        storage,
        ports.bus,
        clock,
        ports.calendar,
        ports.executor,
        ports.bench,
        hosting,
        ports.owner,
        choices.pace,
    )
    runner = Runner(means, choices.runner)
    backtests = Backtests(storage, ports.bus, clock, runner.wake, choices.queue_limit, choices.caller_limit)
    catalog = Catalog(storage, clock, hosting)
    use_cases = UseCases(
        storage=storage,
        backtests=backtests,
        recall=Recall(storage, clock, ports.calendar, ports.executor, backtests),
        watch=Watch(storage, ports.bus, clock, choices.watch),
        catalog=catalog,
        checking=Checking(storage, clock, catalog, hosting),
        optimizing=_optimizing(ports, choices, backtests, hosting),
        review=Review(storage, clock, ports.drawing),
    )
    return runner, use_cases


def _optimizing(ports: Ports, choices: Choices, backtests: Backtests, hosting: Hosting) -> Optimizing:
    storage, clock, lab = ports.storage, ports.clock, ports.lab
    means = optimization_execution.Means(
        storage,
        lab.bus,
        clock,
        ports.calendar,
        ports.executor,
        lab.compute,
        lab.searches,
        hosting,
        ports.owner,
        lab.confined,
    )
    runner = OptimizationRunner(means, choices.optimizations)
    optimizations = Optimizations(storage, lab.bus, clock, backtests, lab.searches, runner.wake, choices.queue_limit)
    watch = OptimizationWatch(storage, lab.bus, clock, choices.watch, means.recent)
    return Optimizing(optimizations, watch, runner)
