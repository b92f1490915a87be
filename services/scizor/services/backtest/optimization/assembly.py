"""Optimisations, put together from their ports."""

from __future__ import annotations

from dataclasses import dataclass

from scizor.domain.optimizations import Optimization
from scizor.ports.bus import Bus
from scizor.ports.compute import Compute
from scizor.ports.search import SearchFactory
from scizor.services.backtest.optimization.app import Optimizations
from scizor.services.backtest.optimization.runner import OptimizationRunner
from scizor.services.backtest.optimization.watch import OptimizationWatch


@dataclass(frozen=True, slots=True)
class Lab:
    """What optimisations need beside what backtests need: news of them, workers, and searches.

    `confined`: how many locked processes one optimisation of uploaded code has at a time.
    """

    bus: Bus[Optimization]
    compute: Compute
    searches: SearchFactory
    confined: int = 2


@dataclass(frozen=True, slots=True)
class Optimizing:
    """Their use cases, and the loop that carries them out."""

    optimizations: Optimizations
    watch: OptimizationWatch
    runner: OptimizationRunner
