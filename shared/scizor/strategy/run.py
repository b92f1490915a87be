"""One run of a strategy, from a market to figures: the same call for both ways of writing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from scizor.domain.arrays import FloatArray
from scizor.domain.errors import InvalidInput
from scizor.domain.metrics import Metric
from scizor.engine import ENGINE_VERSION
from scizor.engine.analytics.benchmark import Benchmark
from scizor.engine.analytics.caveats import caveats
from scizor.engine.analytics.conventions import Convention
from scizor.engine.analytics.intervals import Intervals
from scizor.engine.analytics.metrics import evaluate
from scizor.engine.fingerprint import fingerprint
from scizor.engine.market import Market
from scizor.engine.panel import Panel
from scizor.engine.result import Result
from scizor.engine.settings import Settings
from scizor.engine.simulate import Simulation, decided
from scizor.strategy.base import EventStrategy, Strategy, VectorStrategy
from scizor.strategy.drive import Driver
from scizor.strategy.scale import on_one_scale, split_factors
from scizor.strategy.weights import weights_of

_ROWS_A_PIECE = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished run. `strategy`: the instance that ran. `labels`: what it called its orders, by their number.

    `warnings`: what a reader should know before believing the figures. Equal fingerprints mean equal results.
    """

    strategy: Strategy
    market: Market
    settings: Settings
    result: Result
    metrics: tuple[Metric, ...]
    warnings: tuple[str, ...]
    fingerprint: str
    labels: Mapping[int, str]

    def metric(self, name: str) -> Metric:
        """The figure of that name. Raises InvalidInput for one there is not."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise InvalidInput.of_field("metric", f"there is no {name!r}")


def run(
    strategy: Strategy,
    market: Market | Panel,
    settings: Settings,
    *,
    benchmark: str | FloatArray | Benchmark | None = None,
    first_row: int = 0,
    convention: Convention = Convention.TRADING_DAY_252,
    intervals: Intervals | bool = False,
    on_progress: Callable[[int, int], None] | None = None,
    deadline: Callable[[], None] | None = None,
) -> Run:
    """Run a new instance of `strategy` with the same parameters.

    `benchmark`: a symbol of the panel, or closes by row, shape (n_rows,), NaN where there is none. Rows before
    `first_row` are seen, not traded: a warm-up. `on_progress`: told (bars done, bars in all). `deadline`: called every
    64 rows of an event strategy at the latest; what it raises ends the run. It cannot end one call that never returns:
    that needs a process around this one. Raises StrategyError for what is wrong in the strategy, InvalidInput for the
    rest.
    """
    whole = market if isinstance(market, Market) else Market(market)
    if not isinstance(first_row, int | np.integer) or not 0 <= first_row < whole.panel.n_rows:
        raise InvalidInput.of_field("first_row", f"must be a whole number between 0 and {whole.panel.n_rows - 1}")
    against = _benchmark(whole, benchmark)
    fresh = strategy.fresh()
    labels: Mapping[int, str] = {}
    if isinstance(fresh, VectorStrategy):
        result = _run_vector(fresh, whole, settings, first_row, on_progress, deadline)
    elif isinstance(fresh, EventStrategy):
        result, labels = _run_event(fresh, whole, settings, first_row, on_progress, deadline)
    else:
        raise InvalidInput.of_field("strategy", "must be a VectorStrategy or an EventStrategy")
    metrics = evaluate(result, whole, convention, benchmark=against, intervals=intervals)
    proof = fingerprint(ENGINE_VERSION, fresh.id, fresh.version, fresh.params, settings, whole, first_row)
    return Run(fresh, whole, settings, result, metrics, caveats(result, whole, settings), proof, labels)


def _run_vector(
    strategy: VectorStrategy,
    market: Market,
    settings: Settings,
    first_row: int,
    on_progress: Callable[[int, int], None] | None,
    deadline: Callable[[], None] | None,
) -> Result:
    # The weights are let go of before the simulation asks for memory.
    decisions = decided(market, settings, weights_of(strategy, market, settings), first_row=first_row)
    simulation = Simulation(market, settings, decisions, first_row=first_row)
    done = False
    while not done:
        if deadline is not None:
            deadline()
        done = simulation.advance(_ROWS_A_PIECE)
        if on_progress is not None:
            on_progress(simulation.bars_done, simulation.bars_total)
    return simulation.result()


def _run_event(
    strategy: EventStrategy,
    market: Market,
    settings: Settings,
    first_row: int,
    on_progress: Callable[[int, int], None] | None,
    deadline: Callable[[], None] | None,
) -> tuple[Result, Mapping[int, str]]:
    driver = Driver(strategy, market, settings, first_row=first_row)
    # Not the simulation's own count: that runs ahead, and back again.
    bars_through = np.cumsum(np.count_nonzero(~np.isnan(market.panel.close), axis=1))

    def on_rows(rows: int) -> None:
        if deadline is not None:
            deadline()
        if on_progress is not None:
            on_progress(int(bars_through[rows - 1]) if rows else 0, int(bars_through[-1]))

    driver.run(on_rows)
    return driver.simulation.result(), driver.context.labels


def _benchmark(market: Market, asked: str | FloatArray | Benchmark | None) -> Benchmark | None:
    if asked is None or isinstance(asked, Benchmark):
        return asked
    panel = market.panel
    if isinstance(asked, str):
        if asked not in panel.symbols:
            raise InvalidInput.of_field("benchmark", f"{asked} is none of this run")
        closes = on_one_scale(panel, split_factors(market)).close[:, panel.symbols.index(asked)]
    elif asked.shape == (panel.n_rows,):
        closes = asked
    else:
        raise InvalidInput.of_field("benchmark", f"must have shape {(panel.n_rows,)}, has {asked.shape}")
    rows = np.flatnonzero(~np.isnan(closes))
    if not len(rows):
        raise InvalidInput.of_field("benchmark", "has no closes")
    last = rows[np.append(np.diff(panel.sessions[rows]).astype(np.int64) != 0, True)]
    return Benchmark(panel.sessions[last], closes[last])
